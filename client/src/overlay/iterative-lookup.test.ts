import { expect, test } from 'vitest';
import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import {
  BUCKET_CAPACITY,
  LOOKUP_CONFIRMED,
  LOOKUP_PLACES_PER_NAMER,
  MAX_FRAME_CONTACTS,
} from '../../../shared/src/limits/overlay.ts';
import { closestOf } from './lookup.ts';
import { LookupBench, type Sent, honest, key, person, self } from './lookup-test-kit.ts';

/** Made-up peers that are closer to the key than all others. */
const fakes = closestOf(key, Array.from({ length: 4_000 }, person), MAX_FRAME_CONTACTS);
const [first, second, third, , , , , eighth] = honest.map(({ id }) => id);
const closestSeven = honest.slice(0, 7).map(({ id }) => id);

function iterative(bench: LookupBench): Sent[] {
  return bench.feed({
    kind: 'command',
    command: { kind: 'lookup', op: 1, key, mode: 'iterative', timeoutMs: 10_000 },
  });
}

/** Runs until the lookup ends. Asked peers answer with what `named` says, or not at all. */
function finish(bench: LookupBench, questions: Sent[], named: (id: NodeId) => readonly Contact[] | undefined): Sent[] {
  const asked: Sent[] = [];
  const open = [...questions];
  while (bench.results.length === 0 && bench.now < 60_000) {
    for (let question = open.shift(); question; question = open.shift()) {
      asked.push(question);
      bench.acknowledge(question);
      const contacts = named(question.frame.target);
      if (contacts) open.push(...bench.answer(question, question.frame.target, contacts));
    }
    open.push(...bench.run(bench.now + 100));
  }
  return asked;
}

function found(bench: LookupBench): NodeId[] {
  const [result] = bench.results;
  return result?.kind === 'lookup' ? result.closest.map(({ id }) => id).filter((id) => id !== self.id) : [];
}

test('closest peers that answered are found although a liar names as many made-up closer ones as an answer takes', () => {
  const bench = new LookupBench();
  const linked = honest.map(({ id }) => id);
  finish(bench, iterative(bench), (id) => {
    if (id === eighth) return fakes;
    return linked.includes(id) ? honest : undefined;
  });
  expect(found(bench).slice(0, 7)).toEqual(closestSeven);
});

test('one peer has a lookup ask no more made-up ones than one answer names', () => {
  const bench = new LookupBench();
  const made = new Set(fakes.map(({ id }) => id));
  const asked = finish(bench, iterative(bench), (id) => {
    if (made.has(id)) return undefined;
    return id === first ? fakes : honest;
  });
  expect(new Set(asked.map(({ frame }) => frame.target).filter((id) => made.has(id))).size).toBeLessThanOrEqual(
    BUCKET_CAPACITY,
  );
});

test('when those that one peer named first are dead, the others that it named are found', () => {
  const bench = new LookupBench();
  const alive = fakes.slice(LOOKUP_PLACES_PER_NAMER, BUCKET_CAPACITY).map(({ id }) => id);
  const dead = new Set(fakes.slice(0, LOOKUP_PLACES_PER_NAMER).map(({ id }) => id));
  finish(bench, iterative(bench), (id) => {
    if (dead.has(id)) return undefined;
    return id === first ? fakes : honest;
  });
  expect(found(bench).slice(0, LOOKUP_CONFIRMED)).toEqual(alive.slice(0, LOOKUP_CONFIRMED));
});

test('an audited lookup finds the closest peers that answered although one of the copies comes back full of made-up ones', () => {
  const bench = new LookupBench();
  const copies = bench.lookup(4);
  const asked = copies.flatMap((copy, i) => {
    bench.acknowledge(copy);
    return bench.answer(copy, copy.to, i === 3 ? fakes : honest);
  });
  finish(bench, asked, (id) => (honest.some((peer) => peer.id === id) ? honest : undefined));
  expect(found(bench).slice(0, 3)).toEqual([first, second, third]);
});
