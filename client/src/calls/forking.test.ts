import { describe, expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { CallNetwork, type Device, idOf, type NetworkOptions } from './test/network.ts';
import {
  both,
  audioOnly,
  callId,
  later,
  SETTLE_MS,
  pair,
  ringing,
  established,
  ends,
  payloads,
  type Pair,
} from './test/pair.ts';

/** Makes the address of a person with several devices, as a digit of its own makes the id of each. */
const ADDRESS_DIGIT = '0';

describe('several devices', () => {
  function forked(
    count: number,
    options: NetworkOptions = {},
  ): { network: CallNetwork; caller: Device; all: Device[] } {
    const network = new CallNetwork(options);
    const caller = network.device('a');
    const all = ['b', 'c', 'd', 'e', 'f'].slice(0, count).map((digit) => network.device(digit, ADDRESS_DIGIT));
    caller.command({
      kind: 'invite',
      callId,
      address: idOf(ADDRESS_DIGIT),
      devices: all.map(({ id }) => id),
      media: both,
    });
    network.run(500);
    return { network, caller, all };
  }

  test('all ring; the one that answers wins and the others stop, answered elsewhere', () => {
    const { network, caller, all } = forked(3);
    expect(all.map((device) => device.kinds())).toEqual([['incoming'], ['incoming'], ['incoming']]);
    all[1]?.command({ kind: 'accept', callId, media: both });
    network.run(1000);
    expect(caller.last('established')?.peer).toBe(all[1]?.id);
    expect(all.map((device) => device.endOf(callId))).toEqual(['answered-elsewhere', undefined, 'answered-elsewhere']);
  });

  test('two answer at once: one gets ACK and the call, the other BYE and never shows a call', () => {
    const { network, caller, all } = forked(2);
    for (const device of all) device.command({ kind: 'accept', callId, media: both });
    network.run(1000);
    expect(caller.kinds().filter((kind) => kind === 'established')).toHaveLength(1);
    expect(all.map((device) => device.kinds())).toEqual([
      ['incoming', 'established'],
      ['incoming', 'ended'],
    ]);
    expect(all[1]?.endOf(callId)).toBe('answered-elsewhere');
  });

  test('one that is busy or gone does not end the call; a decline does, for all', () => {
    const { network, caller, all } = forked(3);
    all[0]?.command({ kind: 'reject', callId, code: 486 });
    network.run(500);
    expect(caller.endOf(callId)).toBeUndefined();
    all[1]?.command({ kind: 'reject', callId, code: 603 });
    network.run(500);
    expect(caller.endOf(callId)).toBe('declined');
    expect(all[2]?.endOf(callId)).toBe('answered-elsewhere');
  });

  test('when all fail the caller is told what says most', () => {
    const { network, caller, all } = forked(2);
    all[0]?.command({ kind: 'reject', callId, code: 488 });
    all[1]?.command({ kind: 'reject', callId, code: 486 });
    network.run(500);
    expect(caller.endOf(callId)).toBe('busy');
  });

  test('what the caller says early reaches the winner once and in order, whichever device it is', () => {
    const { network, caller, all } = forked(3, { loss: 0.3, jitterMs: 300, seed: 5 });
    const words = ['offer', 'candidates', 'more candidates'];
    for (const word of words) caller.command({ kind: 'sendMedia', callId, payload: utf8Encode(word) });
    all[2]?.command({ kind: 'accept', callId, media: both });
    network.run(20_000);
    expect(payloads(all[2] as Device)).toEqual(words);
  });
});

describe('one call at a time', () => {
  test.each(['ringing', 'established'] as const)('a second caller hears busy while a call is %s', (state) => {
    const { network, callee } = state === 'ringing' ? ringing() : established();
    const third = network.device('c');
    third.command({ kind: 'invite', callId: later, address: callee.id, devices: [callee.id], media: both });
    network.run(1000);
    expect(third.endOf(later)).toBe('busy');
    expect(callee.endOf(callId)).toBeUndefined();
  });

  test('after an ignored call another one rings', () => {
    const { network, callee } = ringing();
    callee.command({ kind: 'ignore', callId });
    const third = network.device('c');
    third.command({ kind: 'invite', callId: later, address: callee.id, devices: [callee.id], media: both });
    network.run(1000);
    expect(callee.last('incoming')?.callId).toBe(later);
  });
});

describe('glare', () => {
  function glare(options: NetworkOptions = {}): Pair {
    const all = pair(options);
    all.caller.command({ kind: 'invite', callId, address: all.callee.id, devices: [all.callee.id], media: both });
    all.callee.command({
      kind: 'invite',
      callId: later,
      address: all.caller.id,
      devices: [all.caller.id],
      media: audioOnly,
    });
    return all;
  }

  test('two that call each other at once get one call, without ringing; the smaller id wins', () => {
    const { network, caller, callee } = glare();
    network.run(5000);
    expect(caller.last('established')).toMatchObject({ callId, isPolite: false, media: audioOnly });
    expect(callee.events).toEqual([
      { kind: 'merged', from: later, into: callId, peer: caller.id, media: both },
      { kind: 'established', callId, peer: caller.id, isPolite: true, media: both, name: 'device a' },
    ]);
    expect([...caller.kinds(), ...callee.kinds()]).not.toContain('ended');
  });

  test.each([1, 2, 3, 4, 5, 6])('over a network that loses a third of the messages, too (seed %i)', (seed) => {
    const all = glare({ loss: 0.33, jitterMs: 400, duplication: 0.2, seed });
    all.network.run(30_000);
    expect(all.caller.last('established')?.callId).toBe(callId);
    expect(all.callee.last('established')?.callId).toBe(callId);
    all.caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    expect(ends(all)).toEqual(['hung-up', 'hung-up']);
  });

  test.each([
    [callId, later],
    [later, callId],
  ])('who ignores a call and then calls back is in a call, whichever id is smaller (%s, %s)', (ignored, back) => {
    const { network, caller, callee } = pair();
    caller.command({ kind: 'invite', callId: ignored, address: callee.id, devices: [callee.id], media: both });
    network.run(1000);
    callee.command({ kind: 'ignore', callId: ignored });
    callee.command({ kind: 'invite', callId: back, address: caller.id, devices: [caller.id], media: both });
    network.run(1000);
    for (const device of [caller, callee]) expect(device.last('established')?.callId).toBe(back);
    callee.command({ kind: 'hangUp', callId: back, reason: 'user-hangup' });
    network.run(SETTLE_MS);
    expect([caller.endOf(back), callee.endOf(back)]).toEqual(['hung-up', 'hung-up']);
  });

  test('a device that was busy and calls while others still ring is in a call', () => {
    const { network, caller, callee } = pair();
    const other = network.device('c', 'b');
    caller.command({ kind: 'invite', callId, address: callee.id, devices: [callee.id, other.id], media: both });
    network.run(1000);
    callee.command({ kind: 'reject', callId, code: 486 });
    network.run(1000);
    callee.command({ kind: 'invite', callId: later, address: caller.id, devices: [caller.id], media: both });
    network.run(1000);
    for (const device of [caller, callee]) expect(device.last('established')?.callId).toBe(later);
    expect(other.endOf(callId)).toBe('answered-elsewhere');
  });

  test('when the winner takes its call back first, the other call ends too', () => {
    const all = glare({ latencyMs: 100 });
    all.caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    all.network.run(SETTLE_MS);
    expect(all.callee.endOf(later) ?? all.callee.endOf(callId)).toBeDefined();
    expect(all.callee.machine.load.timers).toBe(0);
  });

  test('somebody else who calls meanwhile hears busy', () => {
    const all = pair();
    all.caller.command({
      kind: 'invite',
      callId: later,
      address: all.callee.id,
      devices: [all.callee.id],
      media: both,
    });
    const third = all.network.device('c');
    third.command({ kind: 'invite', callId, address: all.caller.id, devices: [all.caller.id], media: both });
    all.network.run(1000);
    expect(third.endOf(callId)).toBe('busy');
    expect(all.caller.last('ringing')?.callId).toBe(later);
  });
});
