import { expect, test } from 'vitest';
import type { Contact } from '../../../shared/src/ids.ts';
import { HEDGE_MS, MAX_ATTEMPTS, MAX_HOP_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import { closestOf } from './lookup.ts';
import { LookupBench, type Sent, honest, isExact, key, person } from './lookup-test-kit.ts';

/** Peers without a link to us that are closer to the key than all who have one, nearest first. */
const near = closestOf(key, [...Array.from({ length: 400 }, person), ...honest], 3);
const [first, , third] = near as [Contact, Contact, Contact];
const named = [...near, ...honest].slice(0, 20);

/** The copies of a lookup that stay unanswered until `until`; the last one. */
function lastCopy(bench: LookupBench, until: number): Sent {
  const copies = bench.lookup(1);
  for (const copy of copies) bench.acknowledge(copy);
  while (bench.now < until) {
    const more = bench.run(bench.now + 100);
    for (const copy of more) bench.acknowledge(copy);
    copies.push(...more);
  }
  return copies.at(-1) as Sent;
}

/** Runs until the lookup ends; `ask` is given every question to a single peer. */
function finish(bench: LookupBench, questions: readonly Sent[], ask: (question: Sent) => readonly Sent[]): string[] {
  const open = [...questions];
  while (bench.results.length === 0 && bench.now < 60_000) {
    for (const question of open.splice(0)) {
      bench.acknowledge(question);
      if (isExact(question)) open.push(...ask(question));
    }
    open.push(...bench.run(bench.now + 100));
  }
  const [result] = bench.results;
  return result?.kind === 'lookup' ? result.closest.map(({ id }) => id) : [];
}

test('a closer peer that a late answer names has as much time to answer for itself as one that an early answer names', () => {
  const bench = new LookupBench();
  const copy = lastCopy(bench, bench.now + (MAX_ATTEMPTS + 1) * HEDGE_MS - 200);
  const [question] = bench.answer(copy, copy.to, named);
  expect(question?.frame.target).toBe(first.id);
  bench.acknowledge(question as Sent);
  bench.run(bench.now + 500);
  expect(bench.results).toEqual([]);
  bench.answer(question as Sent, first.id, named);
  expect(finish(bench, [], () => []).slice(0, 3)).toEqual(near.map(({ id }) => id));
});

test('a closer peer that answers through another copy once the first is late is found', () => {
  const bench = new LookupBench();
  const asked: Sent[] = [];
  const [copy] = bench.lookup(1);
  const questions = bench.answer(copy as Sent, (copy as Sent).to, named);
  const found = finish(bench, questions, (question) => {
    asked.push(question);
    return asked.length === 1 ? [] : bench.answer(question, first.id, named);
  });
  expect(asked.map(({ frame }) => frame.target)).toEqual([first.id, first.id]);
  expect(found.slice(0, 3)).toEqual(near.map(({ id }) => id));
});

test('a closer peer that stands still for a second is waited for, however quick answers were so far', () => {
  const bench = new LookupBench();
  const [copy] = bench.lookup(1);
  const [question] = bench.answer(copy as Sent, (copy as Sent).to, named);
  bench.acknowledge(question as Sent);
  for (let waited = 0; waited < 1_200; waited += 100)
    bench.run(bench.now + 100).forEach((more) => bench.acknowledge(more));
  expect(bench.results).toEqual([]);
  bench.answer(question as Sent, first.id, named);
  expect(finish(bench, [], () => []).slice(0, 3)).toEqual(near.map(({ id }) => id));
});

test('closer peers named that do not answer are left out, one after the other', () => {
  const bench = new LookupBench();
  const [copy] = bench.lookup(1);
  const questions = bench.answer(copy as Sent, (copy as Sent).to, named);
  const found = finish(bench, questions, (question) =>
    question.frame.target === third.id ? bench.answer(question, third.id, named) : [],
  );
  expect(found.slice(0, 2)).toEqual([third.id, honest[0]?.id]);
});

test('a linked peer that let the question wait is named only once it has answered for itself', () => {
  const bench = new LookupBench();
  const [dead, next] = honest as [Contact, Contact];
  bench.silent.add(dead.id);
  bench.run(bench.now + 100);
  expect(bench.lookup(1).map(({ to }) => to)).toEqual([dead.id]);
  const rerouted = bench.run(bench.now + MAX_HOP_TIMEOUT_MS).find(({ to }) => to === next.id) as Sent;
  const questions = bench.answer(rerouted, next.id, honest);
  expect(questions.map(({ frame }) => frame.target)).toEqual([dead.id]);
  expect(finish(bench, questions, () => [])[0]).toBe(next.id);
});
