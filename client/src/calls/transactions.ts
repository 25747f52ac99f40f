import type { NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { MAX_TRANSACTIONS, TIMER_T1_MS, TIMER_T2_MS } from '../../../shared/src/limits/calls.ts';
import type { CallId, CallMessage } from './types.ts';

/** What ends the retransmission of a message. */
export type Awaited = 'response' | 'ACK' | 'done';

/** One message that is sent again until it is answered (RFC 3261 §17: timers A, E and G; given up by B, F and H). */
export interface Transaction {
  readonly callId: CallId;
  readonly to: NodeId;
  readonly message: CallMessage;
  readonly awaits: Awaited;
  readonly startedAt: Millis;
  readonly giveUpAt: Millis;
  /** When the next copy goes out. */
  nextAt: Millis;
  intervalMs: Millis;
  /** Copies sent. */
  copies: number;
  /** Copies in a row that nobody could carry. */
  undeliverable: number;
}

/** The transactions under way: at most one per call and device, as each message supersedes the one before. */
export class Transactions {
  /** BOUNDED: by MAX_TRANSACTIONS; the oldest goes. */
  readonly #open = new Map<string, Transaction>();

  get size(): number {
    return this.#open.size;
  }

  get(callId: CallId, to: NodeId): Transaction | undefined {
    return this.#open.get(keyOf(callId, to));
  }

  /** Starts one; its first copy is due at `firstAt`. Returns the one that was evicted for it, if any. */
  start(
    transaction: Pick<Transaction, 'callId' | 'to' | 'message' | 'awaits' | 'startedAt' | 'giveUpAt'>,
    firstAt: Millis,
  ): Transaction | undefined {
    const key = keyOf(transaction.callId, transaction.to);
    this.#open.delete(key);
    this.#open.set(key, { ...transaction, nextAt: firstAt, intervalMs: TIMER_T1_MS, copies: 0, undeliverable: 0 });
    if (this.#open.size <= MAX_TRANSACTIONS) return undefined;
    const [oldestKey, oldest] = this.#open.entries().next().value as [string, Transaction];
    this.#open.delete(oldestKey);
    return oldest;
  }

  /** Plans the next copy after one was sent: the interval doubles from T1 to T2. */
  afterSend(transaction: Transaction, now: Millis): void {
    transaction.copies++;
    transaction.nextAt = Math.min(now + transaction.intervalMs, transaction.giveUpAt);
    transaction.intervalMs = Math.min(2 * transaction.intervalMs, TIMER_T2_MS);
  }

  end(callId: CallId, to: NodeId): void {
    this.#open.delete(keyOf(callId, to));
  }
}

function keyOf(callId: CallId, to: NodeId): string {
  return `${callId} ${to}`;
}
