import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BoundedMap } from './bounded-map.ts';

test('it never holds more than its capacity, and keeps what was set last', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 8 }), fc.array(fc.nat(20), { maxLength: 60 }), (capacity, keys) => {
      const map = new BoundedMap<number, number>(capacity);
      keys.forEach((key, index) => map.set(key, index));
      const youngest = [...new Set(keys.toReversed())].slice(0, capacity);
      expect(map.size).toBe(youngest.length);
      for (const key of youngest) expect(map.get(key)).toBe(keys.lastIndexOf(key));
    }),
  );
});
