import { MAX_SEEN_MESSAGES, REVERSE_STATE_MS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { MessageId } from './frame-fields.ts';

/**
 * Remembers the ids of messages that are done, for at least `REVERSE_STATE_MS` and at most twice that, so that a copy
 * that comes late is known for one. Two generations of bare ids: a message costs some 50 bytes and no timer.
 */
export class SeenMessages {
  /** BOUNDED: by MAX_SEEN_MESSAGES; a full generation becomes the old one early. */
  #young = new Set<MessageId>();
  #old = new Set<MessageId>();
  #turnedAt: Millis = 0;

  has(id: MessageId): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }

  add(id: MessageId, now: Millis): void {
    this.turn(now);
    this.#young.add(id);
  }

  /** Forgets the older generation when it is due. */
  turn(now: Millis): void {
    if (now - this.#turnedAt < REVERSE_STATE_MS && this.#young.size < MAX_SEEN_MESSAGES) return;
    this.#turnedAt = now;
    if (this.#young.size === 0 && this.#old.size === 0) return;
    this.#old = this.#young;
    this.#young = new Set();
  }
}
