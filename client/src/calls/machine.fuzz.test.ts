import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nodeIdFromBytes, type NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_DEVICES,
  MAX_TOMBSTONES,
  MAX_TRANSACTIONS,
  TIMER_C_MS,
  TIMER_H_MS,
  TOMBSTONE_MS,
} from '../../../shared/src/limits/calls.ts';
import { randomBelow, randomBytes, seededRng, type Rng } from '../../../shared/src/machine.ts';
import { encodeCallMessage } from './codec.ts';
import { CallMachine } from './machine.ts';
import { CallNetwork, type Device } from './test/network.ts';
import type { ByeReason, CallCommand, CallId, CallInput, CallMessage, CallOutput, ResponseCode } from './types.ts';

const SETTLE_MS = 2 * TIMER_C_MS + TIMER_H_MS + TOMBSTONE_MS;

type Action =
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'call' | 'accept' | 'decline' | 'busy' | 'ignore' | 'hangUp' | 'media'; readonly who: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 3000 }) }),
  fc.record({
    kind: fc.constantFrom('call', 'accept', 'accept', 'decline', 'busy', 'ignore', 'hangUp', 'media'),
    who: fc.nat(2),
  }),
);

test(
  'whatever three people do over a bad network: in the end nothing is left, and both sides of a call agree',
  { timeout: 60_000 },
  () => {
    const network = fc.record({
      seed: fc.nat(),
      latencyMs: fc.integer({ min: 1, max: 300 }),
      jitterMs: fc.nat(600),
      loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
      duplication: fc.double({ min: 0, max: 0.4, noNaN: true }),
    });
    fc.assert(
      fc.property(network, fc.array(action, { minLength: 10, maxLength: 60 }), (options, actions) => {
        const world = new CallNetwork(options);
        // The third is listed for addresses that it does not register.
        const devices = [world.device('a', 'b', 'c'), world.device('b', 'a', 'c'), world.device('c')];
        const ids: CallId[] = [];
        for (const step of actions) act(world, devices, ids, step);
        world.run(SETTLE_MS);
        for (const device of devices) hangUpNewest(device);
        world.run(SETTLE_MS);
        for (const device of devices) {
          expect(device.machine.load).toEqual({ transactions: 0, tombstones: 0, timers: 0 });
          for (const callId of ids) expect(countOf(device, 'ended', callId)).toBeLessThanOrEqual(1);
        }
        for (const callId of ids) expectAgreement(devices, callId);
      }),
      { numRuns: 300 },
    );
  },
);

function act(world: CallNetwork, devices: readonly Device[], ids: CallId[], step: Action): void {
  if (step.kind === 'wait') return world.run(step.ms);
  const device = devices[step.who] as Device;
  const current = device.events.findLast((event) => event.kind === 'incoming' || event.kind === 'established');
  const callId = current && 'callId' in current ? current.callId : '';
  const media = { audio: true, video: true };
  switch (step.kind) {
    case 'call': {
      // Ids in falling order, so that the later of two calls often wins the glare.
      const id = (1000 - ids.length).toString(16).padStart(32, '0');
      ids.push(id);
      const others = devices.filter((other) => other !== device).slice(0, 1 + (ids.length % 2));
      const called = others.map((other) => other.id) as [NodeId, ...NodeId[]];
      return device.command({ kind: 'invite', callId: id, address: called[0], devices: called, media });
    }
    case 'accept':
      return device.command({ kind: 'accept', callId, media });
    case 'decline':
      return device.command({ kind: 'reject', callId, code: 603 });
    case 'busy':
      return device.command({ kind: 'reject', callId, code: 486 });
    case 'ignore':
      return device.command({ kind: 'ignore', callId });
    case 'media':
      return device.command({ kind: 'sendMedia', callId, payload: new Uint8Array([1]) });
    default:
      return hangUpNewest(device);
  }
}

function hangUpNewest(device: Device): void {
  for (const event of [...device.events].toReversed()) {
    if (!('callId' in event)) continue;
    device.command({ kind: 'hangUp', callId: event.callId, reason: 'user-hangup' });
  }
}

/** Every `established` is matched by an `ended`, and never do more than two devices see one call established. */
function expectAgreement(devices: readonly Device[], callId: CallId): void {
  const parties = devices.filter((device) => countOf(device, 'established', callId) > 0);
  for (const device of parties) expect(countOf(device, 'ended', callId)).toBe(1);
  expect(parties.length).toBeLessThanOrEqual(2);
  if (parties.length !== 2) return;
  const [one, other] = parties.map((device) => device.endOf(callId));
  expect(one).toBe(other);
}

function countOf(device: Device, kind: 'established' | 'ended', callId: CallId): number {
  return device.events.filter((event) => event.kind === kind && event.callId === callId).length;
}

test(
  '120,000 random inputs do not make the machine throw, grow past its bounds, or stop its clock',
  { timeout: 60_000 },
  () => {
    const rng = seededRng(7);
    const peers = Array.from({ length: 5 }, () => nodeIdFromBytes(randomBytes(rng, 20)));
    const ids = Array.from({ length: 200 }, () => randomHex(rng));
    const machine = new CallMachine(peers[0] as NodeId, 'fuzz', peers.slice(0, 1));
    const seen = new Set<string>();
    const out: CallOutput[] = [];
    const broken: unknown[] = [];
    let now = 0;
    for (let i = 0; i < 120_000; i++) {
      now += randomBelow(rng, 200);
      machine.handle(randomInput(rng, peers, ids), now, out);
      for (const output of out.splice(0)) seen.add(output.kind === 'emit' ? output.event.kind : 'send');
      const { transactions, tombstones, timers } = machine.load;
      const mostTimers = transactions + tombstones + 1 + MAX_DEVICES;
      if (transactions > MAX_TRANSACTIONS || tombstones > MAX_TOMBSTONES || timers > mostTimers)
        broken.push(machine.load);
      machine.handle({ kind: 'deadline' }, now, out);
      const next = machine.nextDeadline();
      if (next && next.at <= now) broken.push(next);
    }
    expect(broken).toEqual([]);
    expect([...seen].toSorted()).toEqual(
      ['ended', 'established', 'incoming', 'media', 'merged', 'muted', 'ringing', 'send'].toSorted(),
    );
  },
);

function randomInput(rng: Rng, peers: readonly NodeId[], ids: readonly CallId[]): CallInput {
  const peer = pick(rng, peers);
  // Mostly a few ids, so that inputs meet calls that exist.
  const callId = ids[randomBelow(rng, randomBelow(rng, 4) === 0 ? ids.length : 6)] as CallId;
  const roll = randomBelow(rng, 10);
  if (roll === 0) return { kind: 'received', from: peer, bytes: randomBytes(rng, randomBelow(rng, 60)) };
  if (roll === 1) return { kind: 'undeliverable', to: peer, callId };
  if (roll < 5) return { kind: 'command', command: randomCommand(rng, peers, callId) };
  const bytes = encodeCallMessage(randomMessage(rng, peers, callId));
  if (roll === 5) bytes[randomBelow(rng, bytes.length)] = randomBelow(rng, 256);
  return { kind: 'received', from: peer, bytes };
}

function randomCommand(rng: Rng, peers: readonly NodeId[], callId: CallId): CallCommand {
  const media = randomMedia(rng);
  return pick<CallCommand>(rng, [
    { kind: 'invite', callId, address: pick(rng, peers), devices: peers.slice(randomBelow(rng, 4)), media },
    { kind: 'accept', callId, media },
    { kind: 'reject', callId, code: pick(rng, [486, 603, 488]) },
    { kind: 'ignore', callId },
    { kind: 'hangUp', callId, reason: pick(rng, REASONS) },
    { kind: 'sendMedia', callId, payload: randomBytes(rng, 8) },
    { kind: 'setMuted', callId, muted: media },
    { kind: 'rename', name: 'other' },
    { kind: 'leave' },
  ]);
}

const CODES: readonly ResponseCode[] = [100, 180, 200, 404, 408, 480, 481, 486, 487, 488, 500, 603];
const REASONS: readonly ByeReason[] = ['user-hangup', 'ice-failed', 'ice-timeout', 'answered-elsewhere', 'no-ack'];

function randomMessage(rng: Rng, peers: readonly NodeId[], callId: CallId): CallMessage {
  // Mostly that of the machine.
  const address = peers[randomBelow(rng, 8) === 0 ? 1 : 0] as NodeId;
  const media = randomMedia(rng);
  const sequence = randomBelow(rng, 5) === 0 ? rng.nextUint32() : randomBelow(rng, 4);
  return pick<CallMessage>(rng, [
    { kind: 'INVITE', callId, address, media, name: 'x', ageMs: randomBelow(rng, 70_000) },
    { kind: 'INVITE', callId, address, media, name: 'x', ageMs: 0 },
    { kind: 'response', callId, code: pick(rng, CODES), media, name: 'y' },
    { kind: 'ACK', callId },
    { kind: 'CANCEL', callId, reason: 'cancelled' },
    { kind: 'BYE', callId, reason: pick(rng, REASONS) },
    { kind: 'done', callId },
    { kind: 'media', callId, sequence, payload: randomBytes(rng, 4) },
    { kind: 'mediaAck', callId, sequence },
    { kind: 'muted', callId, sequence, muted: media },
  ]);
}

function randomMedia(rng: Rng): { audio: boolean; video: boolean } {
  return { audio: randomBelow(rng, 2) === 0, video: randomBelow(rng, 2) === 0 };
}

function pick<T>(rng: Rng, items: readonly T[]): T {
  return items[randomBelow(rng, items.length)] as T;
}

function randomHex(rng: Rng): string {
  return Array.from(randomBytes(rng, 16), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
