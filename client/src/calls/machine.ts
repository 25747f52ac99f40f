import type { NodeId } from '../../../shared/src/ids.ts';
import type { Deadline, Machine, Millis } from '../../../shared/src/machine.ts';
import { assertNever } from '../../../shared/src/result.ts';
import { accept, ignore, onAck, onCancel, onInvite, reject, sayRinging } from './callee.ts';
import { cancelBranches, giveUp, invite, onBranchFailed, onResponse, pushEarly } from './caller.ts';
import type { Carrier, Due } from './carrier.ts';
import { decodeCallMessage } from './codec.ts';
import { CallCore, type CallCounter } from './core.ts';
import type { Dialog } from './dialog.ts';
import { flush, holdSequenced, onMediaAck, onSequenced, resend, type Lane } from './media-lane.ts';
import { endOfReason } from './outcome.ts';
import type { Transaction } from './transactions.ts';
import type {
  ByeReason,
  CallCommand,
  CallId,
  CallInput,
  CallMessage,
  CallOutput,
  SequencedItem,
  SequencedMessage,
} from './types.ts';

/**
 * Calls between devices, after RFC 3261: INVITE forked to every device of the callee, provisional and final responses,
 * ACK to one winner, CANCEL, BYE. One call at a time; its states are drawn at `Dialog`. Everything is retransmitted
 * end to end, and every message is idempotent. Three things differ from SIP, because both ends are ours: `done` to a
 * CANCEL also closes the INVITE (no separate 487); a device that gets a CANCEL before its INVITE remembers it, so that
 * a CANCEL that waited for a provisional in vain can be sent all the same; a 200 that lost gets BYE without ACK.
 *
 * Glare: when two devices call each other at once, the call with the smaller id wins. Its owner answers the other
 * INVITE with 100 and waits; the owner of the larger id drops its own call and accepts the other without ringing.
 */
export class CallMachine implements Machine<CallInput, CallOutput> {
  readonly #core: CallCore;

  /**
   * `name`: what others see when this device calls or answers, at most 64 bytes of UTF-8. `addresses`: those that it registers; it
   * rings for no other.
   */
  constructor(self: NodeId, name: string, addresses: readonly NodeId[]) {
    this.#core = new CallCore(self, name, addresses);
  }

  /** What was refused and dropped, for diagnostics. */
  get counters(): ReadonlyMap<CallCounter, number> {
    return this.#core.counters;
  }

  /** How much is held, for diagnostics and for tests of the bounds. */
  get load(): Carrier['load'] {
    return this.#core.carrier.load;
  }

  handle(input: CallInput, now: Millis, out: CallOutput[]): void {
    const { carrier } = this.#core;
    carrier.begin(now, out);
    switch (input.kind) {
      case 'received':
        return this.#handleReceived(input.from, input.bytes);
      case 'undeliverable': {
        const given = carrier.undeliverable(input.callId, input.to);
        return given && this.#onGaveUp(given);
      }
      case 'command':
        return this.#handleCommand(input.command);
      case 'deadline':
        for (let due = carrier.takeDue(); due; due = carrier.takeDue()) this.#onDue(due);
        return undefined;
      default:
        return assertNever(input);
    }
  }

  nextDeadline(): Deadline | undefined {
    return this.#core.carrier.nextDeadline();
  }

  #handleCommand(command: CallCommand): void {
    const { dialog } = this.#core;
    if (command.kind === 'rename') this.#core.name = command.name;
    else if (command.kind === 'invite') invite(this.#core, command);
    else if (command.kind === 'leave') this.#leave();
    else if (dialog?.callId !== command.callId) return;
    else if (command.kind === 'sendMedia') this.#push(dialog, { kind: 'media', payload: command.payload });
    else if (command.kind === 'setMuted') this.#push(dialog, { kind: 'muted', muted: command.muted });
    else if (command.kind === 'hangUp') this.#hangUp(dialog, command.reason);
    else if (dialog.kind !== 'ringing') return;
    else if (command.kind === 'accept') accept(this.#core, dialog, command.media);
    else if (command.kind === 'reject') reject(this.#core, dialog, command.code);
    else ignore(this.#core, dialog);
  }

  #handleReceived(from: NodeId, bytes: Uint8Array): void {
    const decoded = decodeCallMessage(bytes);
    if (decoded.ok) this.#onMessage(from, decoded.value);
    else this.#core.count(decoded.error === 'unknown' ? 'unknown-type' : 'malformed');
  }

  #onMessage(from: NodeId, message: CallMessage): void {
    const core = this.#core;
    switch (message.kind) {
      case 'INVITE':
        return onInvite(core, from, message);
      case 'response':
        return onResponse(core, from, message);
      case 'ACK':
        return onAck(core, from, message.callId);
      case 'CANCEL':
        return onCancel(core, from, message.callId, message.reason);
      case 'BYE':
        return this.#onBye(from, message.callId, message.reason);
      case 'done':
        return core.carrier.settle(message.callId, from, 'done');
      case 'media':
      case 'muted':
        return this.#onSequenced(from, message);
      case 'mediaAck': {
        const lane = this.#lane(from, message.callId);
        return lane && onMediaAck(core.carrier, lane, message.sequence);
      }
      default:
        return assertNever(message);
    }
  }

  #onDue(due: Due): void {
    if (due.kind === 'gaveUp') return this.#onGaveUp(due.transaction);
    const { carrier, dialog } = this.#core;
    if (dialog?.callId !== due.callId) return undefined;
    if (due.kind === 'media') {
      const lane = this.#lane(due.peer, due.callId);
      return lane && resend(carrier, lane);
    }
    if (dialog.kind === 'inviting') return giveUp(this.#core, dialog, 'no-answer');
    if (dialog.kind !== 'ringing') return undefined;
    return due.kind === 'again' ? sayRinging(this.#core, dialog) : reject(this.#core, dialog, 408);
  }

  /** Timers B, F and H, or nobody who could carry it. */
  #onGaveUp({ callId, to, awaits }: Transaction): void {
    const { dialog } = this.#core;
    if (dialog?.callId !== callId) return;
    if (dialog.kind === 'inviting' && awaits === 'response') onBranchFailed(this.#core, dialog, to, 480);
    if (dialog.kind === 'accepted' && awaits === 'ACK') this.#core.bye(dialog, 'no-ack');
  }

  #onBye(from: NodeId, callId: CallId, reason: ByeReason): void {
    const { carrier, dialog } = this.#core;
    const part = dialog?.callId === callId ? partOf(dialog, from) : this.#partInPast(from, callId);
    if (part === 'none') return this.#core.count('wrong-sender');
    carrier.send(from, { kind: 'done', callId });
    if (!dialog || part === 'past') return undefined;
    if (dialog.kind === 'inviting') {
      carrier.drop(callId, from);
      cancelBranches(this.#core, dialog, 'answered-elsewhere', from);
    }
    return this.#core.end(dialog, endOfReason(reason), reason);
  }

  #partInPast(from: NodeId, callId: CallId): 'past' | 'none' {
    const stone = this.#core.carrier.tombstone(callId);
    return !stone || stone.peers.includes(from) ? 'past' : 'none';
  }

  #hangUp(dialog: Dialog, reason: ByeReason): void {
    if (dialog.kind === 'ringing') reject(this.#core, dialog, reason === 'media-failed' ? 488 : 603);
    else if (dialog.kind !== 'inviting') this.#core.bye(dialog, reason);
    else giveUp(this.#core, dialog, 'cancelled', reason === 'media-failed' ? 'media-failed' : 'cancelled');
  }

  #leave(): void {
    const { carrier, dialog } = this.#core;
    if (!dialog) return;
    this.#hangUp(dialog, 'user-hangup');
    if (dialog.kind !== 'inviting') return;
    for (const device of dialog.branches.keys()) carrier.hurry(dialog.callId, device);
  }

  #push(dialog: Dialog, item: SequencedItem): void {
    const hasRoom = dialog.kind === 'inviting' ? pushEarly(this.#core, dialog, item) : dialog.channel.push(item);
    if (!hasRoom) this.#hangUp(dialog, 'media-failed');
    else if (dialog.kind === 'accepted' || dialog.kind === 'established') flush(this.#core.carrier, dialog);
  }

  #onSequenced(from: NodeId, message: SequencedMessage): void {
    const { callId } = message;
    const { carrier, dialog } = this.#core;
    const lane = this.#lane(from, callId);
    if (lane && dialog?.kind === 'inviting') holdSequenced(lane, message);
    else if (lane) onSequenced(carrier, lane, message);
    else if (dialog?.callId !== callId && !carrier.tombstone(callId)) {
      this.#core.count('unknown-call');
      carrier.send(from, this.#core.response(callId, 481));
    }
  }

  /** The channel to that device in that call, when there is one. */
  #lane(peer: NodeId, callId: CallId): Lane | undefined {
    const { dialog } = this.#core;
    if (dialog?.callId !== callId) return undefined;
    if (dialog.kind !== 'inviting') return dialog.peer === peer ? dialog : undefined;
    const branch = dialog.branches.get(peer);
    return branch?.kind === 'proceeding' ? { callId, peer, channel: branch.channel } : undefined;
  }
}

/** What a device is to the call: `past` when it lost to another device of the callee. */
function partOf(dialog: Dialog, device: NodeId): 'peer' | 'past' | 'none' {
  if (dialog.kind === 'inviting') return dialog.branches.has(device) ? 'peer' : 'none';
  if (dialog.peer === device) return 'peer';
  return dialog.kind === 'established' && dialog.losers.has(device) ? 'past' : 'none';
}
