import { expect, test } from 'vitest';
import { idAt, keyAt } from './record-test-kit.ts';
import { type Brought, Shares, crowdedOut, farthestSpare } from './shares.ts';

const brought = (from: string | undefined, count: number): Brought[] => Array.from({ length: count }, () => ({ from }));

test('the newest of the largest share gives way to whoever brought less', () => {
  const held = [...brought('a', 3), ...brought('b', 1), ...brought('a', 1)];
  expect(crowdedOut(held, 'b')).toBe(held[4]);
  expect(crowdedOut(held, undefined)).toBe(held[4]);
});

test('nobody who would then have as much as the largest share displaces anything of it', () => {
  const held = [...brought('a', 2), ...brought('b', 1)];
  expect([crowdedOut(held, 'a'), crowdedOut(held, 'b')]).toEqual([undefined, undefined]);
  expect(crowdedOut(held, 'c')).toBe(held[1]);
  expect(crowdedOut([], 'c')).toBeUndefined();
});

test('shares count by size where sizes differ, and a share that is gone counts for nothing', () => {
  const shares = new Shares();
  shares.change('a', 2);
  shares.change('b', 9);
  expect([shares.crowding('a', 6)?.from, shares.crowding('a', 7)]).toEqual(['b', undefined]);
  shares.change('b', -9);
  expect(shares.crowding('a', 1)).toBeUndefined();
  expect(shares.crowding('b', 1)?.from).toBe('a');
});

test('of keys the farthest gives way to a nearer one, unless it is one to keep', () => {
  const keys = [keyAt('4'), keyAt('8')];
  const spare = (key: string, kept: readonly string[] = []): string | undefined =>
    farthestSpare(idAt('00'), keys, keyAt(key), (each) => kept.includes(each));
  expect([spare('1'), spare('f'), spare('1', [keyAt('8')])]).toEqual([keyAt('8'), undefined, undefined]);
});
