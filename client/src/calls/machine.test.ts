import { describe, expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import {
  MAX_TOMBSTONES,
  MAX_TOMBSTONES_PER_PEER,
  TIMER_C_MS,
  TIMER_H_MS,
  TOMBSTONE_MS,
} from '../../../shared/src/limits/calls.ts';
import {
  both,
  audioOnly,
  callId,
  later,
  pair,
  ringing,
  established,
  ends,
  receive,
  payloads,
  invite,
} from './test/pair.ts';
import type { CallId, CallMessage } from './types.ts';

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
    caller.isAlive = false;
    const invite = (ageMs: number, id: CallId): CallMessage => ({
      kind: 'INVITE',
      callId: id,
      address: callee.id,
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

  test('ignored, and the caller mutes: it rings on there all the same', () => {
    const all = ringing();
    all.callee.command({ kind: 'ignore', callId });
    all.caller.command({ kind: 'setMuted', callId, muted: both });
    all.network.run(TIMER_C_MS - 2000);
    expect(all.caller.endOf(callId)).toBeUndefined();
    expect(ends(all)).toEqual(['no-answer', 'no-answer']);
  });

  test('a device that crashed while it rang, and knows nothing of the call any more: unreachable', () => {
    const all = ringing();
    all.network.devices.length = 0;
    all.network.device('b');
    all.network.devices.push(all.caller);
    all.caller.command({ kind: 'setMuted', callId, muted: both });
    all.network.run(1000);
    expect(all.caller.endOf(callId)).toBe('unreachable');
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
    all.caller.command({ kind: 'invite', callId, address: all.callee.id, devices: [all.callee.id], media: both });
    all.network.run(1000);
    expect(all.caller.endOf(callId)).toBe('unreachable');
    expect(ends(all)).toEqual(['unreachable', undefined]);
  });

  test('a peer that never answers: unreachable after timer B', () => {
    const all = pair({ loss: 1 });
    all.caller.command({ kind: 'invite', callId, address: all.callee.id, devices: [all.callee.id], media: both });
    all.network.run(7900);
    expect(all.caller.endOf(callId)).toBeUndefined();
    expect(all.network.sentOf('INVITE').map(({ at }) => at)).toEqual([0, 500, 1500, 3500, 7500]);
    expect(ends(all)).toEqual(['unreachable', undefined]);
  });

  test('nobody to call at all: not found', () => {
    const all = pair();
    all.caller.command({ kind: 'invite', callId, address: all.callee.id, devices: [], media: both });
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
    calling.caller.command({
      kind: 'invite',
      callId,
      address: calling.callee.id,
      devices: [calling.callee.id],
      media: both,
    });
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
    all.caller.command({ kind: 'invite', callId, address: all.callee.id, devices: [all.callee.id], media: both });
    all.network.run(150);
    all.caller.command({ kind: 'hangUp', callId, reason: 'user-hangup' });
    expect(all.network.sentOf('CANCEL')).toHaveLength(0);
    all.network.run(100);
    expect(all.network.sentOf('CANCEL').map(({ at }) => at)).toEqual([200]);
    expect(ends(all)).toEqual(['cancelled', 'cancelled']);
  });

  test('goes out in place of the next INVITE when no response comes, and a late INVITE then never rings', () => {
    const all = pair({ loss: 1 });
    all.caller.command({ kind: 'invite', callId, address: all.callee.id, devices: [all.callee.id], media: both });
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

  test('who mutes and unmutes for as long as it rings is still in a call, and heard as at the end', () => {
    const { network, caller, callee } = ringing();
    for (let i = 0; i < 201; i++) {
      caller.command({ kind: 'setMuted', callId, muted: { audio: i % 2 === 0, video: true } });
      network.run(100);
    }
    callee.command({ kind: 'accept', callId, media: both });
    network.run(1000);
    expect(caller.kinds()).toEqual(['ringing', 'established']);
    expect(callee.last('muted')?.muted).toEqual(both);
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
      { kind: 'INVITE', callId, address: callee.id, media: both, name: '', ageMs: 0 },
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

  test('a thousand INVITEs leave no more than the bounds allow, and few ring', () => {
    const { network, caller, callee } = pair();
    for (let i = 0; i < 1000; i++) {
      const id = i.toString(16).padStart(32, '0');
      receive(network, callee, i % 2 ? caller : network.device('c'), invite(id, callee));
    }
    const { tombstones, transactions } = callee.machine.load;
    expect(tombstones).toBeLessThanOrEqual(MAX_TOMBSTONES);
    expect(transactions).toBeLessThanOrEqual(MAX_TOMBSTONES_PER_PEER);
    expect(callee.kinds().filter((kind) => kind === 'incoming').length).toBeLessThanOrEqual(
      MAX_TOMBSTONES_PER_PEER + 1,
    );
  });

  test('a 200 of a call we know nothing about is sent away', () => {
    const { network, caller, callee } = pair();
    receive(network, caller, callee, { kind: 'response', callId, code: 200, media: both, name: '' });
    expect(network.sent.map(({ message }) => message.kind)).toEqual(['BYE']);
  });
});
