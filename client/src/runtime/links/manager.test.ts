import { beforeEach, expect, test } from 'vitest';
import { utf8Encode } from '../../../../shared/src/bytes.ts';
import { MAX_DESCRIPTION_REPEATS, MAX_SIGNALS_IN_WORK } from '../../../../shared/src/limits/links.ts';
import { ManualClock } from '../../adapters/memory/manual-clock.ts';
import { createMail } from '../mail.ts';
import { encodeSignal } from './signal-codec.ts';
import { LinkLab } from './test/lab.ts';
import type { Link } from './types.ts';

const OFFER = encodeSignal({
  kind: 'offer',
  attempt: '00'.repeat(8),
  purposes: ['overlay'],
  isSpare: false,
  sdp: 'memory 0',
});

let lab: LinkLab;

beforeEach(() => {
  lab = new LinkLab();
});

test('a dialled peer answers, both prove themselves, and both learn name, path and round-trip time', async () => {
  const a = lab.peer({ name: 'amber otter' });
  const b = lab.peer({ name: 'blue wren' });
  const opening = a.open(b);
  await lab.clock.advance(500);
  const link = (await opening) as Link;
  expect(link).toBe(a.linkTo(b));
  expect([link.peer, link.name, link.isOfferer, link.path, link.rttMs]).toEqual([
    b.contact,
    'blue wren',
    true,
    'direct',
    20,
  ]);
  expect([b.linkTo(a)!.name, b.linkTo(a)!.isOfferer]).toEqual(['amber otter', false]);
  expect([a.events, b.events]).toEqual([['up blue wren direct'], ['up amber otter direct']]);
});

test('the name of a peer is one line that leaves the text around it alone', async () => {
  const [a, b] = [lab.peer({ name: 'a' }), lab.peer({ name: '\u202eblue\r\nwren' })];
  void a.open(b);
  await lab.clock.advance(500);
  expect(a.linkTo(b)!.name).toBe('blue wren');
});

test.each([true, false])('what answers an offer names the letter in which that came (taken: %s)', async (isTaken) => {
  const [a, b] = [lab.peer({ name: 'amber otter' }), lab.peer({ admits: () => isTaken })];
  void a.open(b);
  await lab.clock.advance(500);
  expect([a.inAnswerTo, b.inAnswerTo]).toEqual([[undefined], ['letter 1 of amber otter']]);
});

test('messages go both ways in order, also those sent the moment a side is up', async () => {
  const [a, b] = lab.pairByOrder();
  void a.links.open(b.contact, 'overlay').then((link) => link.send(utf8Encode('first')));
  b.onMessage = (link, text) => void link.send(utf8Encode(`${text}, back`));
  await lab.clock.advance(500);
  a.linkTo(b)!.send(utf8Encode('second'));
  await lab.clock.advance(100);
  expect(b.events.filter((event) => event.startsWith('heard'))).toEqual(['heard first', 'heard second']);
  expect(a.events.filter((event) => event.startsWith('heard'))).toEqual(['heard first, back', 'heard second, back']);
});

test('one link serves both purposes and is closed when the last is released', async () => {
  const [a, b] = await lab.linked();
  expect(await a.open(b, 'swarm')).toBe(a.linkTo(b));
  a.links.release(b.id, 'overlay');
  expect(a.linkTo(b)).toBeDefined();
  a.links.release(b.id, 'swarm');
  await lab.clock.advance(50);
  expect([a.events, b.events]).toEqual([['down higher local'], ['down lower closed']]);
});

test('opening twice at once is one attempt', async () => {
  const [a, b] = lab.pairByOrder();
  const both = [a.links.open(b.contact, 'overlay'), a.links.open(b.contact, 'swarm')];
  await lab.clock.advance(500);
  const [first, second] = await Promise.all(both);
  expect(first).toBe(second);
  expect([a.made.length, a.events.length]).toEqual([1, 1]);
});

test('when both dial at once the lower id wins and both promises resolve with the one link', async () => {
  for (const delay of [0, 5, 15, 24, 26, 40]) {
    const [lower, higher] = lab.pairByOrder();
    const one = lower.open(higher);
    await lab.clock.advance(delay);
    const two = higher.open(lower, 'swarm');
    await lab.clock.advance(1000);
    expect(await one).toBe(lower.linkTo(higher));
    expect(await two).toBe(higher.linkTo(lower));
    expect([lower.events, higher.events]).toEqual([['up higher direct'], ['up lower direct']]);
    expect(lower.linkTo(higher)!.isOfferer).not.toBe(higher.linkTo(lower)!.isOfferer);
    // The purpose of the attempt that lost holds the link that came of the other.
    higher.links.release(lower.id, 'overlay');
    expect(higher.linkTo(lower)).toBeDefined();
  }
});

test('in a glare the higher id waits for the winning offer even if the word of its defeat comes first', async () => {
  const [lower, higher] = lab.pairByOrder();
  let offers = 0;
  lower.carry = (_, sealed) => {
    if (offers++ > 0) return true;
    lab.clock.setTimer(lab.clock.now() + 100, () => higher.links.receiveSignal(sealed));
    return true;
  };
  const opening = [lower.open(higher), higher.open(lower)];
  await lab.clock.advance(1000);
  expect(await Promise.all(opening)).toEqual([lower.linkTo(higher), higher.linkTo(lower)]);
});

test('in a glare the lower id sends its offer once more: the other has not seen it, and it may be lost', async () => {
  const [lower, higher] = lab.pairByOrder();
  let sent = 0;
  // Carried to where the other was until now, like the first offer after a change of address.
  lower.carry = () => ++sent > 1;
  lower.isCarrierSure = true;
  const opening = [lower.open(higher), higher.open(lower)];
  await lab.clock.advance(1000);
  expect(await Promise.all(opening)).toEqual([lower.linkTo(higher), higher.linkTo(lower)]);
});

test('an offer is repeated a few times at most, whatever the other side offers', async () => {
  const [lower, higher] = lab.pairByOrder();
  let carried = 0;
  lower.carry = () => {
    carried++;
    return false;
  };
  lower.isCarrierSure = true;
  void lower.open(higher);
  await lab.clock.advance(50);
  for (let i = 0; i < 5; i++) {
    const attempt = `0${i}`.repeat(8);
    const offer = encodeSignal({ kind: 'offer', attempt, purposes: ['overlay'], isSpare: false, sdp: 'memory 0' });
    lower.links.receiveSignal(await higher.mail.seal(lower.contact, 'signal', offer, 15_000));
    await lab.clock.advance(50);
  }
  expect(lower.counter('glare won')).toBe(5);
  // The offer with its repeats, and a word of each offer's defeat.
  expect(carried).toBe(1 + MAX_DESCRIPTION_REPEATS + 5);
});

test('a reloaded peer links again: the dead link goes down before the new one comes up', async () => {
  const [a, b] = await lab.linked();
  const reborn = lab.peer({ name: 'reborn' }, b.crypto);
  const opening = reborn.open(a);
  await lab.clock.advance(500);
  expect(await opening).toBe(reborn.linkTo(a));
  expect(a.events).toEqual(['down reborn closed', 'up reborn direct']);
  expect(a.links.links.size).toBe(1);
});

test('an offer that was written before the link came up does not replace it', async () => {
  const [a, b] = lab.pairByOrder();
  const late = await b.mail.seal(a.contact, 'signal', OFFER, 15_000);
  void a.open(b);
  await lab.clock.advance(500);
  const link = a.linkTo(b);
  a.links.receiveSignal(late);
  await lab.clock.advance(500);
  expect(a.linkTo(b)).toBe(link);
  expect(a.counter('offer from before the link')).toBe(1);
});

test('an offer from before a reload, carried once more, does not replace the link that was made since', async () => {
  const [a, b] = lab.pairByOrder();
  let old: Uint8Array | undefined;
  b.carry = (_, sealed) => {
    old ??= sealed;
    return false;
  };
  await Promise.all([b.open(a), lab.clock.advance(1_000)]);
  b.carry = () => true;
  // With the keys of before, and without a word of what it had seen.
  const reborn = lab.peer({ name: 'reborn' }, a.crypto);
  void reborn.open(b);
  await lab.clock.advance(500);
  const link = reborn.linkTo(b);
  await lab.clock.advance(60_000);
  reborn.links.receiveSignal(old!);
  await lab.clock.advance(500);
  expect(link).toBeDefined();
  expect(reborn.linkTo(b)).toBe(link);
  expect(reborn.counter('offer past its deadline')).toBe(1);
});

test('an offer past its deadline is answered where there is no link: the two clocks may disagree', async () => {
  const [a, b] = lab.pairByOrder();
  const behind = createMail(b.crypto, new ManualClock(lab.clock.wallNow() - 60_000));
  a.links.receiveSignal(await behind.seal(a.contact, 'signal', OFFER, 15_000));
  await lab.clock.advance(100);
  expect(a.made).toHaveLength(1);
});

test('closing while waiting, dialling or up ends it here and there', async () => {
  const a = lab.peer({ name: 'a', ledger: { maxDials: 1 } });
  const [b, c] = [lab.peer({ name: 'b' }), lab.peer({ name: 'c' })];
  const openings = [a.open(b), a.open(c)];
  a.links.close(c.id);
  a.links.close(b.id);
  for (const result of await Promise.all(openings)) expect(result).toMatchObject({ code: 'local' });
  await lab.clock.advance(1000);
  const opening = a.open(b);
  await lab.clock.advance(500);
  expect(await opening).toBe(a.linkTo(b));
  expect(a.made.filter((connection) => connection.state !== 'closed')).toHaveLength(1);
});

test('a vanished peer takes its link down once', async () => {
  const [a, b] = await lab.linked();
  a.made[0]!.break('closed');
  await lab.clock.advance(100);
  expect(a.events).toEqual(['down higher closed']);
  expect(a.linkTo(b)).toBeUndefined();
});

test('a link whose connection is gone is not handed out, though nobody has been told: another is opened', async () => {
  const [a, b] = await lab.linked();
  a.made[0]!.break('closed');
  const opening = a.open(b);
  await lab.clock.advance(500);
  expect(await opening).toBe(a.linkTo(b));
  expect(a.events).toEqual(['down higher closed', 'up higher direct']);
  expect(a.made.map(({ state }) => state)).toEqual(['closed', 'open']);
});

test('a newer offer replaces a link that is up, at both ends, though neither knew that it was gone', async () => {
  const [a, b] = await lab.linked();
  await lab.clock.advance(20_000);
  b.made[0]!.break('closed');
  await lab.clock.advance(1);
  const [before] = [a.linkTo(b)];
  const opening = b.open(a);
  await lab.clock.advance(500);
  expect(await opening).toBe(b.linkTo(a));
  expect(a.linkTo(b)).not.toBe(before);
  expect(a.events).toEqual(['down higher closed', 'up higher direct']);
});

test('a change of path shows within five seconds', async () => {
  const [a] = await lab.linked();
  lab.network.options.path = 'turn';
  await lab.clock.advance(5000);
  expect(a.events).toEqual(['path turn']);
});

test('a full queue says so and says when there is room again', async () => {
  const [a, b] = await lab.linked();
  const link = a.linkTo(b)!;
  const results = Array.from({ length: 6 }, () => link.send(new Uint8Array(16 * 1024)));
  expect(results).toEqual(['sent', 'sent', 'sent', 'sent', 'wait', 'wait']);
  await lab.clock.advance(100);
  expect(a.events).toEqual(['writable']);
});

test('a message that is too long is refused, and the queue is as it was', async () => {
  const [a, b] = await lab.linked();
  const link = a.linkTo(b)!;
  expect(link.send(new Uint8Array(16 * 1024 + 1))).toBe('refused');
  expect(link.send(new Uint8Array(16 * 1024))).toBe('sent');
});

test('bulk channels of both ends meet under the same id', async () => {
  const [a, b] = await lab.linked();
  const [here, there] = [a.linkTo(b)!.openChannel(1, 'bulk'), b.linkTo(a)!.openChannel(1, 'bulk')];
  const got: number[] = [];
  there.onmessage = (event: MessageEvent<ArrayBuffer>) => got.push(event.data.byteLength);
  here.onopen = () => here.send(new Uint8Array(1000));
  await lab.clock.advance(100);
  expect(got).toEqual([1000]);
});

test('a peer does not link to itself', async () => {
  const a = lab.peer();
  expect(await a.open(a)).toMatchObject({ code: 'unreachable' });
  expect(a.made).toHaveLength(0);
});

test('junk, mail of other kinds and answers to nothing are counted and dropped', async () => {
  const [a, b] = lab.pairByOrder();
  const send = async (kind: 'signal' | 'app', bytes: Uint8Array): Promise<void> =>
    a.links.receiveSignal(await b.mail.seal(a.contact, kind, bytes, 1000));
  a.links.receiveSignal(new Uint8Array(100));
  await send('app', Uint8Array.of(1));
  await send('signal', Uint8Array.of(1));
  await send('signal', encodeSignal({ kind: 'answer', attempt: '00'.repeat(8), sdp: 'x' }));
  await send('signal', encodeSignal({ kind: 'reject', attempt: '00'.repeat(8), code: 'failed' }));
  await send(
    'signal',
    encodeSignal({ kind: 'offer', attempt: '00'.repeat(8), purposes: ['overlay'], isSpare: false, sdp: 'nonsense' }),
  );
  await lab.clock.advance(100);
  const expected = [
    'signal not-for-us',
    'signal of another kind',
    'signal malformed',
    'answer to nothing',
    'reject of nothing',
    'attempt closed',
  ];
  expect(expected.filter((what) => a.counter(what) !== 1)).toEqual([]);
  expect(a.events).toEqual([]);
});

test('a flood of signals is cut off before it is opened', async () => {
  const a = lab.peer();
  for (let i = 0; i < MAX_SIGNALS_IN_WORK + 10; i++) a.links.receiveSignal(new Uint8Array(100));
  await lab.clock.advance(10);
  expect(a.counter('signal flood')).toBe(10);
  a.links.receiveSignal(new Uint8Array(100));
  await lab.clock.advance(10);
  expect(a.counter('signal flood')).toBe(10);
});

test('a handler that throws does not harm the link', async () => {
  const [a, b] = await lab.linked();
  a.onMessage = () => {
    throw new Error('a bug in the node');
  };
  b.linkTo(a)!.send(utf8Encode('x'));
  b.linkTo(a)!.send(utf8Encode('y'));
  await lab.clock.advance(100);
  expect(a.events).toEqual(['heard x', 'heard y']);
  expect(a.counter('handler threw')).toBe(2);
});

test('stopping closes links, attempts and wishes, and leaves no timer behind', async () => {
  const [a, b] = await lab.linked({ ledger: { maxDials: 1 } });
  const others = [lab.peer({ name: 'c' }), lab.peer({ name: 'd' })];
  const openings = others.map((other) => a.open(other));
  a.links.stop();
  a.links.stop();
  for (const result of await Promise.all([...openings, a.open(b)])) expect(result).toMatchObject({ code: 'local' });
  await lab.clock.advance(100);
  expect(b.events).toEqual(['down lower closed']);
  expect(a.made.every((connection) => connection.state === 'closed')).toBe(true);
  b.links.stop();
  for (const other of others) other.links.stop();
  await lab.clock.advance(1);
  expect(lab.clock.timerCount).toBe(0);
});
