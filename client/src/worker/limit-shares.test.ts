import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type LimitUser, divideLimit } from './limit-shares.ts';

const MB = 1_000_000;

const user = fc.record({
  bytesPerSecond: fc.nat(20 * MB),
  limit: fc.option(fc.nat(20 * MB), { nil: undefined }),
});

const free = (bytesPerSecond: number): LimitUser => ({ bytesPerSecond, limit: undefined });

test('the parts never add up to more than the limit, and nobody gets more than its own limit', () => {
  fc.assert(
    fc.property(fc.nat(50 * MB), fc.array(user, { maxLength: 20 }), (total, users) => {
      const parts = divideLimit(total, users);
      expect(parts.length).toBe(users.length);
      expect(parts.reduce((all, part) => all + part, 0)).toBeLessThanOrEqual(total);
      parts.forEach((part, at) => expect(part).toBeLessThanOrEqual(users[at]?.limit ?? Infinity));
    }),
  );
});

test('the whole limit is given out as long as somebody may take it', () => {
  fc.assert(
    fc.property(fc.nat(50 * MB), fc.array(user, { minLength: 1, maxLength: 20 }), (total, users) => {
      const given = divideLimit(total, [...users, free(0)]).reduce((all, part) => all + part, 0);
      expect(given).toBeGreaterThanOrEqual(total - users.length - 1);
    }),
  );
});

test('those who all want more get equal parts', () => {
  expect(divideLimit(3 * MB, [free(5 * MB), free(2 * MB), free(9 * MB)])).toEqual([MB, MB, MB]);
});

test('what one leaves is the others’', () => {
  const [idle = 0, busy = 0] = divideLimit(4 * MB, [free(0), free(4 * MB)]);
  expect(idle).toBeGreaterThan(0);
  expect(busy).toBeGreaterThan(3.9 * MB);
});
