import { beforeEach, describe, expect, test } from 'vitest';
import { binaryText, utf8Encode } from '../../../../shared/src/bytes.ts';
import {
  MAX_ANSWERING,
  MAX_PENDING_OFFERS,
  MAX_TRACKER_INTERVAL_MS,
  MAX_TRACKER_PAUSE_MS,
  MIN_TRACKER_INTERVAL_MS,
  MIN_TRACKER_PAUSE_MS,
  OFFER_PATIENCE_MS,
  TRACKER_INTERVAL_MS,
  TRACKER_PATIENCE_MS,
} from '../../../../shared/src/limits/trackers.ts';
import { randomBelow, randomBytes, seededRng } from '../../../../shared/src/machine.ts';
import { type ConversationInput, type ConversationOutput, TrackerConversation } from './conversation.ts';
import type { Announcer, MadeOffer } from './message.ts';

const ANNOUNCER: Announcer = { infoHash: new Uint8Array(20).fill(1), peerId: utf8Encode('-SK0001-abcdefghijkl') };
const OPENED: ConversationInput = { kind: 'opened', peerId: ANNOUNCER.peerId };
const STAND = { uploaded: 1, downloaded: 2, left: 3 };
const THEIRS = new Uint8Array(20).fill(9);

const offerOf = (n: number): MadeOffer => ({ id: new Uint8Array(20).fill(n), sdp: `offer ${n}` });
const say = (fields: object): ConversationInput => ({
  kind: 'received',
  text: JSON.stringify({ action: 'announce', info_hash: binaryText(ANNOUNCER.infoHash), ...fields }),
});
const offerFrom = (peerId: Uint8Array, offerId: string): ConversationInput =>
  say({ peer_id: binaryText(peerId), offer_id: offerId, offer: { type: 'offer', sdp: 'theirs' } });
const answerTo = (offer: MadeOffer): ConversationInput =>
  say({ peer_id: binaryText(THEIRS), offer_id: binaryText(offer.id), answer: { type: 'answer', sdp: 'theirs' } });

let tracker: TrackerConversation;
let now: number;

const push = (input: ConversationInput): ConversationOutput[] => {
  const out: ConversationOutput[] = [];
  tracker.handle(input, now, out);
  return out;
};
/** Goes to the next deadline, which must not be later than that. */
const wait = (most: number): ConversationOutput[] => {
  const at = tracker.nextDeadline()?.at ?? Infinity;
  expect(at).toBeLessThanOrEqual(now + most);
  now = Math.max(now, at);
  return push({ kind: 'deadline' });
};
const sent = (out: readonly ConversationOutput[]): Record<string, unknown>[] =>
  out.flatMap((output) => (output.kind === 'send' ? [JSON.parse(output.text) as Record<string, unknown>] : []));
const withdrawn = (out: readonly ConversationOutput[]): number[] =>
  out.flatMap((output) => (output.kind === 'withdraw' ? [output.offer[0] as number] : []));
const prepared = (...numbers: readonly number[]): ConversationOutput[] =>
  push({ kind: 'prepared', stand: STAND, offers: numbers.map(offerOf) });

beforeEach(() => {
  tracker = new TrackerConversation(ANNOUNCER.infoHash, seededRng(1));
  now = 0;
});

test('a tracker that is reached is told that we started, and of our offers', () => {
  expect(push({ kind: 'start' })).toEqual([{ kind: 'open' }]);
  expect(tracker.condition).toBe('asking');
  expect(push(OPENED)).toEqual([{ kind: 'prepare' }]);
  expect(sent(prepared(1, 2))).toMatchObject([{ event: 'started', left: 3, numwant: 2 }]);
  push(say({ interval: 120 }));
  expect(tracker.condition).toBe('answered');
});

test('a tracker that does not let itself be reached is tried again after pauses that grow, up to a bound', () => {
  push({ kind: 'start' });
  const pauses: number[] = [];
  for (let i = 0; i < 14; i++) {
    push({ kind: 'closed' });
    expect(tracker.condition).toBe('failed');
    const before = now;
    expect(wait(1.5 * MAX_TRACKER_PAUSE_MS + 1)).toEqual([{ kind: 'open' }]);
    pauses.push(now - before);
  }
  expect(pauses[0]).toBeGreaterThanOrEqual(MIN_TRACKER_PAUSE_MS);
  expect(pauses[3]).toBeGreaterThanOrEqual(8 * MIN_TRACKER_PAUSE_MS);
  expect(pauses.at(-1)).toBeGreaterThanOrEqual(MAX_TRACKER_PAUSE_MS);
});

test('a tracker that says nothing, before or after the announce, is let go and tried again', () => {
  push({ kind: 'start' });
  expect(wait(TRACKER_PATIENCE_MS)).toEqual([{ kind: 'close' }]);
  expect(wait(2 * MIN_TRACKER_PAUSE_MS)).toEqual([{ kind: 'open' }]);
  push(OPENED);
  prepared(1);
  expect(withdrawn(wait(TRACKER_PATIENCE_MS))).toEqual([1]);
  expect(tracker.condition).toBe('failed');
});

describe('of a tracker that answered', () => {
  beforeEach(() => {
    push({ kind: 'start' });
    push(OPENED);
    prepared(1);
    push(say({ interval: 60 }));
  });

  test('it is announced to again at its interval, without an event', () => {
    expect(withdrawn(wait(OFFER_PATIENCE_MS))).toEqual([1]);
    expect(wait(60_000)).toEqual([{ kind: 'prepare' }]);
    expect(now).toBe(60_000);
    const [again] = sent(prepared());
    expect(again).toMatchObject({ numwant: 0, offers: [] });
    expect(again).not.toHaveProperty('event');
  });

  test('an interval that is too short or too long is bounded', () => {
    const next = (interval: number): number => {
      tracker = new TrackerConversation(ANNOUNCER.infoHash, seededRng(1));
      now = 0;
      push({ kind: 'start' });
      push(OPENED);
      prepared();
      push(say({ interval }));
      return tracker.nextDeadline()?.at ?? 0;
    };
    expect(next(0.001)).toBe(MIN_TRACKER_INTERVAL_MS);
    expect(next(1e300)).toBe(MAX_TRACKER_INTERVAL_MS);
    expect(next(-5)).toBe(TRACKER_INTERVAL_MS);
  });

  test('an answer is matched with its offer, once', () => {
    expect(push(answerTo(offerOf(1)))).toEqual([
      { kind: 'accept', offer: offerOf(1).id, peerId: THEIRS, sdp: 'theirs' },
    ]);
    expect(push(answerTo(offerOf(1)))).toEqual([]);
    expect(push(answerTo(offerOf(2)))).toEqual([]);
    expect(tracker.counters.get('unknown-offer')).toBe(2);
  });

  test('an offer that nobody answered is taken back, and its answer comes too late', () => {
    expect(withdrawn(wait(OFFER_PATIENCE_MS))).toEqual([1]);
    expect(push(answerTo(offerOf(1)))).toEqual([]);
  });

  test('the offer of another is answered by way of the tracker', () => {
    const [answer] = push(offerFrom(THEIRS, 'x'));
    expect(answer).toEqual({ kind: 'answer', to: { peerId: THEIRS, offerId: 'x' }, sdp: 'theirs' });
    const out = push({ kind: 'answered', to: { peerId: THEIRS, offerId: 'x' }, sdp: 'ours' });
    expect(sent(out)).toMatchObject([{ to_peer_id: binaryText(THEIRS), offer_id: 'x', answer: { sdp: 'ours' } }]);
  });

  test('an offer that is not answered here is not spoken of', () => {
    push(offerFrom(THEIRS, 'x'));
    expect(push({ kind: 'answered', to: { peerId: THEIRS, offerId: 'x' }, sdp: undefined })).toEqual([]);
    expect(push({ kind: 'answered', to: { peerId: THEIRS, offerId: 'never asked' }, sdp: 'ours' })).toEqual([]);
  });

  test('a flood of offers is answered a few at a time, and the rest counted', () => {
    const out = Array.from({ length: 50 }, (_, i) => push(offerFrom(THEIRS, `offer ${i}`))).flat();
    expect(out).toHaveLength(MAX_ANSWERING);
    expect(tracker.counters.get('too-many')).toBe(50 - MAX_ANSWERING);
    push({ kind: 'answered', to: { peerId: THEIRS, offerId: 'offer 0' }, sdp: undefined });
    expect(push(offerFrom(THEIRS, 'one more'))).toHaveLength(1);
  });

  test('more offers than may wait take the oldest back', () => {
    push({ kind: 'closed' });
    wait(2 * MIN_TRACKER_PAUSE_MS);
    push(OPENED);
    const taken = withdrawn(prepared(...Array.from({ length: MAX_PENDING_OFFERS + 2 }, (_, n) => n + 1)));
    expect(taken).toEqual([1, 2]);
  });

  test('completing is told at once, and the end is told before the connection is closed', () => {
    const done = { ...STAND, left: 0 };
    expect(sent(push({ kind: 'completed', stand: done }))).toMatchObject([{ event: 'completed', left: 0, numwant: 0 }]);
    const out = push({ kind: 'stop', stand: done });
    expect(out.map(({ kind }) => kind)).toEqual(['send', 'close', 'withdraw']);
    expect(sent(out)).toMatchObject([{ event: 'stopped' }]);
    expect(tracker.nextDeadline()).toBeUndefined();
    expect(push({ kind: 'start' })).toEqual([{ kind: 'open' }]);
  });

  test('one that refuses is let go and asked again after a pause, as one that was lost, and its words are kept until then', () => {
    const out = push(say({ 'failure reason': 'not in the mood' }));
    expect(out.map(({ kind }) => kind)).toEqual(['close', 'withdraw']);
    expect([tracker.condition, tracker.reason]).toEqual(['failed', 'not in the mood']);
    expect(wait(2 * MIN_TRACKER_PAUSE_MS)).toEqual([{ kind: 'open' }]);
    expect(tracker.reason).toBe('not in the mood');
    push(OPENED);
    expect([tracker.condition, tracker.reason]).toEqual(['asking', undefined]);
    expect(sent(prepared())).toMatchObject([{ event: 'started' }]);
  });

  test('one that refuses again and again is asked after pauses that grow', () => {
    const pauses = Array.from({ length: 3 }, () => {
      push(say({ 'failure reason': 'no' }));
      const before = now;
      wait(MAX_TRACKER_PAUSE_MS);
      push(OPENED);
      prepared();
      return now - before;
    });
    expect(pauses[0]).toBeLessThanOrEqual(1.5 * MIN_TRACKER_PAUSE_MS);
    expect(pauses[2]).toBeGreaterThanOrEqual(4 * MIN_TRACKER_PAUSE_MS);
  });

  test('its refusal is forgotten when it cannot be reached the next time', () => {
    push(say({ 'failure reason': 'no' }));
    wait(2 * MIN_TRACKER_PAUSE_MS);
    push({ kind: 'closed' });
    expect([tracker.condition, tracker.reason]).toEqual(['failed', undefined]);
  });

  test('a tracker that was lost is told anew that we started', () => {
    expect(withdrawn(push({ kind: 'closed' }))).toEqual([1]);
    wait(2 * MIN_TRACKER_PAUSE_MS);
    push(OPENED);
    expect(sent(prepared())).toMatchObject([{ event: 'started' }]);
  });
});

test('offers that were made for a connection that is gone are taken back', () => {
  push({ kind: 'start' });
  push(OPENED);
  push({ kind: 'closed' });
  expect(prepared(1, 2)).toEqual([
    { kind: 'withdraw', offer: offerOf(1).id },
    { kind: 'withdraw', offer: offerOf(2).id },
  ]);
});

test('whatever comes in whatever order, nothing is thrown, and every offer that was taken in is accepted or taken back', () => {
  for (let seed = 0; seed < 100; seed++) {
    const rng = seededRng(seed);
    tracker = new TrackerConversation(ANNOUNCER.infoHash, rng);
    now = 0;
    const open = new Set<string>();
    const settle = (out: readonly ConversationOutput[]): void => {
      for (const output of out)
        if (output.kind === 'accept' || output.kind === 'withdraw') open.delete(binaryText(output.offer));
    };
    for (let step = 0; step < 200; step++) {
      now += randomBelow(rng, 30_000);
      const offers = Array.from({ length: randomBelow(rng, 4) }, () => ({ id: randomBytes(rng, 20), sdp: 'x' }));
      const to = { peerId: randomBytes(rng, 20), offerId: `${randomBelow(rng, 3)}` };
      const [some] = open;
      const known = Uint8Array.from(some ?? '', (character) => character.charCodeAt(0));
      const inputs: readonly ConversationInput[] = [
        { kind: 'start' },
        OPENED,
        OPENED,
        { kind: 'closed' },
        { kind: 'completed', stand: STAND },
        { kind: 'deadline' },
        { kind: 'deadline' },
        { kind: 'prepared', stand: STAND, offers },
        { kind: 'prepared', stand: STAND, offers },
        { kind: 'answered', to, sdp: 'x' },
        say({ interval: randomBelow(rng, 100) }),
        say({ 'failure reason': 'x' }),
        { kind: 'received', text: undefined },
        { kind: 'received', text: '{' },
        offerFrom(to.peerId, to.offerId),
        answerTo({ id: known, sdp: '' }),
        ...(randomBelow(rng, 10) === 0 ? [{ kind: 'stop', stand: STAND } as const] : []),
      ];
      const input = inputs[randomBelow(rng, inputs.length)]!;
      if (input.kind === 'prepared') for (const { id } of input.offers) open.add(binaryText(id));
      settle(push(input));
      expect(open.size).toBeLessThanOrEqual(MAX_PENDING_OFFERS);
    }
    settle(push({ kind: 'stop', stand: STAND }));
    expect(open.size).toBe(0);
  }
});
