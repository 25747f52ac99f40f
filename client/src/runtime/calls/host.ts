import type { Contact, Key, NodeId } from '../../../../shared/src/ids.ts';
import type { Millis, Rng } from '../../../../shared/src/machine.ts';
import type { IncomingCall, RateLimits } from '../../api.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MediaPort } from '../../ports/media.ts';
import type { IceConfig } from '../ice-config.ts';

/** What shares and downloads move together. */
export interface Transfers {
  /** What they take and send now. [bytes/s] */
  readonly rates: { readonly down: number; readonly up: number };
  /** They move no more than this from now on, whatever a person set; what is left out: as much as that. [bytes/s] */
  cap(most: RateLimits): void;
}

/** Records of the overlay. */
export interface CallRecords {
  /** Puts one signed by this peer, under the key that `salt` makes its own. */
  put(key: Key, value: Uint8Array, how: { readonly ttlMs: Millis; readonly salt: Uint8Array }): Promise<unknown>;
  remove(key: Key, salt: Uint8Array): Promise<void>;
  /** The one of `author`, whoever else has one there. */
  get(
    key: Key,
    isFresh: boolean,
    author: NodeId,
  ): Promise<{ readonly author: Contact; readonly value: Uint8Array } | undefined>;
}

/** What calls need of the node. */
export interface CallHost {
  readonly self: Contact;
  /** Display name of this peer, at most 64 bytes of UTF-8. */
  readonly name: () => string;
  /** Seals `payload` and carries it to a device, by whatever way is open. False: it was not delivered. Never rejects. */
  readonly sendMail: (to: NodeId, payload: Uint8Array, withinMs: Millis) => Promise<boolean>;
  readonly records: CallRecords;
  readonly ice: Pick<IceConfig, 'fresh' | 'hasRelay'>;
  /** Media may use TURN candidates only. */
  readonly relayOnly: boolean;
  /** What a peer calls itself, when it is or was linked. */
  readonly nameOf: (id: NodeId) => string | undefined;
  /** Call ids and jitter; must be cryptographic in production. */
  readonly rng: Rng;
  readonly clock: Clock;
  readonly log: Log;
  readonly media: MediaPort;
  /** What shares and downloads move; undefined while there are none. */
  readonly transfers: () => Transfers | undefined;
  /** Somebody calls. Not told for calls that are merged into one of our own. */
  readonly onIncoming: (call: IncomingCall) => void;
}
