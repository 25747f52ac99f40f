import { expect, test } from 'vitest';
import {
  CACHE_HALVING_PEERS,
  MAX_CACHED_RECORDS,
  MAX_COUNTED_KEYS,
  MAX_STALENESS_MS,
  POPULAR_READS,
  POPULAR_WINDOW_MS,
} from '../../../shared/src/limits/records.ts';
import { RecordCache } from './record-cache.ts';
import { WALL, keyAt, recordOf } from './record-test-kit.ts';

const key = keyAt('aa');

test('a key is popular from its fourth read in ten seconds on, and through the window after that', () => {
  const cache = new RecordCache();
  for (let i = 1; i < POPULAR_READS; i++) cache.countRead(key, i);
  expect(cache.isPopular(key, 10)).toBe(false);
  cache.countRead(key, 10);
  expect(cache.isPopular(key, 10)).toBe(true);
  cache.countRead(key, POPULAR_WINDOW_MS + 10);
  expect(cache.isPopular(key, 2 * POPULAR_WINDOW_MS)).toBe(true);
  cache.countRead(key, 2 * POPULAR_WINDOW_MS + 10);
  expect(cache.isPopular(key, 2 * POPULAR_WINDOW_MS + 10)).toBe(false);
});

test('a copy is used for ten seconds from the answer of the holders, whenever it was kept', () => {
  const cache = new RecordCache();
  cache.offer(recordOf(), 5_000, 0);
  expect(cache.servable(key, 5_000 + MAX_STALENESS_MS - 1, WALL)?.record.sequence).toBe(1);
  expect(cache.get(key, 5_000 + MAX_STALENESS_MS, WALL)).toBeUndefined();
});

test('the farther its keeper is from the key, the sooner a copy stops to answer others: it halves per 64 peers', () => {
  const cache = new RecordCache();
  cache.offer(recordOf(), 0, 2 * CACHE_HALVING_PEERS);
  expect(cache.servable(key, MAX_STALENESS_MS / 4 - 1, WALL)).toBeDefined();
  expect(cache.servable(key, MAX_STALENESS_MS / 4, WALL)).toBeUndefined();
  expect(cache.get(key, MAX_STALENESS_MS / 4, WALL)).toBeDefined();
});

test('the more reads come by, the longer a copy far from its key answers others: with twice as many it halves per 128 peers', () => {
  const cache = new RecordCache();
  cache.offer(recordOf(), 0, 2 * CACHE_HALVING_PEERS);
  for (let i = 0; i < 2 * POPULAR_READS; i++) cache.countRead(key, i);
  expect(cache.servable(key, MAX_STALENESS_MS / 2 - 1, WALL)).toBeDefined();
  expect(cache.servable(key, MAX_STALENESS_MS / 2, WALL)).toBeUndefined();
});

test('however many reads come by, a copy answers nobody after ten seconds', () => {
  const cache = new RecordCache();
  cache.offer(recordOf(), 0, CACHE_HALVING_PEERS);
  for (let i = 0; i < 10_000; i++) cache.countRead(key, i / 2);
  expect(cache.servable(key, MAX_STALENESS_MS, WALL)).toBeUndefined();
});

test('a copy loses to a newer version and never replaces one', () => {
  const cache = new RecordCache();
  cache.offer(recordOf({ sequence: 2 }), 0, 0);
  cache.offer(recordOf({ sequence: 1 }), 1, 0);
  expect(cache.get(key, 1, WALL)?.record.sequence).toBe(2);
  cache.offer(recordOf({ sequence: 3 }), 2, 0);
  expect(cache.get(key, 2, WALL)?.record.sequence).toBe(3);
});

test('what we have put is remembered for our own reads and answers nobody else', () => {
  const cache = new RecordCache();
  cache.noteOwn(recordOf(), 0);
  expect(cache.get(key, 1, WALL)).toMatchObject({ isPopular: false });
  expect(cache.servable(key, 0, WALL)).toBeUndefined();
});

test('a copy of an expired record is gone', () => {
  const cache = new RecordCache();
  cache.offer(recordOf({ expiresAt: WALL + 10 }), 0, 0);
  expect(cache.get(key, 1, WALL + 10)).toBeUndefined();
});

test('the oldest copy leaves first, and counting is bounded too', () => {
  const cache = new RecordCache();
  for (let i = 0; i <= MAX_CACHED_RECORDS; i++) cache.offer(recordOf({ key: keyAt(`${i + 1_000}`) }), 0, 0);
  expect(cache.size).toBe(MAX_CACHED_RECORDS);
  expect(cache.get(keyAt('1000'), 1, WALL)).toBeUndefined();
  for (let i = 0; i < POPULAR_READS; i++) cache.countRead(key, 0);
  for (let i = 0; i < MAX_COUNTED_KEYS; i++) cache.countRead(keyAt(`${i + 1_000}`), 0);
  expect(cache.isPopular(key, 0)).toBe(false);
});

test('a version is rolled back when a newer one, which lives, was read longer ago than copies are kept', () => {
  const cache = new RecordCache();
  const newest = recordOf({ sequence: 2 });
  const isRolledBack = (now: number, wallNow = WALL): boolean => cache.isRolledBack(recordOf(), now, wallNow);
  expect(isRolledBack(0)).toBe(false);
  cache.noteRead(newest, 1_000);
  cache.noteRead(recordOf(), 2_000);
  cache.noteRead(newest, 60_000);
  expect(isRolledBack(1_000 + MAX_STALENESS_MS)).toBe(false);
  expect(isRolledBack(1_001 + MAX_STALENESS_MS)).toBe(true);
  expect(isRolledBack(1_001 + MAX_STALENESS_MS, newest.expiresAt)).toBe(false);
  expect(cache.isRolledBack(newest, 60_000, WALL)).toBe(false);
});
