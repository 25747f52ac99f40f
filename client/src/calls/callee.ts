import type { NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_INVITE_AGE_MS,
  MAX_RINGS,
  MAX_TOMBSTONES_PER_PEER,
  RINGS_WITHIN_MS,
  RING_GRACE_MS,
  TIMER_C_MS,
} from '../../../shared/src/limits/calls.ts';
import { cancelBranches } from './caller.ts';
import type { CallCore } from './core.ts';
import type { Branch, Dialog, Inviting, Ringing } from './dialog.ts';
import { flush } from './media-lane.ts';
import { endOfFailure, endOfReason } from './outcome.ts';
import { SequencedChannel } from './sequenced-channel.ts';
import type { CallId, CallMessage, CancelReason, MediaChoice } from './types.ts';

type Invite = Extract<CallMessage, { kind: 'INVITE' }>;

export function onInvite(core: CallCore, from: NodeId, message: Invite): void {
  const { callId } = message;
  const dialog = core.dialog;
  if (dialog?.callId === callId) return onRepeatedInvite(core, from, dialog);
  const stone = core.carrier.tombstone(callId);
  if (stone) {
    if (!stone.peers.includes(from)) core.count('wrong-sender');
    else if (stone.reply) core.carrier.send(from, stone.reply);
  } else if (!core.addresses.includes(message.address)) {
    // The owner of an address may have listed any device for it, and whoever calls that address means no harm.
    core.count('wrong-address');
    refuse(core, from, callId, 404);
  } else if (message.ageMs > MAX_INVITE_AGE_MS) {
    core.count('stale');
    refuse(core, from, callId, 408);
  } else if (dialog?.kind === 'inviting' && isCalled(dialog, from)) onGlare(core, dialog, from, message);
  else if (isBusyFor(core, from)) refuse(core, from, callId, 486);
  else ring(core, from, message);
}

/** Answers: 200, sent until the caller acknowledges it, and what was held in the channel. */
export function accept(core: CallCore, dialog: Ringing, media: MediaChoice): void {
  core.carrier.clearRingTimers(dialog.callId);
  core.dialog = { ...dialog, kind: 'accepted' };
  core.carrier.sendUntil('ACK', dialog.peer, core.response(dialog.callId, 200, media));
  flush(core.carrier, dialog);
}

/** Ends an incoming call with a final response, sent until it is acknowledged. */
export function reject(core: CallCore, dialog: Ringing, code: 408 | 486 | 487 | 488 | 603): void {
  const reply = core.response(dialog.callId, code);
  core.carrier.sendUntil('ACK', dialog.peer, reply);
  core.end(dialog, endOfFailure(code), 'cancelled', reply);
}

/** Stops ringing here and says nothing, so that other devices ring on (MSC2746). The caller will see no answer. */
export function ignore(core: CallCore, dialog: Ringing): void {
  core.end(dialog, 'no-answer', 'no-answer', core.response(dialog.callId, 180));
  // As long as it may ring there: who has forgotten a call would end it for the caller by 481.
  core.carrier.remember(dialog.callId, TIMER_C_MS + RING_GRACE_MS);
}

/** Says 180, now and again while it rings: where the call is over, the caller takes it back once more. */
export function sayRinging(core: CallCore, { callId, peer }: Ringing): void {
  core.carrier.send(peer, core.response(callId, 180));
  core.carrier.setAgainTimer(callId);
}

export function onAck(core: CallCore, from: NodeId, callId: CallId): void {
  core.carrier.settle(callId, from, 'ACK');
  const dialog = core.dialog;
  if (dialog?.kind !== 'accepted' || dialog.callId !== callId) return;
  if (dialog.peer !== from) return core.count('wrong-sender');
  const { peer, media, name, channel } = dialog;
  core.dialog = { kind: 'established', callId, peer, channel, losers: new Set() };
  core.carrier.emit({ kind: 'established', callId, peer, isPolite: true, media, name });
}

/** Ends a call that is not acknowledged yet; an unknown one is remembered, for the case that its INVITE comes later. */
export function onCancel(core: CallCore, from: NodeId, callId: CallId, reason: CancelReason): void {
  const dialog = core.dialog;
  if (dialog?.callId === callId) {
    if (dialog.kind === 'inviting' || dialog.peer !== from) return core.count('wrong-sender');
    core.carrier.send(from, { kind: 'done', callId });
    if (dialog.kind !== 'established') core.end(dialog, endOfReason(reason), reason, core.response(callId, 487));
    return;
  }
  const stone = core.carrier.tombstone(callId);
  if (stone && !stone.peers.includes(from)) return core.count('wrong-sender');
  core.carrier.send(from, { kind: 'done', callId });
  if (stone && stone.reply?.code !== 100) return;
  if (dialog?.kind === 'inviting' && dialog.suppressed.get(from) === callId) dialog.suppressed.delete(from);
  core.carrier.bury({ callId, peers: [from], reply: core.response(callId, 487), byeReason: 'cancelled' });
}

function onRepeatedInvite(core: CallCore, from: NodeId, dialog: Dialog): void {
  if (dialog.kind === 'inviting' || dialog.peer !== from) core.count('wrong-sender');
  else if (dialog.kind === 'ringing') sayRinging(core, dialog);
}

/** We are calling whoever calls us. A device that was only listed for the address that we call is somebody else's, or may be. */
function isCalled({ address, branches }: Inviting, from: NodeId): boolean {
  return address === from && branches.has(from);
}

/** There is another call, of somebody else, or so many of that peer, or of all, came and went that the next one must wait. */
function isBusyFor({ carrier, dialog, rings }: CallCore, from: NodeId): boolean {
  if (dialog && (dialog.kind !== 'ringing' || dialog.peer !== from)) return true;
  const [oldest = 0] = rings;
  const areMany = rings.length >= MAX_RINGS && carrier.now < oldest + RINGS_WITHIN_MS;
  return areMany || carrier.callsOf(from) >= MAX_TOMBSTONES_PER_PEER;
}

/** A peer has one call at a time: if another one of its own rings here, that is over there. */
function ring(core: CallCore, from: NodeId, { callId, media, name, ageMs }: Invite): void {
  if (core.dialog?.kind === 'ringing') reject(core, core.dialog, 487);
  const dialog: Ringing = { kind: 'ringing', callId, peer: from, name, media, channel: new SequencedChannel() };
  core.dialog = dialog;
  core.rings.push(core.carrier.now);
  if (core.rings.length > MAX_RINGS) core.rings.shift();
  core.carrier.setRingTimer(callId, TIMER_C_MS - ageMs + RING_GRACE_MS);
  sayRinging(core, dialog);
  core.carrier.emit({ kind: 'incoming', callId, from, name, media });
}

/** Both called each other at once. The call with the smaller id goes on; ours does not where it rang and does no more. */
function onGlare(core: CallCore, dialog: Inviting, from: NodeId, message: Invite): void {
  const { callId } = message;
  if (dialog.callId > callId || isOverAt(dialog.branches.get(from))) return merge(core, dialog, from, message);
  if (dialog.suppressed.has(from)) return refuse(core, from, callId, 486);
  dialog.suppressed.set(from, callId);
  refuse(core, from, callId, 100);
}

/** A device that let our call ring, or failed, and calls us has left that call: it ignored it, was busy, or was reloaded. */
function isOverAt(branch: Branch | undefined): boolean {
  return branch?.kind === 'failed' || (branch?.kind === 'proceeding' && branch.isRinging);
}

/** Drops our own call and takes the other side's without ringing: its owner knows, or will know, that ours lost. */
function merge(core: CallCore, dialog: Inviting, from: NodeId, { callId, name, media }: Invite): void {
  core.carrier.drop(dialog.callId, from);
  cancelBranches(core, dialog, 'answered-elsewhere', from);
  core.bury(dialog, 'answered-elsewhere');
  const ringing: Ringing = { kind: 'ringing', callId, peer: from, name, media, channel: new SequencedChannel() };
  core.dialog = ringing;
  core.carrier.emit({ kind: 'merged', from: dialog.callId, into: callId, peer: from, media });
  accept(core, ringing, dialog.media);
}

/** Answers an INVITE that does not ring. Sent once: copies of the INVITE fetch it again. */
function refuse(core: CallCore, from: NodeId, callId: CallId, code: 100 | 404 | 408 | 486): void {
  const reply = core.response(callId, code);
  core.carrier.bury({ callId, peers: [from], reply, byeReason: 'cancelled' });
  core.carrier.send(from, reply);
}
