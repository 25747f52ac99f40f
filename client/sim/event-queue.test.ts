import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Action, EventQueue } from './event-queue.ts';

/** Far beyond the wheel, next to each other, and at the same instant. */
const instants = fc.array(fc.oneof(fc.nat(20), fc.nat(5_000), fc.nat(200_000)), { maxLength: 200 });

test('events come out by instant, and in the order they went in at one instant', () => {
  fc.assert(
    fc.property(instants, instants, (first, second) => {
      const queue = new EventQueue();
      const ran: number[] = [];
      const times: number[] = [];
      const add = (at: number): void => {
        const order = times.push(at) - 1;
        queue.push(at, new Action(() => ran.push(order)));
      };
      first.forEach(add);
      const middle = 2_500;
      for (let event = queue.pop(middle); event; event = queue.pop(middle)) event.run();
      for (const delay of second) add(middle + delay);
      for (let event = queue.pop(1e6); event; event = queue.pop(1e6)) event.run();
      const expected = times.map((at, order) => ({ at, order })).sort((a, b) => a.at - b.at || a.order - b.order);
      expect(ran).toEqual(expected.map(({ order }) => order));
      expect(queue.size).toBe(0);
    }),
  );
});

test('an event in the past happens now, a fraction of a millisecond is rounded up, and nothing comes out early', () => {
  const queue = new EventQueue();
  queue.push(10_000, new Action(() => undefined));
  expect(queue.pop(9_999)).toBeUndefined();
  expect(queue.pop(10_000)).toBeDefined();
  queue.push(5, new Action(() => undefined));
  queue.push(10_000.25, new Action(() => undefined));
  expect(queue.pop(10_000)).toBeDefined();
  expect(queue.pop(10_000)).toBeUndefined();
  expect(queue.pop(10_001)).toBeDefined();
});
