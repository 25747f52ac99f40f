import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_SEEN_MESSAGES, REVERSE_STATE_MS } from '../../../shared/src/limits/overlay.ts';
import { SeenMessages } from './seen-messages.ts';

const idOf = (high: number, low: number): string =>
  String.fromCharCode(high >>> 16, high & 0xffff, low >>> 16, low & 0xffff);

test('a message is remembered for its life and forgotten after twice that', () => {
  const seen = new SeenMessages();
  const id = idOf(1, 2);
  seen.add(id, 1_000);
  seen.turn(1_000 + REVERSE_STATE_MS - 1);
  expect(seen.has(id)).toBe(true);
  seen.turn(1_000 + 2 * REVERSE_STATE_MS);
  seen.turn(1_000 + 3 * REVERSE_STATE_MS);
  expect(seen.has(id)).toBe(false);
});

test('a flood of messages pushes out older ones, never the newest', () => {
  const seen = new SeenMessages();
  for (let i = 0; i < 3 * MAX_SEEN_MESSAGES; i++) seen.add(idOf(7, i), 0);
  expect(seen.has(idOf(7, 0))).toBe(false);
  for (let i = 2 * MAX_SEEN_MESSAGES; i < 3 * MAX_SEEN_MESSAGES; i++) expect(seen.has(idOf(7, i))).toBe(true);
});

test('exactly the ids that were added are known, however alike they are', () => {
  const word = fc.oneof(fc.nat(3), fc.nat(0xffff_ffff));
  const ids = fc.array(fc.tuple(word, word), { maxLength: 300 });
  fc.assert(
    fc.property(ids, ids, (added, others) => {
      const seen = new SeenMessages();
      for (const [high, low] of added) seen.add(idOf(high, low), 0);
      const model = new Set(added.map(([high, low]) => idOf(high, low)));
      for (const [high, low] of [...added, ...others])
        expect(seen.has(idOf(high, low))).toBe(model.has(idOf(high, low)));
    }),
  );
});
