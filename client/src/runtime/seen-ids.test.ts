import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NodeId } from '../../../shared/src/ids.ts';
import { SeenIds } from './seen-ids.ts';

const sender = (n: number): NodeId => n.toString(16).padStart(40, '0') as NodeId;

test('an id is taken once per sender until it expires', () => {
  const seen = new SeenIds(10, 10, 10);
  expect([seen.add(sender(1), 'a', 100, 0), seen.add(sender(1), 'a', 100, 99)]).toEqual([true, false]);
  expect(seen.add(sender(2), 'a', 100, 0)).toBe(true);
  expect(seen.add(sender(1), 'a', 200, 100)).toBe(true);
});

test('a sender that floods pushes out its own ids, not those of others', () => {
  const seen = new SeenIds(100, 10, 10);
  seen.add(sender(1), 'kept', 1000, 0);
  for (let i = 0; i < 1000; i++) seen.add(sender(2), `flood ${i}`, 1000, 0);
  expect(seen.add(sender(1), 'kept', 1000, 0)).toBe(false);
  expect(seen.size).toBe(11);
});

test('it never holds more than its bounds', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(8), fc.nat(30), fc.integer({ min: 1, max: 50 })), { maxLength: 300 }),
      (adds) => {
        const seen = new SeenIds(20, 6, 5);
        adds.forEach(([from, id, life], now) => {
          seen.add(sender(from), String(id), now + life, now);
          expect(seen.size).toBeLessThanOrEqual(20);
          expect(seen.add(sender(from), String(id), now + life, now)).toBe(false);
        });
      },
    ),
  );
});
