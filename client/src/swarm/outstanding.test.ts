import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Outstanding } from './outstanding.ts';

test('requests come out in the order they went in, from anywhere, and are counted right', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), block: fc.nat(30) }),
    fc.record({ kind: fc.constant('take' as const), block: fc.nat(30) }),
    fc.record({ kind: fc.constantFrom('shift' as const, 'uncount' as const), block: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new Outstanding();
      let model: { block: number; at: number; isCounted: boolean }[] = [];
      steps.forEach(({ kind, block }, at) => {
        const seen: unknown[] = [];
        const expected: unknown[] = [];
        if (kind === 'push') {
          queue.push(block, at);
          model.push({ block, at, isCounted: true });
        } else if (kind === 'take') {
          const index = model.findIndex((entry) => entry.block === block);
          const [entry] = index < 0 ? [] : model.splice(index, 1);
          seen.push(queue.take(block));
          expected.push(entry ? (entry.isCounted ? 'counted' : 'uncounted') : 'missing');
        } else if (kind === 'shift') {
          const entry = model.shift();
          queue.shift((first, isCounted) => seen.push(first, isCounted));
          if (entry) expected.push(entry.block, entry.isCounted);
        } else {
          queue.uncountAll((each) => seen.push(each));
          expected.push(...model.filter((entry) => entry.isCounted).map((entry) => entry.block));
          model = model.map((entry) => ({ ...entry, isCounted: false }));
        }
        expect(seen).toEqual(expected);
        expect(queue.length).toBe(model.length);
        expect(queue.counted).toBe(model.filter((entry) => entry.isCounted).length);
        expect(queue.oldestAt).toBe(model[0]?.at);
      });
    }),
  );
});
