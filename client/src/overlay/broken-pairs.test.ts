import { expect, test } from 'vitest';
import { contactFromKey } from '../../../shared/src/ids.ts';
import { MAX_BROKEN_PAIRS, PAIR_HOLD_OFF_MS } from '../../../shared/src/limits/virtual-links.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { BrokenPairs } from './broken-pairs.ts';

const rng = seededRng(1);
const newId = () => contactFromKey(randomBytes(rng, 32)).id;

test('a pair counts as broken for ten minutes from its newest failure, unless it connects', () => {
  const pairs = new BrokenPairs();
  const id = newId();
  expect(pairs.has(id, 0)).toBe(false);
  pairs.add(id, 1_000);
  expect([pairs.has(id, PAIR_HOLD_OFF_MS + 999), pairs.has(id, PAIR_HOLD_OFF_MS + 1_000)]).toEqual([true, false]);
  pairs.add(id, PAIR_HOLD_OFF_MS);
  expect(pairs.has(id, PAIR_HOLD_OFF_MS + 1_000)).toBe(true);
  pairs.delete(id);
  expect([pairs.has(id, PAIR_HOLD_OFF_MS + 1_000), pairs.mayDial(id, PAIR_HOLD_OFF_MS + 1_000)]).toEqual([false, true]);
});

test('a pair that failed once is tried again soon, and every further time later, up to ten minutes', () => {
  const pairs = new BrokenPairs();
  const id = newId();
  expect(pairs.mayDial(id, 0)).toBe(true);
  let now = 0;
  const pauses = [1, 2, 3, 4].map(() => {
    pairs.add(id, now);
    const failedAt = now;
    while (!pairs.mayDial(id, now)) now += 1_000;
    return now - failedAt;
  });
  expect(pauses).toEqual([30_000, 120_000, 480_000, PAIR_HOLD_OFF_MS]);
});

test('beyond the bound the oldest pair is forgotten, and pairs whose time is over make room first', () => {
  const pairs = new BrokenPairs();
  const ids = Array.from({ length: MAX_BROKEN_PAIRS + 1 }, newId);
  for (const id of ids) pairs.add(id, 0);
  expect(pairs.size).toBe(MAX_BROKEN_PAIRS);
  expect(ids.filter((id) => !pairs.has(id, 1))).toEqual(ids.slice(0, 1));
  pairs.add(newId(), PAIR_HOLD_OFF_MS);
  expect(pairs.size).toBe(1);
});
