import { describe, expect, test } from 'vitest';
import {
  MAX_RINGS,
  MAX_TOMBSTONES_PER_PEER,
  RINGS_WITHIN_MS,
  RINGING_AGAIN_MS,
  TIMER_C_MS,
  TOMBSTONE_MS,
} from '../../../shared/src/limits/calls.ts';
import type { NodeId } from '../../../shared/src/ids.ts';
import { type CallNetwork, Device } from './test/network.ts';
import { both, callId, ends, established, invite, later, pair, receive, ringing } from './test/pair.ts';
import type { CallId } from './types.ts';

/** Long enough for all that was sent to be answered. [ms] */
const SETTLED_SOON_MS = 1000;

/** The page of a device is loaded again: same id, and nothing is known of before. */
function reborn(network: CallNetwork, device: Device): Device {
  device.isAlive = false;
  network.devices.splice(network.devices.indexOf(device), 1);
  return network.device(device.id.charAt(0));
}

describe('a device that rings for a call that is over', () => {
  test.each([
    ['remembers it', SETTLED_SOON_MS],
    ['has forgotten it', TOMBSTONE_MS + SETTLED_SOON_MS],
  ])('is told so when the caller %s', (_, afterMs) => {
    const { network, caller, callee } = ringing();
    caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    network.run(afterMs);
    const reloaded = reborn(network, callee);
    receive(network, reloaded, caller, invite(callId, reloaded));
    expect(reloaded.kinds()).toEqual(['incoming']);
    network.run(100);
    expect(reloaded.endOf(callId)).toBe('cancelled');
  });

  test('learns with its next 180 what it could not hear of: it or its caller slept, or the caller was reloaded', () => {
    const { network, caller, callee } = ringing();
    reborn(network, caller);
    network.run(RINGING_AGAIN_MS);
    expect(callee.endOf(callId)).toBe('cancelled');
  });

  test('stops as answered elsewhere when another one was faster', () => {
    const { network, caller, callee } = pair();
    const other = network.device('c', 'b');
    caller.command({ kind: 'invite', callId, address: callee.id, devices: [callee.id, other.id], media: both });
    network.run(1000);
    callee.command({ kind: 'accept', callId, media: both });
    network.run(1000);
    const reloaded = reborn(network, other);
    receive(network, reloaded, caller, invite(callId, reloaded));
    network.run(100);
    expect(reloaded.endOf(callId)).toBe('answered-elsewhere');
    expect(caller.endOf(callId)).toBeUndefined();
  });
});

test('180 is said again as long as it rings, and rings no longer for that', () => {
  const all = ringing();
  all.network.run(TIMER_C_MS - 5000);
  expect(all.network.sentOf('response').map(({ at }) => Math.round(at / RINGING_AGAIN_MS))).toEqual([0, 1, 2, 3, 4, 5]);
  expect(all.caller.kinds()).toEqual(['ringing']);
  expect(ends(all)).toEqual(['no-answer', 'no-answer']);
});

test('a late 180 does not end a call that its device has answered', () => {
  const { network, caller, callee } = established();
  receive(network, caller, callee, { kind: 'response', callId, code: 180, media: both, name: '' });
  network.run(1000);
  expect(network.sentOf('CANCEL')).toEqual([]);
  expect(callee.endOf(callId)).toBeUndefined();
});

describe('a caller whose call rings and who calls anew', () => {
  test('rings with the new call: the CANCEL of the one before has not come', () => {
    const { network, caller, callee } = ringing();
    network.options = { loss: 1 };
    caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    network.options = {};
    caller.command({ kind: 'invite', callId: later, address: callee.id, devices: [callee.id], media: both });
    network.run(100);
    expect(callee.endOf(callId)).toBe('cancelled');
    expect(callee.last('incoming')?.callId).toBe(later);
    expect(caller.last('ringing')?.callId).toBe(later);
  });

  test('rings with the new call after its page crashed and was loaded again', () => {
    const { network, caller, callee } = ringing();
    const again = reborn(network, caller);
    again.command({ kind: 'invite', callId: later, address: callee.id, devices: [callee.id], media: both });
    network.run(100);
    expect(again.kinds()).toEqual(['ringing']);
    callee.command({ kind: 'accept', callId: later, media: both });
    network.run(100);
    expect(again.last('established')?.callId).toBe(later);
  });

  test('hears the end of a call that an older INVITE of its own, late on its way, put an end to', () => {
    const { network, caller, callee } = ringing();
    receive(network, callee, caller, invite(later, callee));
    network.run(1000);
    expect([caller.endOf(callId), callee.endOf(callId)]).toEqual(['cancelled', 'cancelled']);
    expect(callee.endOf(later)).toBe('cancelled');
  });

  test('is busy to it after some calls in half a minute, whether it took them back or not, and others are not', () => {
    const { network, caller, callee } = pair();
    const call = (from: Device, number: number, isTakenBack: boolean): void => {
      const id: CallId = `${from.id.slice(0, 4)}${number}`.padEnd(32, '0');
      receive(network, callee, from, invite(id, callee));
      if (isTakenBack) receive(network, callee, from, { kind: 'CANCEL', callId: id, reason: 'cancelled' });
    };
    caller.isAlive = false;
    for (let i = 0; i < 100; i++) call(caller, i, i < 50);
    const rings = (from: Device): number =>
      callee.events.filter((event) => event.kind === 'incoming' && event.from === from.id).length;
    expect(rings(caller)).toBeLessThanOrEqual(MAX_TOMBSTONES_PER_PEER + 1);
    network.run(TIMER_C_MS + TOMBSTONE_MS);
    const before = rings(caller);
    call(network.device('c'), 0, true);
    call(caller, 100, true);
    expect(callee.kinds().slice(-4)).toEqual(['incoming', 'ended', 'incoming', 'ended']);
    expect(rings(caller)).toBe(before + 1);
  });
});

test('however many identities call, no more calls ring within half a minute than anybody has', () => {
  const { network, callee } = pair();
  const ringsOf = (count: number): number => {
    const before = callee.events.filter(({ kind }) => kind === 'incoming').length;
    for (let i = 0; i < count; i++) {
      const id: CallId = `${network.now} ${i}`.replace(/\D/g, 'f').padStart(32, '0');
      const from = new Device(network, id.padStart(40, '1') as NodeId, 'one of many', []);
      receive(network, callee, from, invite(id, callee));
      receive(network, callee, from, { kind: 'CANCEL', callId: id, reason: 'cancelled' });
    }
    return callee.events.filter(({ kind }) => kind === 'incoming').length - before;
  };
  expect(ringsOf(500)).toBe(MAX_RINGS);
  network.run(RINGS_WITHIN_MS - 1);
  expect(ringsOf(1)).toBe(0);
  network.run(1);
  expect(ringsOf(500)).toBe(MAX_RINGS);
});
