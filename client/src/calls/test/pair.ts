import { utf8Decode } from '../../../../shared/src/bytes.ts';
import { TIMER_C_MS, TIMER_H_MS, TOMBSTONE_MS } from '../../../../shared/src/limits/calls.ts';
import { encodeCallMessage } from '../codec.ts';
import type { CallId, CallMessage } from '../types.ts';
import { CallNetwork, type Device, type NetworkOptions } from './network.ts';

/** Sound and pictures. */
export const both = { audio: true, video: true };
export const audioOnly = { audio: true, video: false };

/** The call that most tests are about; the smaller id, which wins a glare. */
export const callId: CallId = '11'.repeat(16);

/** Another call. */
export const later: CallId = '22'.repeat(16);

/** Longer than any timer of the machine: after it nothing may be left. */
export const SETTLE_MS = TIMER_C_MS + TIMER_H_MS + TOMBSTONE_MS + 10_000;

/** Two devices on a network of their own. */
export interface Pair {
  readonly network: CallNetwork;
  readonly caller: Device;
  readonly callee: Device;
}

/** Two devices that know nothing of each other. */
export function pair(options: NetworkOptions = {}): Pair {
  const network = new CallNetwork(options);
  return { network, caller: network.device('a'), callee: network.device('b') };
}

/** Two devices, one of which rings for a call of the other. */
export function ringing(options: NetworkOptions = {}): Pair {
  const all = pair(options);
  all.caller.command({ kind: 'invite', callId, address: all.callee.id, devices: [all.callee.id], media: both });
  all.network.run(1000);
  return all;
}

/** Two devices in a call. */
export function established(options: NetworkOptions = {}): Pair {
  const all = ringing(options);
  all.callee.command({ kind: 'accept', callId, media: audioOnly });
  all.network.run(1000);
  return all;
}

/** How the call ended at each side, after every timer has run out. Throws when anything is left of it. */
export function ends({ network, caller, callee }: Pair): [string | undefined, string | undefined] {
  network.run(SETTLE_MS);
  for (const { isAlive, machine, id } of network.devices) {
    const { transactions, tombstones, timers } = machine.load;
    if (isAlive && transactions + tombstones + timers > 0) throw new Error(`something of the call is left at ${id}`);
  }
  return [caller.endOf(callId), callee.endOf(callId)];
}

/** An INVITE that a caller of that address just made. */
export function invite(id: CallId, { id: address }: Pick<Device, 'id'>): CallMessage {
  return { kind: 'INVITE', callId: id, address, media: both, name: 'x', ageMs: 0 };
}

/** Has a message arrive at a device as if another one had sent it. */
export function receive(network: CallNetwork, at: Device, from: Device, message: CallMessage): void {
  const bytes = encodeCallMessage(message);
  network.feed(at, (out, now) => at.machine.handle({ kind: 'received', from: from.id, bytes }, now, out));
}

/** What a device heard over the media lane, as text. */
export function payloads(device: Device): (string | undefined)[] {
  return device.events.flatMap((event) => (event.kind === 'media' ? [utf8Decode(event.payload)] : []));
}
