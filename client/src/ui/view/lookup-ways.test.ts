import { expect, it } from 'vitest';
import { hopsOf } from './lookup-ways.ts';

it('draws the hops of a path one after the other, from this peer on', () => {
  expect(hopsOf('me', [['a', 'b']])).toEqual([
    { from: 'me', to: 'a', rank: 0, isMain: true },
    { from: 'a', to: 'b', rank: 1, isMain: true },
  ]);
});

it('draws a hop that two answers passed once', () => {
  const hops = hopsOf('me', [
    ['a', 'b'],
    ['a', 'c'],
  ]);
  expect(hops.map(({ from, to }) => from + to)).toEqual(['mea', 'ab', 'ac']);
});

it('tells the way to the nearest peer that answered from those beside it', () => {
  const hops = hopsOf('me', [['a'], ['b'], ['b', 'c']], ['never asked', 'c', 'a']);
  expect(hops.filter(({ isMain }) => isMain).map(({ from, to }) => from + to)).toEqual(['meb', 'bc']);
  expect(hops).toHaveLength(3);
});

it('draws nothing where nobody was asked, and only so many lines', () => {
  expect(hopsOf('me', [])).toEqual([]);
  expect(hopsOf('me', [['me']])).toEqual([]);
  expect(hopsOf('me', [Array.from({ length: 200 }, (_, i) => `${i}`)]).length).toBeLessThan(60);
});
