import { expect, test } from 'vitest';
import { seededRng, randomBytes } from '../../../shared/src/machine.ts';
import { contactFromKey, hashToId } from '../../../shared/src/ids.ts';
import { ownedKey } from '../../../shared/src/owned-key.ts';
import { SkeinError } from '../api.ts';
import type { SignedRecord } from '../overlay/types.ts';
import { MAX_RECORD_TTL_MS, Records } from './records.ts';

const WALL = 1_700_000_000_000;
const rng = seededRng(1);
const self = contactFromKey(randomBytes(rng, 32));
const key = hashToId(new Uint8Array([1]));
const bytes = new Uint8Array([1]);

/** Records over an overlay that stores everything; `puts` is what it was given. */
function records(): { store: Records; puts: { record: SignedRecord; expected: number | undefined }[] } {
  const puts: { record: SignedRecord; expected: number | undefined }[] = [];
  const store = new Records(
    { self, sign: () => Promise.resolve(new Uint8Array(64)) },
    { wallNow: () => WALL },
    {
      put: (record, expected) => {
        puts.push({ record, expected });
        return Promise.resolve({ kind: 'put', replicas: 8 });
      },
      get: () => Promise.resolve(undefined),
    },
  );
  return { store, puts };
}

const codeOf = (error: unknown): string => (error instanceof SkeinError ? error.code : 'no SkeinError');

test('every version is newer than the one before, also within one millisecond', async () => {
  const { store } = records();
  expect(await store.put(key, bytes)).toEqual({ sequence: WALL, replicas: 8 });
  expect(await store.put(key, bytes)).toEqual({ sequence: WALL + 1, replicas: 8 });
});

test('a version over an expected one is newer than that, however wrong the clock is', async () => {
  const { store, puts } = records();
  expect(await store.put(key, bytes, { expectedSequence: WALL + 5_000 })).toMatchObject({ sequence: WALL + 5_001 });
  expect(puts[0]).toMatchObject({ expected: WALL + 5_000, record: { key, sequence: WALL + 5_001 } });
});

test('a put that ends uncertain names its version, so that a later read tells whether it stayed', async () => {
  const uncertain = new SkeinError('uncertain', 'Read it later.');
  const store = new Records(
    { self, sign: () => Promise.resolve(new Uint8Array(64)) },
    { wallNow: () => WALL },
    { put: () => Promise.reject(uncertain), get: () => Promise.resolve(undefined) },
  );
  const { code, message } = uncertain;
  await expect(store.put(key, bytes, { expectedSequence: 0 })).rejects.toMatchObject({ code, message, sequence: WALL });
});

test('a removal is a version without a value', async () => {
  const { store, puts } = records();
  await store.put(key, bytes);
  await store.remove(key);
  expect(puts.map(({ record }) => record.value.length)).toEqual([1, 0]);
  expect(puts[1]?.record.sequence).toBeGreaterThan(puts[0]?.record.sequence ?? 0);
});

test('a salt is signed with the value, so that the key is the author’s own, and with the removal', async () => {
  const { store, puts } = records();
  const salt = new Uint8Array([7]);
  const own = ownedKey(self.id, salt);
  await store.put(own, bytes, { salt });
  await store.remove(own, salt);
  expect(puts.map(({ record }) => [record.key, record.salt])).toEqual([
    [own, salt],
    [own, salt],
  ]);
});

test('what cannot be a record is refused before it is signed', async () => {
  const { store, puts } = records();
  expect(await store.put(key, new Uint8Array(1_025)).catch(codeOf)).toBe('too-large');
  expect(await store.put(key, new Uint8Array(0)).catch(codeOf)).toBe('bad-argument');
  for (const expectedSequence of [-1, 0.5, Number.NaN, 2 ** 48]) {
    expect(await store.put(key, bytes, { expectedSequence }).catch(codeOf)).toBe('bad-argument');
  }
  expect(puts).toEqual([]);
});

test('a life that is no number of milliseconds is refused, and one of a fraction ends with the whole one', async () => {
  const { store, puts } = records();
  for (const ttlMs of [Number.NaN, 0, -1])
    expect(await store.put(key, bytes, { ttlMs }).catch(codeOf)).toBe('bad-argument');
  await store.put(key, bytes, { ttlMs: 0.5 });
  await store.put(key, bytes, { ttlMs: Number.POSITIVE_INFINITY });
  expect(puts.map(({ record }) => record.expiresAt)).toEqual([WALL + 1, WALL + MAX_RECORD_TTL_MS]);
});
