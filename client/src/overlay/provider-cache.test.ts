import { expect, test } from 'vitest';
import {
  CACHE_HALVING_PEERS,
  MAX_CACHED_PROVIDER_LISTS,
  MAX_STALENESS_MS,
} from '../../../shared/src/limits/records.ts';
import { ProviderCache } from './provider-cache.ts';
import { keyAt, person } from './record-test-kit.ts';

const key = keyAt('aa');

test('a list of providers is used for ten seconds from the answer of the holders, whenever it was kept', () => {
  const cache = new ProviderCache();
  cache.offer(key, [person(1)], 5_000, 0);
  expect(cache.servable(key, 5_000 + MAX_STALENESS_MS - 1)?.providers).toEqual([person(1)]);
  expect(cache.get(key, 5_000 + MAX_STALENESS_MS)).toBeUndefined();
});

test('the farther its keeper is from the key, the sooner it stops to answer others, not itself', () => {
  const cache = new ProviderCache();
  cache.offer(key, [person(1)], 0, 2 * CACHE_HALVING_PEERS);
  expect(cache.servable(key, MAX_STALENESS_MS / 4 - 1)).toBeDefined();
  expect(cache.servable(key, MAX_STALENESS_MS / 4)).toBeUndefined();
  expect(cache.get(key, MAX_STALENESS_MS / 4)).toBeDefined();
});

test('an older answer does not take the place of a newer one, and an empty one of none', () => {
  const cache = new ProviderCache();
  cache.offer(key, [], 0, 0);
  expect(cache.get(key, 0)).toBeUndefined();
  cache.offer(key, [person(1)], 2_000, 0);
  cache.offer(key, [person(2)], 1_000, 0);
  expect(cache.get(key, 2_000)?.providers).toEqual([person(1)]);
  cache.offer(key, [person(2)], 3_000, 0);
  expect(cache.get(key, 3_000)?.providers).toEqual([person(2)]);
});

test('it keeps no more lists than it may, the newest ones', () => {
  const cache = new ProviderCache();
  const keys = Array.from({ length: MAX_CACHED_PROVIDER_LISTS + 1 }, (_, i) => keyAt((256 + i).toString(16)));
  for (const each of keys) cache.offer(each, [person(1)], 0, 0);
  expect(keys.filter((each) => cache.get(each, 0) === undefined)).toEqual(keys.slice(0, 1));
});
