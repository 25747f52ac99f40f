import type { NodeId } from '../../../shared/src/ids.ts';
import {
  CALL_MAIL_WITHIN_MS,
  MAX_UNDELIVERABLE_INVITES,
  MAX_UNDELIVERABLE_OTHERS,
  RINGING_AGAIN_MS,
  TIMER_B_MS,
  TIMER_H_MS,
  TOMBSTONE_MS,
} from '../../../shared/src/limits/calls.ts';
import type { Deadline, Millis } from '../../../shared/src/machine.ts';
import { TimerTable } from '../../../shared/src/timer-table.ts';
import { encodeCallMessage } from './codec.ts';
import { Tombstones, type Tombstone } from './tombstones.ts';
import { Transactions, type Awaited, type Transaction } from './transactions.ts';
import type { CallId, CallMachineEvent, CallMessage, CallOutput } from './types.ts';

/** What fell due and concerns the call itself. */
export type Due =
  | { readonly kind: 'ring'; readonly callId: CallId }
  /** 180 is to be said again. */
  | { readonly kind: 'again'; readonly callId: CallId }
  | { readonly kind: 'media'; readonly callId: CallId; readonly peer: NodeId }
  /** A message was never answered. */
  | { readonly kind: 'gaveUp'; readonly transaction: Transaction };

/**
 * The machine's hands: sends messages, once or until answered, keeps tombstones, and holds all timers of the machine.
 * Keys of the timers are words parted by a space: `copy`, `media` (call id, device), `ring`, `again`, `forget` (call id).
 */
export class Carrier {
  /** The instant of the input in hand. */
  now: Millis = 0;
  readonly #transactions = new Transactions();
  readonly #tombstones = new Tombstones();
  readonly #timers = new TimerTable<string>();
  #out: CallOutput[] = [];

  /** Starts an input: what is sent and emitted from here on goes to `out`. */
  begin(now: Millis, out: CallOutput[]): void {
    this.now = now;
    this.#out = out;
  }

  nextDeadline(): Deadline | undefined {
    return this.#timers.next();
  }

  get load(): { readonly transactions: number; readonly tombstones: number; readonly timers: number } {
    return {
      transactions: this.#transactions.size,
      tombstones: this.#tombstones.size,
      timers: this.#timers.size,
    };
  }

  emit(event: CallMachineEvent): void {
    this.#out.push({ kind: 'emit', event });
  }

  /** Sends once. */
  send(to: NodeId, message: CallMessage): void {
    const bytes = encodeCallMessage(message);
    this.#out.push({ kind: 'send', to, callId: message.callId, bytes, within: CALL_MAIL_WITHIN_MS });
  }

  /** Sends until the other side answers. Supersedes whatever was being sent to that device about that call. */
  sendUntil(awaits: Awaited, to: NodeId, message: CallMessage, firstAt: Millis = this.now): void {
    const giveUpAt = this.now + (awaits === 'response' ? TIMER_B_MS : TIMER_H_MS);
    const transaction = { callId: message.callId, to, message, awaits, startedAt: this.now, giveUpAt };
    const evicted = this.#transactions.start(transaction, firstAt);
    if (evicted) this.#timers.clear(`copy ${evicted.callId} ${evicted.to}`);
    const started = this.#transactions.get(message.callId, to);
    if (!started) return;
    if (firstAt > this.now) this.#timers.set(`copy ${message.callId} ${to}`, firstAt, 'first copy');
    else this.#sendCopy(started);
  }

  /** The other side answered: no more copies. */
  settle(callId: CallId, to: NodeId, answered: Awaited): void {
    if (this.#transactions.get(callId, to)?.awaits === answered) this.drop(callId, to);
  }

  /** No more copies, answered or not. */
  drop(callId: CallId, to: NodeId): void {
    this.#transactions.end(callId, to);
    this.#timers.clear(`copy ${callId} ${to}`);
  }

  /** Sends a message now whose first copy is still held back. False: none is on its way to that device. */
  hurry(callId: CallId, to: NodeId): boolean {
    const transaction = this.#transactions.get(callId, to);
    if (transaction?.copies === 0) this.#sendCopy(transaction);
    return transaction !== undefined;
  }

  /** When the next copy to that device is due; `now` when none is. */
  nextCopyAt(callId: CallId, to: NodeId): Millis {
    return this.#transactions.get(callId, to)?.nextAt ?? this.now;
  }

  /** Nobody could carry the newest message to that device. Returns the transaction when it is given up for that. */
  undeliverable(callId: CallId, to: NodeId): Transaction | undefined {
    const transaction = this.#transactions.get(callId, to);
    if (!transaction) return undefined;
    transaction.undeliverable++;
    const most = transaction.awaits === 'response' ? MAX_UNDELIVERABLE_INVITES : MAX_UNDELIVERABLE_OTHERS;
    if (transaction.undeliverable < most || transaction.awaits === 'ACK') return undefined;
    this.drop(callId, to);
    return transaction;
  }

  tombstone(callId: CallId): Tombstone | undefined {
    return this.#tombstones.get(callId);
  }

  /** Remembers an ended call for a while. */
  bury(stone: Tombstone): void {
    for (const evicted of this.#tombstones.add(stone)) this.#timers.clear(`forget ${evicted}`);
    this.remember(stone.callId, TOMBSTONE_MS);
  }

  /** Remembers an ended call that long from now. */
  remember(callId: CallId, forMs: Millis): void {
    if (this.#tombstones.get(callId)) this.#timers.set(`forget ${callId}`, this.now + forMs, 'tombstone');
  }

  /** Ended calls of that peer that are remembered. */
  callsOf(peer: NodeId): number {
    return this.#tombstones.callsOf(peer);
  }

  setRingTimer(callId: CallId, timeoutMs: Millis): void {
    this.#timers.set(`ring ${callId}`, this.now + timeoutMs, 'timer C');
  }

  setAgainTimer(callId: CallId): void {
    this.#timers.set(`again ${callId}`, this.now + RINGING_AGAIN_MS, '180 again');
  }

  clearRingTimers(callId: CallId): void {
    this.#timers.clear(`ring ${callId}`);
    this.#timers.clear(`again ${callId}`);
  }

  setMediaTimer(callId: CallId, peer: NodeId, timeoutMs: Millis): void {
    this.#timers.set(`media ${callId} ${peer}`, this.now + timeoutMs, 'media unacknowledged');
  }

  hasMediaTimer(callId: CallId, peer: NodeId): boolean {
    return this.#timers.has(`media ${callId} ${peer}`);
  }

  clearMediaTimer(callId: CallId, peer: NodeId): void {
    this.#timers.clear(`media ${callId} ${peer}`);
  }

  /** Does what is due at `now` and returns the first thing that concerns the call. Call until undefined. */
  takeDue(): Due | undefined {
    for (let key = this.#timers.takeExpired(this.now); key; key = this.#timers.takeExpired(this.now)) {
      const [kind, callId = '', peer = ''] = key.split(' ');
      if (kind === 'ring' || kind === 'again') return { kind, callId };
      if (kind === 'media') return { kind, callId, peer: peer as NodeId };
      if (kind === 'forget') this.#tombstones.delete(callId);
      const transaction = kind === 'copy' && this.#transactions.get(callId, peer as NodeId);
      if (!transaction) continue;
      if (this.now >= transaction.giveUpAt) {
        this.drop(callId, transaction.to);
        return { kind: 'gaveUp', transaction };
      }
      this.#sendCopy(transaction);
    }
    return undefined;
  }

  #sendCopy(transaction: Transaction): void {
    const { message, startedAt, to, callId } = transaction;
    this.send(to, message.kind === 'INVITE' ? { ...message, ageMs: message.ageMs + this.now - startedAt } : message);
    this.#transactions.afterSend(transaction, this.now);
    this.#timers.set(`copy ${callId} ${to}`, transaction.nextAt, `${message.kind} unanswered`);
  }
}
