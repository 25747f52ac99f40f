import { expect, test } from 'vitest';
import { KEY_BYTES, contactFromKey } from '../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../shared/src/machine.ts';
import { isSigned, signRecord } from './signing.ts';
import { randomKey } from './workload.ts';

const rng = seededRng(1);
const contact = (): ReturnType<typeof contactFromKey> => contactFromKey(randomBytes(rng, KEY_BYTES));
const record = signRecord({
  key: randomKey(rng),
  author: contact(),
  sequence: 4,
  expiresAt: 1_000_000,
  value: new Uint8Array([1, 2, 3]),
});

test('a record is signed as its author left it', () => {
  expect(isSigned(record)).toBe(true);
});

test.each([
  ['value', { value: new Uint8Array([1, 2, 4]) }],
  ['sequence', { sequence: 5 }],
  ['expiry', { expiresAt: 1_000_001 }],
  ['key', { key: randomKey(rng) }],
  ['author', { author: contact() }],
  ['signature', { signature: new Uint8Array(64) }],
])('a record with another %s is not', (_what, change) => {
  expect(isSigned({ ...record, ...change })).toBe(false);
});
