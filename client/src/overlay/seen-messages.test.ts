import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_SEEN_MESSAGES, REVERSE_STATE_MS } from '../../../shared/src/limits/overlay.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { SeenMessages } from './seen-messages.ts';

const idOf = (high: number, low: number): string =>
  String.fromCharCode(high >>> 16, high & 0xffff, low >>> 16, low & 0xffff);

test('a message is remembered for its life and forgotten after twice that', () => {
  const seen = new SeenMessages(seededRng(1));
  const id = idOf(1, 2);
  seen.add(id, 1_000);
  seen.turn(1_000 + REVERSE_STATE_MS - 1);
  expect(seen.has(id)).toBe(true);
  seen.turn(1_000 + 2 * REVERSE_STATE_MS);
  seen.turn(1_000 + 3 * REVERSE_STATE_MS);
  expect(seen.has(id)).toBe(false);
});

test('a flood of messages pushes out older ones, never the newest', () => {
  const seen = new SeenMessages(seededRng(1));
  for (let i = 0; i < 3 * MAX_SEEN_MESSAGES; i++) seen.add(idOf(7, i), 0);
  expect(seen.has(idOf(7, 0))).toBe(false);
  for (let i = 2 * MAX_SEEN_MESSAGES; i < 3 * MAX_SEEN_MESSAGES; i++) expect(seen.has(idOf(7, i))).toBe(true);
});

test('exactly the ids that were added are known, however alike they are', () => {
  const word = fc.oneof(fc.nat(3), fc.nat(0xffff_ffff));
  const ids = fc.array(fc.tuple(word, word), { maxLength: 300 });
  fc.assert(
    fc.property(ids, ids, (added, others) => {
      const seen = new SeenMessages(seededRng(1));
      for (const [high, low] of added) seen.add(idOf(high, low), 0);
      const model = new Set(added.map(([high, low]) => idOf(high, low)));
      for (const [high, low] of [...added, ...others])
        expect(seen.has(idOf(high, low))).toBe(model.has(idOf(high, low)));
    }),
  );
});

/** The quickest of several runs in which a whole generation is added and asked for. [ms] */
function quickest(idAt: (index: number) => string): number {
  const ids = Array.from({ length: MAX_SEEN_MESSAGES - 1 }, (_, i) => idAt(i));
  const runs = Array.from({ length: 8 }, () => {
    const seen = new SeenMessages(seededRng(1));
    const startedAt = performance.now();
    for (const id of ids) seen.add(id, 0);
    for (const id of ids) seen.has(id);
    return performance.now() - startedAt;
  });
  return Math.min(...runs);
}

test('ids that a peer chose so that their halves cancel out take no longer to find than others', () => {
  const rng = seededRng(2);
  const random = quickest(() => idOf(rng.nextUint32(), rng.nextUint32()));
  const chosen = quickest((i) => idOf(i, i));
  // As many steps as there are ids take 50 times as long.
  expect(chosen / random).toBeLessThan(10);
});
