import {
  MAX_MEDIA_AHEAD,
  MAX_MEDIA_IN_FLIGHT,
  MAX_MEDIA_QUEUE,
  TIMER_T1_MS,
  TIMER_T2_MS,
} from '../../../shared/src/limits/calls.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { SequencedItem } from './types.ts';

/** An item with its place in the order. */
export interface Numbered {
  readonly sequence: number;
  readonly item: SequencedItem;
}

/**
 * Order and completeness for `media` and `muted` messages between two devices of a call, both ways. It keeps no time:
 * the machine decides when unacknowledged items are sent again.
 */
export class SequencedChannel {
  /** BOUNDED: by MAX_MEDIA_QUEUE. Items not yet acknowledged; the first has sequence `#firstUnacknowledged`. */
  readonly #outbox: SequencedItem[] = [];
  #firstUnacknowledged = 0;
  /** Sequence of the next item that was never sent. */
  #nextToSend = 0;
  /** BOUNDED: by MAX_MEDIA_AHEAD. Items that arrived and were not taken yet. */
  readonly #inbox = new Map<number, SequencedItem>();
  #nextToTake = 0;
  /** How long the machine waits for the next acknowledgement. [ms] Doubles from T1 to T2, and starts over with each. */
  waitMs: Millis = TIMER_T1_MS;

  /** Everything below this sequence was taken: what a `mediaAck` says. */
  get taken(): number {
    return this.#nextToTake;
  }

  get isIdle(): boolean {
    return this.#nextToSend === this.#firstUnacknowledged;
  }

  /** Queues an item. False: the queue is full and nothing was queued. */
  push(item: SequencedItem): boolean {
    return enqueue(this.#outbox, item, this.#nextToSend - this.#firstUnacknowledged);
  }

  /** Items that may be sent now for the first time. */
  takeSendable(): Numbered[] {
    const from = this.#nextToSend;
    const end = this.#firstUnacknowledged + Math.min(this.#outbox.length, MAX_MEDIA_IN_FLIGHT);
    this.#nextToSend = Math.max(from, end);
    return this.#slice(from, this.#nextToSend);
  }

  /** Items sent and not acknowledged, to be sent again; the wait for their acknowledgement grows. */
  takeUnacknowledged(): Numbered[] {
    this.waitMs = Math.min(2 * this.waitMs, TIMER_T2_MS);
    return this.#slice(this.#firstUnacknowledged, this.#nextToSend);
  }

  /** The other side has everything below `sequence`. True when that is news. Anything out of range is ignored. */
  onAck(sequence: number): boolean {
    if (sequence <= this.#firstUnacknowledged || sequence > this.#nextToSend) return false;
    this.#outbox.splice(0, sequence - this.#firstUnacknowledged);
    this.#firstUnacknowledged = sequence;
    this.waitMs = TIMER_T1_MS;
    return true;
  }

  /** Keeps an item until it is its turn. Repeated ones and ones too far ahead are dropped; they will come again. */
  onItem(sequence: number, item: SequencedItem): void {
    if (sequence < this.#nextToTake || sequence >= this.#nextToTake + MAX_MEDIA_AHEAD) return;
    if (!this.#inbox.has(sequence)) this.#inbox.set(sequence, item);
  }

  /** Takes the items whose turn it is, in order. */
  take(): SequencedItem[] {
    const items: SequencedItem[] = [];
    for (let item = this.#inbox.get(this.#nextToTake); item; item = this.#inbox.get(this.#nextToTake)) {
      this.#inbox.delete(this.#nextToTake++);
      items.push(item);
    }
    return items;
  }

  #slice(from: number, to: number): Numbered[] {
    const first = this.#firstUnacknowledged;
    return this.#outbox.slice(from - first, to - first).map((item, i) => ({ sequence: from + i, item }));
  }
}

/**
 * Adds an item to those that wait, of which the first `sent` are on their way. What is muted now takes the place of what was to be
 * said of that. False: the queue is full and nothing was added.
 */
export function enqueue(queue: SequencedItem[], item: SequencedItem, sent = 0): boolean {
  const stale = item.kind === 'muted' ? queue.findIndex(({ kind }, i) => i >= sent && kind === 'muted') : -1;
  if (stale >= 0) queue.splice(stale, 1);
  if (queue.length >= MAX_MEDIA_QUEUE) return false;
  queue.push(item);
  return true;
}
