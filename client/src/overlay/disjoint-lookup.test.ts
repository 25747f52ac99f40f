import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKeys } from '../../../shared/src/ids.ts';
import { HEDGE_MS, LANE_CONFIRMED } from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { ContactCache } from './contact-cache.ts';
import { FRAME, encodeAck } from './link-frames.ts';
import { closestOf } from './lookup.ts';
import { Overlay } from './overlay.ts';
import { encodeReply } from './reply-frame.ts';
import { ROUTE_EXACT, ROUTE_LANE_MASK, type RouteFrame, decodeRoute } from './route-frame.ts';
import type { OverlayInput, OverlayOutput, OverlayResult } from './types.ts';

const rng = seededRng(21);
const person = (): Contact => contactFromKeys(randomBytes(rng, 32), randomBytes(rng, 32));
const self = person();
const peers = Array.from({ length: 24 }, person);
const key = person().id;
const cache = new ContactCache();
const NOTHING = new Uint8Array(0);

/** A question that left, and through whom. */
interface Sent {
  readonly to: NodeId;
  readonly frame: RouteFrame;
}

/** One machine with links to `peers`, whose answers the test gives. */
class Bench {
  readonly machine = new Overlay({ self, rng: seededRng(1) });
  readonly results: OverlayResult[] = [];
  now = 0;

  constructor() {
    for (const peer of peers) this.feed({ kind: 'linkUp', peer, isOutbound: true });
    this.run(30_000);
  }

  /** The questions for `key` that an input caused. */
  feed(input: OverlayInput): Sent[] {
    const out: OverlayOutput[] = [];
    this.machine.handle(input, this.now, out);
    return this.#take(out);
  }

  /** Lets time pass; what leaves meanwhile. Links stay up: every peer is heard all the while. */
  run(until: number): Sent[] {
    const sent: Sent[] = [];
    while (this.now < until) {
      this.now = Math.min(until, this.now + 100);
      for (const { id } of peers)
        this.machine.handle(
          { kind: 'received', from: id, bytes: encodeAck({ id: '0000', status: 'accepted' }) },
          this.now,
          [],
        );
      sent.push(...this.feed({ kind: 'deadline' }));
    }
    return sent;
  }

  lookup(disjoint: number): Sent[] {
    return this.feed({
      kind: 'command',
      command: { kind: 'lookup', op: 1, key, mode: 'recursive', disjoint, timeoutMs: 10_000 },
    });
  }

  acknowledge({ to, frame }: Sent): void {
    this.feed({ kind: 'received', from: to, bytes: encodeAck({ id: frame.id, status: 'accepted' }) });
  }

  /** `end` answers and names `named`. */
  answer({ to, frame }: Sent, end: NodeId, named: readonly Contact[]): Sent[] {
    const closest = named.map((contact) => ({ contact, age: 0 }));
    const fields = {
      id: frame.id,
      status: 'ok',
      hops: 1,
      payload: NOTHING,
      closest,
      trail: [...new Set([end, to])].map((id) => ({ id, samples: [] })),
    } as const;
    return this.feed({ kind: 'received', from: to, bytes: encodeReply(fields) });
  }

  #take(out: readonly OverlayOutput[]): Sent[] {
    return out.flatMap((output) => {
      if (output.kind === 'emit' && output.event.kind === 'result') this.results.push(output.event.result);
      if (output.kind !== 'send' || output.bytes[1] !== FRAME.route) return [];
      const frame = decodeRoute(output.bytes, cache);
      return frame && hasKey(frame) ? [{ to: output.to, frame }] : [];
    });
  }
}

/** True for questions that ask for `key`. */
function hasKey({ payload }: RouteFrame): boolean {
  return Buffer.from(payload.subarray(0, 20)).toString('hex') === key;
}

const isExact = ({ frame }: Sent): boolean => (frame.flags & ROUTE_EXACT) !== 0;
const honest = closestOf(key, peers, 20);

test.each([2, 4, 8])('%i copies leave at once, each through a first hop and in a lane of its own', (disjoint) => {
  const sent = new Bench().lookup(disjoint);
  expect(sent).toHaveLength(disjoint);
  expect(new Set(sent.map(({ to }) => to)).size).toBe(disjoint);
  expect(new Set(sent.map(({ frame }) => frame.flags & ROUTE_LANE_MASK)).size).toBe(disjoint);
});

test('one copy has no lane', () => {
  expect(new Bench().lookup(1).map(({ frame }) => frame.flags)).toEqual([0]);
});

test('the closest peers named are asked themselves, and only those that answer are found', () => {
  const bench = new Bench();
  const dead = closestOf(key, Array.from({ length: 400 }, person), 1);
  const copies = bench.lookup(4);
  const asked: Sent[] = [];
  for (const copy of copies) asked.push(...bench.answer(copy, copy.to, [...dead, ...honest].slice(0, 20)));
  for (let i = 0; i < 100; i++) {
    for (const question of [...asked.splice(0), ...bench.run(bench.now + 100)]) {
      bench.acknowledge(question);
      if (question.frame.target !== dead[0]?.id) asked.push(...bench.answer(question, question.frame.target, honest));
    }
  }
  const [result] = bench.results;
  if (result?.kind !== 'lookup') throw new Error('not found');
  const ids = result.closest.map(({ id }) => id).filter((id) => id !== self.id);
  expect(ids).not.toContain(dead[0]?.id);
  expect(ids.slice(0, LANE_CONFIRMED)).toEqual(honest.slice(0, LANE_CONFIRMED).map(({ id }) => id));
});

test('a copy that stays silent is sent again through a first hop that no copy has taken', () => {
  const bench = new Bench();
  const copies = bench.lookup(4);
  for (const copy of copies) bench.acknowledge(copy);
  const again = bench.run(bench.now + HEDGE_MS + 100).filter((sent) => !isExact(sent));
  expect(again).toHaveLength(4);
  expect(new Set([...copies, ...again].map(({ to }) => to)).size).toBe(8);
});

test('when all copies are swallowed, peers linked to us are asked one by one', () => {
  const bench = new Bench();
  for (const copy of bench.lookup(2)) bench.acknowledge(copy);
  const direct: Sent[] = [];
  for (let i = 0; i < 80; i++) {
    for (const question of bench.run(bench.now + 100)) {
      bench.acknowledge(question);
      if (isExact(question)) direct.push(question, ...bench.answer(question, question.frame.target, honest));
    }
  }
  expect(direct.length).toBeGreaterThan(0);
  expect(bench.results[0]?.kind).toBe('lookup');
});

test('a peer that only one copy named is asked through another copy first', () => {
  const bench = new Bench();
  const [first, second] = bench.lookup(2);
  if (!first || !second) throw new Error('fewer than two copies');
  const ghost = closestOf(key, Array.from({ length: 400 }, person), 1);
  bench.answer(first, first.to, [...ghost, ...honest].slice(0, 20));
  const asked = bench.answer(second, second.to, honest);
  const question = asked.find(({ frame }) => frame.target === ghost[0]?.id);
  expect(question?.to).toBe(second.to);
});

test('the peer that answered a copy is found although nobody else names it', () => {
  const bench = new Bench();
  const end = closestOf(key, Array.from({ length: 400 }, person), 1);
  const asked: Sent[] = [];
  for (const copy of bench.lookup(2)) asked.push(...bench.answer(copy, end[0]?.id as NodeId, [...end, ...honest]));
  for (let question = asked.shift(); question; question = asked.shift())
    asked.push(...bench.answer(question, question.frame.target, honest));
  bench.run(bench.now + 10_000);
  const [result] = bench.results;
  expect(result?.kind === 'lookup' && result.closest.some(({ id }) => id === end[0]?.id)).toBe(true);
});

test('a cancelled lookup leaves nothing open and sends nothing more', () => {
  const bench = new Bench();
  for (const copy of bench.lookup(8)) bench.acknowledge(copy);
  expect(bench.machine.openOperations).toBe(1);
  bench.feed({ kind: 'command', command: { kind: 'cancel', op: 1 } });
  expect(bench.machine.openOperations).toBe(0);
  expect(bench.run(bench.now + 20_000)).toEqual([]);
  expect(bench.results).toEqual([]);
});

test.each([1, 2, 8])('with %i copies the deadline ends a lookup that nobody answers', (disjoint) => {
  const bench = new Bench();
  for (const copy of bench.lookup(disjoint)) bench.acknowledge(copy);
  for (let i = 0; i < 101; i++) for (const question of bench.run(bench.now + 100)) bench.acknowledge(question);
  expect(bench.results).toEqual([{ kind: 'failed', code: 'timeout' }]);
  expect(bench.machine.openOperations).toBe(0);
});
