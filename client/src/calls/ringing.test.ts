import { describe, expect, test } from 'vitest';
import { RINGING_AGAIN_MS, TIMER_C_MS, TOMBSTONE_MS } from '../../../shared/src/limits/calls.ts';
import type { CallNetwork, Device } from './test/network.ts';
import { both, callId, ends, established, invite, pair, receive, ringing } from './test/pair.ts';

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
    receive(network, reloaded, caller, invite(callId));
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
    const other = network.device('c');
    caller.command({ kind: 'invite', callId, devices: [callee.id, other.id], media: both });
    network.run(1000);
    callee.command({ kind: 'accept', callId, media: both });
    network.run(1000);
    const reloaded = reborn(network, other);
    receive(network, reloaded, caller, invite(callId));
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
