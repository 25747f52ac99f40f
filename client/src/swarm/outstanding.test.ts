import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Outstanding, type RequestState } from './outstanding.ts';

test('requests come out in the order they went in, from anywhere, and are counted right', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), block: fc.nat(30) }),
    fc.record({ kind: fc.constantFrom('take' as const, 'cancel' as const, 'recount' as const), block: fc.nat(30) }),
    fc.record({ kind: fc.constantFrom('shift' as const, 'uncount' as const), block: fc.constant(0) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new Outstanding();
      let model: { block: number; at: number; state: RequestState }[] = [];
      steps.forEach(({ kind, block }, at) => {
        const seen: unknown[] = [];
        const expected: unknown[] = [];
        if (kind === 'push') {
          queue.push(block, at);
          model.push({ block, at, state: 'counted' });
        } else if (kind === 'take') {
          const index = model.findIndex((entry) => entry.block === block);
          const [entry] = index < 0 ? [] : model.splice(index, 1);
          seen.push(queue.take(block));
          expected.push(entry?.state ?? 'missing');
        } else if (kind === 'cancel') {
          const entry = model.findLast((each) => each.block === block && each.state !== 'cancelled');
          seen.push(queue.cancel(block));
          expected.push(entry?.state ?? 'missing');
          if (entry) entry.state = 'cancelled';
        } else if (kind === 'recount') {
          const entry = model.find((each) => each.block === block && each.state === 'uncounted');
          seen.push(queue.recount(block));
          expected.push(entry !== undefined);
          if (entry) entry.state = 'counted';
        } else if (kind === 'shift') {
          const entry = model.shift();
          queue.shift((first, isCounted) => seen.push(first, isCounted));
          if (entry) expected.push(entry.block, entry.state === 'counted');
        } else {
          queue.uncountAll((each) => seen.push(each));
          expected.push(...model.filter(({ state }) => state === 'counted').map((entry) => entry.block));
          model = model.map((entry) => (entry.state === 'counted' ? { ...entry, state: 'uncounted' } : entry));
        }
        expect(seen).toEqual(expected);
        expect(queue.length).toBe(model.length);
        expect(queue.counted).toBe(model.filter(({ state }) => state === 'counted').length);
        expect(queue.oldestAt).toBe(model[0]?.at);
        expect(queue.blocks()).toEqual(model.filter(({ state }) => state !== 'cancelled').map((entry) => entry.block));
      });
    }),
  );
});
