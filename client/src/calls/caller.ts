import type { NodeId } from '../../../shared/src/ids.ts';
import { MAX_DEVICES, TIMER_C_MS } from '../../../shared/src/limits/calls.ts';
import type { CallCore } from './core.ts';
import type { Accepted, Branch, Established, Inviting, Ringing } from './dialog.ts';
import { deliver, flush } from './media-lane.ts';
import { bestFailure, cancelReason, endOfFailure, type FailureCode } from './outcome.ts';
import { enqueue, SequencedChannel } from './sequenced-channel.ts';
import type {
  ByeReason,
  CallCommand,
  CallEnd,
  CallId,
  CallMessage,
  CancelReason,
  ResponseCode,
  ResponseMessage,
  SequencedItem,
} from './types.ts';

type InviteCommand = Extract<CallCommand, { kind: 'invite' }>;

/** Starts a call: INVITE to every device, each a branch of its own. */
export function invite(core: CallCore, { callId, address, devices, media }: InviteCommand): void {
  if (core.dialog?.callId === callId) return;
  if (core.dialog) return core.carrier.emit({ kind: 'ended', callId, end: 'error' });
  const branches = new Map<NodeId, Branch>();
  for (const device of devices) {
    if (device !== core.self && branches.size < MAX_DEVICES) branches.set(device, { kind: 'calling' });
  }
  const dialog: Inviting = { kind: 'inviting', callId, address, media, branches, early: [], suppressed: new Map() };
  core.dialog = dialog;
  if (branches.size === 0) return core.end(dialog, 'not-found', 'cancelled');
  core.carrier.setRingTimer(callId, TIMER_C_MS);
  const message: CallMessage = { kind: 'INVITE', callId, address, media, name: core.name, ageMs: 0 };
  for (const device of branches.keys()) core.carrier.sendUntil('response', device, message);
}

export function onResponse(core: CallCore, from: NodeId, message: ResponseMessage): void {
  const { callId, code } = message;
  const dialog = core.dialog;
  if (dialog?.callId !== callId) return onLateResponse(core, from, callId, code);
  if (dialog.kind === 'inviting') {
    if (!dialog.branches.has(from)) return core.count('wrong-sender');
    if (code < 200) return onProvisional(core, dialog, from, message);
    if (code === 200) return onAnswer(core, dialog, from, message);
    core.carrier.send(from, { kind: 'ACK', callId });
    return onBranchFailed(core, dialog, from, code as FailureCode);
  }
  if (dialog.peer === from) return onRepeated(core, dialog, code);
  if (dialog.kind !== 'established' || !dialog.losers.has(from)) return core.count('wrong-sender');
  return dismiss(core, from, callId, code, 'answered-elsewhere');
}

/** A branch has failed for good; the call has too when it was the last one, or when the failure is definitive (6xx). */
export function onBranchFailed(core: CallCore, dialog: Inviting, device: NodeId, code: FailureCode): void {
  core.carrier.drop(dialog.callId, device);
  core.carrier.clearMediaTimer(dialog.callId, device);
  dialog.branches.set(device, { kind: 'failed', code });
  const codes: FailureCode[] = [];
  for (const branch of dialog.branches.values()) if (branch.kind === 'failed') codes.push(branch.code);
  if (code < 600 && codes.length < dialog.branches.size) return;
  cancelBranches(core, dialog, 'answered-elsewhere');
  core.end(dialog, endOfFailure(bestFailure(codes)), 'cancelled');
}

/** Takes the call back from every device. */
export function giveUp(core: CallCore, dialog: Inviting, reason: CancelReason, end: CallEnd = reason): void {
  cancelBranches(core, dialog, reason);
  core.end(dialog, end, reason);
}

/**
 * CANCEL to every branch that is not final. One without a response gets it when it responds (RFC 3261 §9.1), or
 * when the next copy of the INVITE would have been due.
 */
export function cancelBranches(core: CallCore, dialog: Inviting, reason: CancelReason, except?: NodeId): void {
  const { carrier } = core;
  const { callId } = dialog;
  for (const [device, branch] of dialog.branches) {
    if (device === except || branch.kind === 'failed') continue;
    carrier.clearMediaTimer(callId, device);
    const firstAt = branch.kind === 'calling' ? carrier.nextCopyAt(callId, device) : carrier.now;
    carrier.sendUntil('done', device, { kind: 'CANCEL', callId, reason }, firstAt);
  }
}

/** Sends an item to every device that responded, and later to each that will. False: too many are held already. */
export function pushEarly(core: CallCore, dialog: Inviting, item: SequencedItem): boolean {
  if (!enqueue(dialog.early, item)) return false;
  for (const [peer, branch] of dialog.branches) {
    if (branch.kind !== 'proceeding') continue;
    branch.channel.push(item);
    flush(core.carrier, { callId: dialog.callId, peer, channel: branch.channel });
  }
  return true;
}

function onProvisional(core: CallCore, dialog: Inviting, from: NodeId, { code, name }: ResponseMessage): void {
  const branch = dialog.branches.get(from);
  if (!branch || branch.kind === 'failed') return;
  core.carrier.settle(dialog.callId, from, 'response');
  const wasRinging = branch.kind === 'proceeding' && branch.isRinging;
  const channel = branch.kind === 'proceeding' ? branch.channel : openChannel(core, dialog, from);
  dialog.branches.set(from, { kind: 'proceeding', isRinging: wasRinging || code === 180, channel });
  if (code === 180 && !wasRinging) core.carrier.emit({ kind: 'ringing', callId: dialog.callId, from, name });
}

function onAnswer(core: CallCore, dialog: Inviting, from: NodeId, message: ResponseMessage): void {
  const { callId } = dialog;
  const { media, name } = message;
  const branch = dialog.branches.get(from);
  const channel = branch?.kind === 'proceeding' ? branch.channel : openChannel(core, dialog, from);
  core.carrier.settle(callId, from, 'response');
  core.carrier.send(from, { kind: 'ACK', callId });
  cancelBranches(core, dialog, 'answered-elsewhere', from);
  core.carrier.clearRingTimers(callId);
  core.releaseSuppressed(dialog, from);
  const losers = new Set(dialog.branches.keys());
  losers.delete(from);
  core.dialog = { kind: 'established', callId, peer: from, channel, losers };
  core.carrier.emit({ kind: 'established', callId, peer: from, isPolite: false, media, name });
  deliver(core.carrier, { callId, peer: from, channel });
}

/** Opens the channel to a device that responded, with all that was said so far. */
function openChannel(core: CallCore, dialog: Inviting, peer: NodeId): SequencedChannel {
  const channel = new SequencedChannel();
  for (const item of dialog.early) channel.push(item);
  flush(core.carrier, { callId: dialog.callId, peer, channel });
  return channel;
}

/** A response from the other side of a call that is agreed already. */
function onRepeated(core: CallCore, dialog: Ringing | Accepted | Established, code: ResponseCode): void {
  if (code === 200 && dialog.kind === 'established') {
    core.carrier.send(dialog.peer, { kind: 'ACK', callId: dialog.callId });
  }
  if (code === 481) core.end(dialog, 'connection-lost', 'no-ack');
}

/** A response about a call that is over, or of which we know nothing: its device must not be left waiting. */
function onLateResponse(core: CallCore, from: NodeId, callId: CallId, code: ResponseCode): void {
  const stone = core.carrier.tombstone(callId);
  if (stone && !stone.peers.includes(from)) return core.count('wrong-sender');
  if (stone) return dismiss(core, from, callId, code, stone.byeReason);
  core.count('unknown-call');
  if (code === 180) core.carrier.send(from, { kind: 'CANCEL', callId, reason: 'cancelled' });
  else if (code === 200) core.carrier.send(from, { kind: 'BYE', callId, reason: 'no-ack' });
  else if (code > 200 && code !== 481) core.carrier.send(from, { kind: 'ACK', callId });
}

/**
 * A device that answers or rings too late is sent away. SIP would send ACK and then BYE (RFC 3261 §13.2.2.4); here ACK names the
 * winner and nobody else, or the loser would show an established call for a moment, and BYE also stops its 200.
 */
function dismiss(core: CallCore, from: NodeId, callId: CallId, code: ResponseCode, reason: ByeReason): void {
  if (code === 481) return;
  if (code < 200) {
    const isBeingTold = core.carrier.hurry(callId, from);
    if (code === 180 && !isBeingTold) core.carrier.send(from, { kind: 'CANCEL', callId, reason: cancelReason(reason) });
    return;
  }
  if (code === 200) return core.carrier.sendUntil('done', from, { kind: 'BYE', callId, reason });
  core.carrier.send(from, { kind: 'ACK', callId });
  core.carrier.drop(callId, from);
}
