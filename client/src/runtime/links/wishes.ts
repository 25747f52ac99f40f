import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NegativeCache } from './negative-cache.ts';
import { describeFailure } from './sentences.ts';
import { LinkError, type LinkErrorCode, type LinkPurpose } from './types.ts';
import { type Wish, createWish } from './wish.ts';

/** Hears how wishes end that are not fulfilled. */
export interface WishListener {
  failed(peer: NodeId, code: LinkErrorCode, detail: string): void;
  counted(what: string): void;
}

/** The links that somebody here waits for, at most one wish a peer. */
export class Wishes {
  readonly #clock: Clock;
  readonly #failures: NegativeCache;
  readonly #listener: WishListener;
  /** BOUNDED: by the ledger, plus those that wait for the other side's offer after glare, ATTEMPT_TIMEOUT_MS each. */
  readonly #wishes = new Map<NodeId, Wish>();

  /** `failures` remembers the peers of wishes that fail. */
  constructor(clock: Clock, failures: NegativeCache, listener: WishListener) {
    this.#clock = clock;
    this.#failures = failures;
    this.#listener = listener;
  }

  /** The peers that are waited for. */
  get peers(): Iterable<NodeId> {
    return this.#wishes.keys();
  }

  get(peer: NodeId): Wish | undefined {
    return this.#wishes.get(peer);
  }

  has(peer: NodeId): boolean {
    return this.#wishes.has(peer);
  }

  add(contact: Contact, purpose: LinkPurpose, isSpare: boolean): Wish {
    const wish = createWish(contact, purpose, isSpare);
    this.#wishes.set(contact.id, wish);
    return wish;
  }

  /** The link is there: the wish is taken out, to be resolved by the caller. */
  take(peer: NodeId): Wish | undefined {
    const wish = this.#wishes.get(peer);
    this.#wishes.delete(peer);
    wish?.cancelTimer();
    return wish;
  }

  /** Lets a wish for which no session runs wait for `ms`; then it fails, after `onTimeout`. */
  limit(peer: NodeId, ms: number, onTimeout: () => void): void {
    const wish = this.#wishes.get(peer);
    if (!wish) return;
    wish.cancelTimer();
    wish.cancelTimer = this.#clock.setTimer(this.#clock.now() + ms, () => {
      onTimeout();
      this.fail(peer, 'timeout');
    });
  }

  fail(peer: NodeId, code: LinkErrorCode, detail = describeFailure(code)): void {
    const wish = this.take(peer);
    if (!wish) return;
    this.#listener.counted(`failed ${code}`);
    this.#failures.add(peer, code, detail, this.#clock.now());
    wish.reject(new LinkError(code, detail));
    this.#listener.failed(peer, code, detail);
  }

  /** For what is found while `open` runs: its caller gets the promise before `failed` is told. */
  refuse(peer: NodeId, error: LinkError): void {
    const wish = this.take(peer);
    if (!wish) return;
    this.#listener.counted(`refused ${error.code}`);
    wish.reject(error);
    queueMicrotask(() => this.#listener.failed(peer, error.code, error.message));
  }
}
