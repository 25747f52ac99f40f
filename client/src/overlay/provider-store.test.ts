import { expect, test } from 'vitest';
import type { Key } from '../../../shared/src/ids.ts';
import {
  MAX_KEYS_PER_PROVIDER,
  MAX_PROVIDERS_PER_KEY,
  MAX_PROVIDER_KEYS,
  MAX_WITHDRAWN,
  PROVIDER_TTL_MS,
} from '../../../shared/src/limits/records.ts';
import { ProviderStore, removalOf } from './provider-store.ts';
import type { ProviderNote } from './record-payloads.ts';
import { idAt, keyAt, person } from './record-test-kit.ts';

const key = keyAt('aa');
const TTL_SECONDS = PROVIDER_TTL_MS / 1_000;
const noteOf = (index: number, secret = 'abcd', ttlSeconds = TTL_SECONDS): ProviderNote => ({
  provider: person(index),
  ttlSeconds,
  removal: removalOf(secret),
});
const storeFor = (isReplica: (key: Key) => boolean = () => true): ProviderStore =>
  new ProviderStore(idAt('00'), isReplica);
const keyOf = (index: number): Key => keyAt((0x1000 + index).toString(16));
const idsOf = (store: ProviderStore, of = key, now = 0): string[] => store.get(of, now).map(({ id }) => id);

test('a key has 64 providers; one neighbour gets no more of them in, and what it brought before stays', () => {
  const store = storeFor();
  for (let i = 0; i < MAX_PROVIDERS_PER_KEY; i++) expect(store.add(key, noteOf(i), 0, 'flood')).toBe('ok');
  expect(store.add(key, noteOf(100), 0, 'flood')).toBe('quota');
  expect(store.get(key, 0)).toHaveLength(MAX_PROVIDERS_PER_KEY);
});

test('a neighbour that filled a key keeps nobody out of it: its newest announcements give way, down to an equal share', () => {
  const store = storeFor();
  store.add(key, noteOf(200), 0, 'old');
  for (let i = 0; i < MAX_PROVIDERS_PER_KEY; i++) store.add(key, noteOf(i), 0, 'flood');
  const statuses = Array.from({ length: 40 }, (_, i) => store.add(key, noteOf(100 + i), 0, 'honest'));
  expect(statuses.filter((status) => status === 'ok')).toHaveLength(31);
  expect(idsOf(store)).toContain(person(200).id);
  expect(idsOf(store)).toContain(person(0).id);
  expect(idsOf(store)).not.toContain(person(62).id);
  expect(store.get(key, 0)).toHaveLength(MAX_PROVIDERS_PER_KEY);
});

test('4,096 keys are held, and whoever brought them all makes room for the keys of others', () => {
  const store = storeFor();
  for (let i = 0; i < MAX_PROVIDER_KEYS; i++) expect(store.add(keyOf(i), noteOf(i % 200), 0, 'flood')).toBe('ok');
  expect(store.add(key, noteOf(1), 0, 'flood')).toBe('quota');
  expect(store.add(key, noteOf(1), 0, 'honest')).toBe('ok');
  expect(store.size).toBe(MAX_PROVIDER_KEYS);
  expect(store.held(keyOf(MAX_PROVIDER_KEYS - 1))).toBeUndefined();
  expect(store.held(keyOf(0))).toBeDefined();
});

test('a flood takes no key from those that brought less than it', () => {
  const store = storeFor();
  for (let i = 0; i < 20; i++) store.add(keyAt(`b${100 + i}`), noteOf(i), 0, 'honest');
  for (let i = 20; i < MAX_PROVIDER_KEYS; i++) store.add(keyOf(i), noteOf(i % 200), 0, 'flood');
  for (let i = 0; i < 200; i++) expect(store.add(keyOf(i + 0x4000), noteOf(i), 0, 'second flood')).toBe('ok');
  for (let i = 0; i < 20; i++) expect(store.held(keyAt(`b${100 + i}`))).toBeDefined();
});

test('a flood that announces where others do gives way first where nobody else does', () => {
  const store = storeFor();
  for (let i = 0; i < MAX_PROVIDER_KEYS - 1; i++) store.add(keyOf(i), noteOf(i % 200), 0, 'flood');
  store.add(key, noteOf(1), 0, 'flood');
  store.add(key, noteOf(2), 0, 'honest');
  store.add(keyAt('bb'), noteOf(3), 0, 'second flood');
  expect(idsOf(store)).toEqual([person(1).id, person(2).id]);
});

test('where room is short a key that we are no replica of gives way to a nearer one', () => {
  const store = storeFor((each) => each !== keyAt('ff'));
  store.add(keyAt('ff'), noteOf(1), 0, 'a');
  for (let i = 1; i < MAX_PROVIDER_KEYS; i++) store.add(keyOf(i), noteOf(i % 200), 0, 'a');
  expect(store.add(key, noteOf(1), 0, 'a')).toBe('ok');
  expect(store.held(keyAt('ff'))).toBeUndefined();
});

test('a provider has as many keys as a peer announces; what one neighbour says in its name keeps out nothing that comes another way', () => {
  const store = storeFor();
  for (let i = 0; i < MAX_KEYS_PER_PROVIDER; i++) expect(store.add(keyOf(i), noteOf(1), 0, 'flood')).toBe('ok');
  expect(store.add(key, noteOf(1), 0, 'flood')).toBe('quota');
  expect(store.add(key, noteOf(2), 0, 'flood')).toBe('ok');
  expect(store.add(key, noteOf(1), 0, 'honest')).toBe('ok');
  expect(idsOf(store)).toContain(person(1).id);
  expect(store.held(keyOf(MAX_KEYS_PER_PROVIDER - 1))).toBeUndefined();
});

test('a provider whose keys expired or were taken back may announce as many again', () => {
  const store = storeFor();
  for (let i = 0; i < MAX_KEYS_PER_PROVIDER; i++) store.add(keyOf(i), noteOf(1, 'abcd', i === 0 ? 600 : 60), 0, 'a');
  store.remove(keyOf(0), person(1).id, 'abcd', 0);
  expect(store.add(key, noteOf(1), 0, 'a')).toBe('ok');
  expect(store.add(keyAt('ab'), noteOf(1), 0, 'a')).toBe('quota');
  store.expire(60_000);
  for (let i = 1; i < MAX_KEYS_PER_PROVIDER; i++) expect(store.add(keyOf(i), noteOf(1), 60_000, 'a')).toBe('ok');
});

test('an announcement is over after its time to live, and lives on when it comes again', () => {
  const store = storeFor();
  store.add(key, noteOf(1), 0, 'a');
  store.add(key, noteOf(2), 0, 'a');
  store.add(key, noteOf(2), PROVIDER_TTL_MS / 2, 'a');
  expect(idsOf(store, key, PROVIDER_TTL_MS - 1)).toHaveLength(2);
  expect(idsOf(store, key, PROVIDER_TTL_MS)).toEqual([person(2).id]);
  store.expire(PROVIDER_TTL_MS);
  expect(store.notes(store.held(key) as never, PROVIDER_TTL_MS)).toHaveLength(1);
  store.expire(1.5 * PROVIDER_TTL_MS);
  expect(store.size).toBe(0);
});

test('a later copy with less life left does not shorten it', () => {
  const store = storeFor();
  store.add(key, noteOf(1), 0, 'a');
  store.add(key, noteOf(1, 'abcd', 1), 0, 'a');
  expect(idsOf(store, key, PROVIDER_TTL_MS - 1)).toHaveLength(1);
});

test('what was taken back with its secret does not return until it would have expired; with another secret nothing is', () => {
  const store = storeFor();
  store.add(key, noteOf(1), 0, 'a');
  store.remove(key, person(1).id, 'dcba', 0);
  expect(idsOf(store)).toHaveLength(1);
  store.remove(key, person(1).id, 'abcd', 0);
  expect(idsOf(store)).toEqual([]);
  expect(store.add(key, noteOf(1), PROVIDER_TTL_MS - 1, 'a')).toBe('ok');
  expect(idsOf(store, key, PROVIDER_TTL_MS - 1)).toEqual([]);
  expect(store.withdrawalOf(key, noteOf(1), PROVIDER_TTL_MS - 1)).toBe('abcd');
  store.add(key, noteOf(1), PROVIDER_TTL_MS, 'a');
  expect(idsOf(store, key, PROVIDER_TTL_MS)).toHaveLength(1);
});

test('of more than 512 that were taken back the oldest are forgotten', () => {
  const store = storeFor();
  for (let i = 0; i <= MAX_WITHDRAWN; i++) {
    store.add(keyOf(i), noteOf(1), 0, 'a');
    store.remove(keyOf(i), person(1).id, 'abcd', 0);
  }
  expect(store.withdrawalOf(keyOf(0), noteOf(1), 0)).toBeUndefined();
  expect(store.withdrawalOf(keyOf(1), noteOf(1), 0)).toBe('abcd');
});

test('what was taken back unheard of does not make us forget what was taken back with proof', () => {
  const store = storeFor();
  store.add(key, noteOf(1), 0, 'a');
  store.remove(key, person(1).id, 'abcd', 0);
  for (let i = 0; i <= MAX_WITHDRAWN; i++) store.remove(keyOf(i), person(2).id, 'abcd', 0);
  expect(store.withdrawalOf(key, noteOf(1), 0)).toBe('abcd');
  expect(store.withdrawalOf(keyOf(0), noteOf(2), 0)).toBeUndefined();
  expect(store.withdrawalOf(keyOf(1), noteOf(2), 0)).toBe('abcd');
});

test('a provider that is gone is taken out of every key', () => {
  const store = storeFor();
  store.add(key, noteOf(1), 0, 'a');
  store.add(key, noteOf(2), 0, 'a');
  store.add(keyAt('bb'), noteOf(1), 0, 'a');
  store.dropPeer(person(1).id);
  expect([idsOf(store), idsOf(store, keyAt('bb')), store.size]).toEqual([[person(2).id], [], 1]);
});
