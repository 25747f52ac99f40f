import { expect, test } from 'vitest';
import type { NodeId } from '../../../shared/src/ids.ts';
import { HEDGE_MS, LANE_CONFIRMED } from '../../../shared/src/limits/overlay.ts';
import { closestOf } from './lookup.ts';
import { LookupBench, type Sent, honest, isExact, key, person, self } from './lookup-test-kit.ts';
import { ROUTE_LANE_MASK } from './route-frame.ts';

test.each([2, 4, 8])('%i copies leave at once, each through a first hop and in a lane of its own', (disjoint) => {
  const sent = new LookupBench().lookup(disjoint);
  expect(sent).toHaveLength(disjoint);
  expect(new Set(sent.map(({ to }) => to)).size).toBe(disjoint);
  expect(new Set(sent.map(({ frame }) => frame.flags & ROUTE_LANE_MASK)).size).toBe(disjoint);
});

test('one copy has no lane', () => {
  expect(new LookupBench().lookup(1).map(({ frame }) => frame.flags)).toEqual([0]);
});

test('the closest peers named are asked themselves, and only those that answer are found', () => {
  const bench = new LookupBench();
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
  const bench = new LookupBench();
  const copies = bench.lookup(4);
  for (const copy of copies) bench.acknowledge(copy);
  const again = bench.run(bench.now + HEDGE_MS + 100).filter((sent) => !isExact(sent));
  expect(again).toHaveLength(4);
  expect(new Set([...copies, ...again].map(({ to }) => to)).size).toBe(8);
});

test('when all copies are swallowed, peers linked to us are asked one by one', () => {
  const bench = new LookupBench();
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
  const bench = new LookupBench();
  const [first, second] = bench.lookup(2);
  if (!first || !second) throw new Error('fewer than two copies');
  const ghost = closestOf(key, Array.from({ length: 400 }, person), 1);
  bench.answer(first, first.to, [...ghost, ...honest].slice(0, 20));
  const asked = bench.answer(second, second.to, honest);
  const question = asked.find(({ frame }) => frame.target === ghost[0]?.id);
  expect(question?.to).toBe(second.to);
});

test('the peer that answered a copy is found although nobody else names it', () => {
  const bench = new LookupBench();
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
  const bench = new LookupBench();
  for (const copy of bench.lookup(8)) bench.acknowledge(copy);
  expect(bench.machine.openOperations).toBe(1);
  bench.feed({ kind: 'command', command: { kind: 'cancel', op: 1 } });
  expect(bench.machine.openOperations).toBe(0);
  expect(bench.run(bench.now + 20_000)).toEqual([]);
  expect(bench.results).toEqual([]);
});

test.each([1, 2, 8])('with %i copies the deadline ends a lookup that nobody answers', (disjoint) => {
  const bench = new LookupBench();
  for (const copy of bench.lookup(disjoint)) bench.acknowledge(copy);
  for (let i = 0; i < 101; i++) for (const question of bench.run(bench.now + 100)) bench.acknowledge(question);
  expect(bench.results).toEqual([{ kind: 'failed', code: 'timeout' }]);
  expect(bench.machine.openOperations).toBe(0);
});
