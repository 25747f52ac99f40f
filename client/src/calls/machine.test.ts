import { describe, expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { MAX_TOMBSTONES, TIMER_C_MS, TIMER_H_MS, TOMBSTONE_MS } from '../../../shared/src/limits/calls.ts';
import { encodeCallMessage } from './codec.ts';
import { CallNetwork, type Device, type NetworkOptions } from './test/network.ts';
import type { CallId, CallMessage } from './types.ts';

const both = { audio: true, video: true };
const audioOnly = { audio: true, video: false };
const callId: CallId = '11'.repeat(16);
const later: CallId = '22'.repeat(16);

/** Longer than any timer of the machine: after it nothing may be left. */
const SETTLE_MS = TIMER_C_MS + TIMER_H_MS + TOMBSTONE_MS + 10_000;

interface Pair {
  readonly network: CallNetwork;
  readonly caller: Device;
  readonly callee: Device;
}

function pair(options: NetworkOptions = {}): Pair {
  const network = new CallNetwork(options);
  return { network, caller: network.device('a'), callee: network.device('b') };
}

function ringing(options: NetworkOptions = {}): Pair {
  const all = pair(options);
  all.caller.command({ kind: 'invite', callId, devices: [all.callee.id], media: both });
  all.network.run(1000);
  return all;
}

function established(options: NetworkOptions = {}): Pair {
  const all = ringing(options);
  all.callee.command({ kind: 'accept', callId, media: audioOnly });
  all.network.run(1000);
  return all;
}

/** How the call ended at each side, after every timer has run out; and that nothing is left of it. */
function ends({ network, caller, callee }: Pair): [string | undefined, string | undefined] {
  network.run(SETTLE_MS);
  const alive = network.devices.filter(({ isAlive }) => isAlive);
  for (const { machine } of alive) expect(machine.load).toEqual({ transactions: 0, tombstones: 0, timers: 0 });
  return [caller.endOf(callId), callee.endOf(callId)];
}

describe('setting up', () => {
  test('a call rings, is answered and acknowledged, with one message of each kind', () => {
    const { network, caller, callee } = established();
    expect(caller.events).toEqual([
      { kind: 'ringing', callId, from: callee.id, name: 'device b' },
      { kind: 'established', callId, peer: callee.id, isPolite: false, media: audioOnly, name: 'device b' },
    ]);
    expect(callee.events).toEqual([
      { kind: 'incoming', callId, from: caller.id, name: 'device a', media: both },
      { kind: 'established', callId, peer: caller.id, isPolite: true, media: both, name: 'device a' },
    ]);
    expect(network.sent.map(({ message }) => (message.kind === 'response' ? message.code : message.kind))).toEqual([
      'INVITE',
      180,
      200,
      'ACK',
    ]);
  });

  test('an established call has no timers', () => {
    const { network, caller, callee } = established();
    network.run(TOMBSTONE_MS);
    expect(caller.machine.load.timers + callee.machine.load.timers).toBe(0);
  });

  test('a call that reaches a device only after 50 s rings for what is left of the minute', () => {
    const { network, caller, callee } = pair();
    const invite = (ageMs: number, id: CallId): CallMessage => ({
      kind: 'INVITE',
      callId: id,
      media: both,
      name: 'x',
      ageMs,
    });
    receive(network, callee, caller, invite(50_000, callId));
    network.run(15_000);
    expect(callee.endOf(callId)).toBe('no-answer');
    receive(network, callee, caller, invite(59_000, later));
    expect(callee.events.filter(({ kind }) => kind === 'incoming')).toHaveLength(1);
    expect(network.sentOf('response').at(-1)?.message.code).toBe(408);
  });
});

describe('every end is seen on both sides', () => {
  test('decline', () => {
    const all = ringing();
    all.callee.command({ kind: 'reject', callId, code: 603 });
    expect(ends(all)).toEqual(['declined', 'declined']);
  });

  test('busy, by choice', () => {
    const all = ringing();
    all.callee.command({ kind: 'reject', callId, code: 486 });
    expect(ends(all)).toEqual(['busy', 'busy']);
  });

  test('media that cannot be used', () => {
    const all = ringing();
    all.callee.command({ kind: 'reject', callId, code: 488 });
    expect(ends(all)).toEqual(['media-failed', 'media-failed']);
  });

  test('cancel while it rings', () => {
    const all = ringing();
    all.caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    expect(ends(all)).toEqual(['cancelled', 'cancelled']);
  });

  test('no answer for a minute', () => {
    const all = ringing();
    all.network.run(TIMER_C_MS - 2000);
    expect(all.caller.endOf(callId)).toBeUndefined();
    expect(ends(all)).toEqual(['no-answer', 'no-answer']);
  });

  test('ignored: silence here at once, no answer there after a minute', () => {
    const all = ringing();
    all.callee.command({ kind: 'ignore', callId });
    expect(all.callee.endOf(callId)).toBe('no-answer');
    all.network.run(TIMER_C_MS - 2000);
    expect(all.caller.endOf(callId)).toBeUndefined();
    expect(ends(all)).toEqual(['no-answer', 'no-answer']);
  });

  test.each(['caller', 'callee'] as const)('hang up by the %s', (who) => {
    const all = established();
    all[who].command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    expect(ends(all)).toEqual(['hung-up', 'hung-up']);
  });

  test('hang up by both at once', () => {
    const all = established();
    all.caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    all.callee.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    expect(ends(all)).toEqual(['hung-up', 'hung-up']);
  });

  test.each([
    ['ice-failed', 'no-path'],
    ['ice-timeout', 'connection-lost'],
    ['media-failed', 'media-failed'],
  ] as const)('a BYE for %s is %s for both', (reason, end) => {
    const all = established();
    all.caller.command({ kind: 'hangUp', callId, reason });
    expect(ends(all)).toEqual([end, end]);
  });

  test('a peer that is not there: unreachable as soon as the overlay says so twice', () => {
    const all = pair();
    all.callee.isAlive = false;
    all.caller.command({ kind: 'invite', callId, devices: [all.callee.id], media: both });
    all.network.run(1000);
    expect(all.caller.endOf(callId)).toBe('unreachable');
    expect(ends(all)).toEqual(['unreachable', undefined]);
  });

  test('a peer that never answers: unreachable after timer B', () => {
    const all = pair({ loss: 1 });
    all.caller.command({ kind: 'invite', callId, devices: [all.callee.id], media: both });
    all.network.run(7900);
    expect(all.caller.endOf(callId)).toBeUndefined();
    expect(all.network.sentOf('INVITE').map(({ at }) => at)).toEqual([0, 500, 1500, 3500, 7500]);
    expect(ends(all)).toEqual(['unreachable', undefined]);
  });

  test('nobody to call at all: not found', () => {
    const all = pair();
    all.caller.command({ kind: 'invite', callId, devices: [], media: both });
    expect(ends(all)).toEqual(['not-found', undefined]);
  });

  test('the caller dies while it rings: the callee stops after little more than a minute', () => {
    const all = ringing();
    all.caller.isAlive = false;
    all.network.run(TIMER_C_MS + 5000);
    expect(all.callee.endOf(callId)).toBe('no-answer');
  });

  test('the caller dies before it acknowledged: timer H ends the call', () => {
    const all = ringing();
    all.caller.isAlive = false;
    all.callee.command({ kind: 'accept', callId, media: both });
    all.network.run(TIMER_H_MS + 100);
    expect(all.callee.endOf(callId)).toBe('connection-lost');
  });

  test('a side that forgot the call (its page was reloaded) says so, and the other ends it at once', () => {
    const all = established();
    all.network.devices.length = 0;
    const reborn = all.network.device('b');
    all.network.devices.push(all.caller);
    all.caller.command({ kind: 'sendMedia', callId, payload: utf8Encode('restart') });
    all.network.run(100);
    expect(all.caller.endOf(callId)).toBe('connection-lost');
    expect(reborn.events).toEqual([]);
  });

  test('leaving hangs up at once, in any state', () => {
    const calling = pair();
    calling.caller.command({ kind: 'invite', callId, devices: [calling.callee.id], media: both });
    calling.caller.command({ kind: 'leave' });
    calling.caller.isAlive = false;
    calling.network.run(100);
    expect(calling.callee.endOf(callId)).toBe('cancelled');

    const talking = established();
    talking.callee.command({ kind: 'leave' });
    expect(ends(talking)).toEqual(['hung-up', 'hung-up']);
  });
});

describe('CANCEL', () => {
  test('waits for a provisional response before it is sent (RFC 3261 §9.1)', () => {
    const all = pair({ latencyMs: 100 });
    all.caller.command({ kind: 'invite', callId, devices: [all.callee.id], media: both });
    all.network.run(150);
    all.caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    expect(all.network.sentOf('CANCEL')).toHaveLength(0);
    all.network.run(100);
    expect(all.network.sentOf('CANCEL').map(({ at }) => at)).toEqual([200]);
    expect(ends(all)).toEqual(['cancelled', 'cancelled']);
  });

  test('goes out in place of the next INVITE when no response comes, and a late INVITE then never rings', () => {
    const all = pair({ loss: 1 });
    all.caller.command({ kind: 'invite', callId, devices: [all.callee.id], media: both });
    const [invite] = all.network.sentOf('INVITE');
    all.network.run(100);
    all.caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    all.network.options = {};
    all.network.run(1000);
    expect(all.network.sentOf('CANCEL').map(({ at }) => at)).toEqual([500]);
    receive(all.network, all.callee, all.caller, (invite as { message: CallMessage }).message);
    all.network.run(1000);
    expect(all.callee.events).toEqual([]);
    expect(all.network.sentOf('response').at(-1)?.message.code).toBe(487);
  });

  test('that crosses the answer ends the call on both sides', () => {
    const all = ringing({ latencyMs: 100 });
    all.callee.command({ kind: 'accept', callId, media: both });
    all.caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    expect(ends(all)).toEqual(['cancelled', 'cancelled']);
    expect(all.callee.kinds()).not.toContain('established');
  });

  test('has no effect once the call is established (RFC 3261 §9.2)', () => {
    const all = established();
    receive(all.network, all.callee, all.caller, { kind: 'CANCEL', callId, reason: 'cancelled' });
    all.network.run(1000);
    expect(all.callee.endOf(callId)).toBeUndefined();
  });
});

describe('several devices', () => {
  function forked(
    count: number,
    options: NetworkOptions = {},
  ): { network: CallNetwork; caller: Device; all: Device[] } {
    const network = new CallNetwork(options);
    const caller = network.device('a');
    const all = ['b', 'c', 'd', 'e', 'f'].slice(0, count).map((digit) => network.device(digit));
    caller.command({ kind: 'invite', callId, devices: all.map(({ id }) => id), media: both });
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
    third.command({ kind: 'invite', callId: later, devices: [callee.id], media: both });
    network.run(1000);
    expect(third.endOf(later)).toBe('busy');
    expect(callee.endOf(callId)).toBeUndefined();
  });

  test('after an ignored call another one rings', () => {
    const { network, callee } = ringing();
    callee.command({ kind: 'ignore', callId });
    const third = network.device('c');
    third.command({ kind: 'invite', callId: later, devices: [callee.id], media: both });
    network.run(1000);
    expect(callee.last('incoming')?.callId).toBe(later);
  });
});

describe('glare', () => {
  function glare(options: NetworkOptions = {}): Pair {
    const all = pair(options);
    all.caller.command({ kind: 'invite', callId, devices: [all.callee.id], media: both });
    all.callee.command({ kind: 'invite', callId: later, devices: [all.caller.id], media: audioOnly });
    return all;
  }

  test('two that call each other at once get one call, without ringing; the smaller id wins', () => {
    const { network, caller, callee } = glare();
    network.run(5000);
    expect(caller.last('established')).toMatchObject({ callId, isPolite: false, media: audioOnly });
    expect(callee.events).toEqual([
      { kind: 'merged', from: later, into: callId, peer: caller.id },
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

  test('when the winner takes its call back first, the other call ends too', () => {
    const all = glare({ latencyMs: 100 });
    all.caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    all.network.run(SETTLE_MS);
    expect(all.callee.endOf(later) ?? all.callee.endOf(callId)).toBeDefined();
    expect(all.callee.machine.load.timers).toBe(0);
  });

  test('somebody else who calls meanwhile hears busy', () => {
    const all = pair();
    all.caller.command({ kind: 'invite', callId: later, devices: [all.callee.id], media: both });
    const third = all.network.device('c');
    third.command({ kind: 'invite', callId, devices: [all.caller.id], media: both });
    all.network.run(1000);
    expect(third.endOf(callId)).toBe('busy');
    expect(all.caller.last('ringing')?.callId).toBe(later);
  });
});

describe('media and mute', () => {
  test.each([1, 2, 3, 4])('arrive both ways in order, each once, over a bad network (seed %i)', (seed) => {
    const { network, caller, callee } = established({ seed });
    network.options = { loss: 0.3, duplication: 0.3, jitterMs: 700, seed };
    const words = Array.from({ length: 30 }, (_, i) => `word ${i}`);
    for (const word of words) {
      caller.command({ kind: 'sendMedia', callId, payload: utf8Encode(word) });
      callee.command({ kind: 'sendMedia', callId, payload: utf8Encode(word) });
    }
    caller.command({ kind: 'setMuted', callId, muted: audioOnly });
    network.run(120_000);
    expect(payloads(callee)).toEqual(words);
    expect(payloads(caller)).toEqual(words);
    expect(callee.events.at(-1)).toEqual({ kind: 'muted', callId, muted: audioOnly });
    expect(caller.machine.load.timers + callee.machine.load.timers).toBe(0);
  });

  test('the callee says nothing before it accepts, and then what it held', () => {
    const all = ringing();
    all.callee.command({ kind: 'sendMedia', callId, payload: utf8Encode('answer') });
    all.network.run(1000);
    expect(all.network.sentOf('media')).toHaveLength(0);
    all.callee.command({ kind: 'accept', callId, media: both });
    all.network.run(1000);
    expect(payloads(all.caller)).toEqual(['answer']);
    expect(all.caller.kinds()).toEqual(['ringing', 'established', 'media']);
  });

  test('an answer that overtakes the 200 is delivered after it', () => {
    const { network, caller, callee } = ringing();
    receive(network, caller, callee, { kind: 'media', callId, sequence: 0, payload: utf8Encode('answer') });
    expect(caller.kinds()).toEqual(['ringing']);
    receive(network, caller, callee, { kind: 'response', callId, code: 200, media: both, name: '' });
    expect(caller.kinds()).toEqual(['ringing', 'established', 'media']);
  });

  test('a queue that is full because nothing gets through ends the call', () => {
    const { network, caller } = established();
    network.options = { loss: 1 };
    for (let i = 0; i < 65; i++) caller.command({ kind: 'sendMedia', callId, payload: utf8Encode('x') });
    expect(caller.endOf(callId)).toBe('media-failed');
  });
});

describe('what others send', () => {
  test('nobody but the two devices can touch a call', () => {
    const { network, caller, callee } = established();
    const third = network.device('c');
    const before = [...caller.events, ...callee.events].length;
    const attempts: CallMessage[] = [
      { kind: 'BYE', callId, reason: 'user-hangup' },
      { kind: 'CANCEL', callId, reason: 'cancelled' },
      { kind: 'response', callId, code: 481, media: both, name: '' },
      { kind: 'INVITE', callId, media: both, name: '', ageMs: 0 },
      { kind: 'media', callId, sequence: 0, payload: utf8Encode('x') },
      { kind: 'muted', callId, sequence: 0, muted: both },
      { kind: 'ACK', callId },
      { kind: 'done', callId },
    ];
    for (const message of attempts) {
      receive(network, caller, third, message);
      receive(network, callee, third, message);
    }
    expect([...caller.events, ...callee.events]).toHaveLength(before);
    expect(caller.machine.counters.get('wrong-sender')).toBe(4);
    expect(network.sent.some(({ to }) => to === third.id)).toBe(false);
  });

  test('a thousand INVITEs leave no more than the bounds allow, and one ring', () => {
    const { network, caller, callee } = pair();
    for (let i = 0; i < 1000; i++) {
      const id = i.toString(16).padStart(32, '0');
      receive(network, callee, i % 2 ? caller : network.device('c'), invite(id));
    }
    const { tombstones, transactions } = callee.machine.load;
    expect(tombstones).toBeLessThanOrEqual(MAX_TOMBSTONES);
    expect(transactions).toBe(0);
    expect(callee.kinds()).toEqual(['incoming']);
  });

  test('a 200 of a call we know nothing about is sent away', () => {
    const { network, caller, callee } = pair();
    receive(network, caller, callee, { kind: 'response', callId, code: 200, media: both, name: '' });
    expect(network.sent.map(({ message }) => message.kind)).toEqual(['BYE']);
  });
});

function invite(id: CallId): CallMessage {
  return { kind: 'INVITE', callId: id, media: both, name: 'x', ageMs: 0 };
}

function receive(network: CallNetwork, at: Device, from: Device, message: CallMessage): void {
  const bytes = encodeCallMessage(message);
  network.feed(at, (out, now) => at.machine.handle({ kind: 'received', from: from.id, bytes }, now, out));
}

function payloads(device: Device): string[] {
  const decoder = new TextDecoder();
  return device.events.flatMap((event) => (event.kind === 'media' ? [decoder.decode(event.payload)] : []));
}
