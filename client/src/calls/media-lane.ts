import type { NodeId } from '../../../shared/src/ids.ts';
import type { Carrier } from './carrier.ts';
import type { Numbered, SequencedChannel } from './sequenced-channel.ts';
import type { CallId, SequencedMessage } from './types.ts';

/** The channel of one call and device. */
export interface Lane {
  readonly callId: CallId;
  readonly peer: NodeId;
  readonly channel: SequencedChannel;
}

/** Sends what the channel has room for, and sees to it that unanswered items come again. */
export function flush(carrier: Carrier, lane: Lane): void {
  sendAll(carrier, lane, lane.channel.takeSendable());
  if (!lane.channel.isIdle && !carrier.hasMediaTimer(lane.callId, lane.peer)) {
    carrier.setMediaTimer(lane.callId, lane.peer, lane.channel.waitMs);
  }
}

/** Sends everything again that the other side has not acknowledged in time. */
export function resend(carrier: Carrier, lane: Lane): void {
  sendAll(carrier, lane, lane.channel.takeUnacknowledged());
  if (!lane.channel.isIdle) carrier.setMediaTimer(lane.callId, lane.peer, lane.channel.waitMs);
}

/** The other side acknowledged everything below `sequence`. */
export function onMediaAck(carrier: Carrier, lane: Lane, sequence: number): void {
  if (!lane.channel.onAck(sequence)) return;
  carrier.clearMediaTimer(lane.callId, lane.peer);
  flush(carrier, lane);
}

/** Hands on what has arrived in order, and acknowledges it. */
export function deliver(carrier: Carrier, lane: Lane): void {
  const { callId, channel } = lane;
  for (const item of channel.take()) carrier.emit({ ...item, callId });
  if (channel.taken > 0) carrier.send(lane.peer, { kind: 'mediaAck', callId, sequence: channel.taken });
}

/** Keeps an item that came in, and delivers what can be. */
export function onSequenced(carrier: Carrier, lane: Lane, message: SequencedMessage): void {
  lane.channel.onItem(message.sequence, itemOf(message));
  deliver(carrier, lane);
}

/** Keeps an item that came in before it is known whether this device wins the call. */
export function holdSequenced(lane: Lane, message: SequencedMessage): void {
  lane.channel.onItem(message.sequence, itemOf(message));
}

function itemOf(message: SequencedMessage): Numbered['item'] {
  return message.kind === 'media'
    ? { kind: 'media', payload: message.payload }
    : { kind: 'muted', muted: message.muted };
}

function sendAll(carrier: Carrier, lane: Lane, items: readonly Numbered[]): void {
  for (const { sequence, item } of items) carrier.send(lane.peer, { ...item, callId: lane.callId, sequence });
}
