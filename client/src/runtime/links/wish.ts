import type { Contact } from '../../../../shared/src/ids.ts';
import type { Link, LinkError, LinkPurpose } from './types.ts';

/** A link that somebody here waits for. */
export interface Wish {
  readonly contact: Contact;
  /** Kept here too: after glare the wish outlives its entry in the ledger. */
  readonly purposes: Set<LinkPurpose>;
  /** False once somebody asked who cannot do without the link. */
  isSpare: boolean;
  readonly promise: Promise<Link>;
  readonly resolve: (link: Link) => void;
  readonly reject: (error: LinkError) => void;
  /** Ends the wait while no session runs for it: in the queue, or for the offer that won. */
  cancelTimer: () => void;
}

const NO_TIMER = (): void => undefined;

/** A wish whose promise counts as handled: whoever asked may rely on `up` and `failed` alone. */
export function createWish(contact: Contact, purpose: LinkPurpose, isSpare: boolean): Wish {
  let resolve: (link: Link) => void = () => undefined;
  let reject: (error: LinkError) => void = () => undefined;
  const promise = new Promise<Link>((onLink, onError) => {
    resolve = onLink;
    reject = onError;
  });
  promise.catch(() => undefined);
  return { contact, purposes: new Set([purpose]), isSpare, promise, resolve, reject, cancelTimer: NO_TIMER };
}
