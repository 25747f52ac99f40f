import { expect, test } from 'vitest';
import { MAX_TRACKERS } from '../../../shared/src/limits/metainfo.ts';
import { mergeOrigins } from './torrent-origin.ts';

const urls = (name: string, count: number): string[] =>
  Array.from({ length: count }, (_, at) => `https://${name}/${at}`);

test('what both say is named once, the words of the first one first', () => {
  const first = { trackers: ['a', 'b'], webSeeds: [], infoHashV2: '1' };
  expect(mergeOrigins(first, { trackers: ['b', 'c'], webSeeds: ['d'], infoHashV2: '2' })).toEqual({
    trackers: ['a', 'b', 'c'],
    webSeeds: ['d'],
    infoHashV2: '1',
  });
});

test('where there is nothing new the first one stays as it is', () => {
  const first = { trackers: ['a', 'b'], webSeeds: ['c'], infoHashV2: undefined };
  expect(mergeOrigins(first, { trackers: ['b'], webSeeds: [] })).toBe(first);
  expect(mergeOrigins(first, { trackers: [], webSeeds: [], infoHashV2: '1' })).toEqual({ ...first, infoHashV2: '1' });
});

test('however many links are opened, no more are kept than are taken from one', () => {
  const first = { trackers: urls('a', MAX_TRACKERS - 1), webSeeds: urls('b', MAX_TRACKERS) };
  const merged = mergeOrigins(first, { trackers: urls('c', 5), webSeeds: urls('d', 5) });
  expect(merged.trackers).toEqual([...first.trackers, 'https://c/0']);
  expect(merged.webSeeds).toBe(first.webSeeds);
});
