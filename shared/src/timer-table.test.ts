import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TimerTable } from './timer-table.ts';

test('timers expire in order of time, and at one instant in the order they were set', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.nat(50)), { maxLength: 200 }), (settings) => {
      const table = new TimerTable<number>();
      const model = new Map<number, { at: number; order: number }>();
      settings.forEach(([key, at], order) => {
        table.set(key, at, 'test');
        model.set(key, { at, order });
      });
      const expected = [...model].sort(([, a], [, b]) => a.at - b.at || a.order - b.order).map(([key]) => key);
      const expired: number[] = [];
      for (let key = table.takeExpired(50); key !== undefined; key = table.takeExpired(50)) expired.push(key);
      expect(expired).toEqual(expected);
      expect(table.size).toBe(0);
    }),
  );
});

test('a timer that is not due stays, and a cleared one never fires', () => {
  const table = new TimerTable<string>();
  table.set('early', 10, 'early');
  table.set('late', 20, 'late');
  table.clear('early');
  expect(table.next()).toMatchObject({ at: 20, why: 'late' });
  expect(table.takeExpired(19)).toBeUndefined();
  expect(table.takeExpired(20)).toBe('late');
});
