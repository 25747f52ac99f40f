import { ANSWER_SHARE, PAUSED_ANSWER_BYTES_PER_SECOND } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { TokenBucket } from './token-bucket.ts';

/**
 * When peers are told what they ask for besides blocks: metadata and hashes, which nobody has to give anything for. It
 * spends the upload limit, of which it may take a share: who asks without end keeps nobody from blocks, and blocks keep
 * nobody from what has to come before them. An answer goes as soon as those before it are paid for, so the first one
 * waits for nothing. Without a limit none does, but while the torrent is paused.
 */
export class Answers {
  /** When answers that were held back may go; undefined while none is. */
  heldUntil: Millis | undefined;
  readonly #limit: TokenBucket;
  readonly #share = new TokenBucket();
  #perSecond: number | undefined;
  #isPaused = false;

  /** `limit` is that of the whole upload. */
  constructor(limit: TokenBucket) {
    this.#limit = limit;
  }

  /** Follows the limit of the whole upload; undefined for none. [bytes/s] */
  setRate(perSecond: number | undefined, now: Millis): void {
    this.#perSecond = perSecond;
    this.#apply(now);
  }

  setPaused(isPaused: boolean, now: Millis): void {
    this.#isPaused = isPaused;
    this.#apply(now);
  }

  /** Whether an answer may go now. */
  hasRoom(now: Millis): boolean {
    if (this.#share.hasRoom(now, 0)) return true;
    this.heldUntil = this.#share.roomAt(now, 0);
    return false;
  }

  /** An answer of so many bytes went. */
  spend(bytes: number): void {
    this.#share.spend(bytes);
    this.#limit.spend(bytes);
  }

  #apply(now: Millis): void {
    const share = this.#perSecond === undefined ? Infinity : this.#perSecond * ANSWER_SHARE;
    const most = Math.min(share, this.#isPaused ? PAUSED_ANSWER_BYTES_PER_SECOND : Infinity);
    this.#share.setRate(most === Infinity ? undefined : most, now);
  }
}
