import { expect, test } from 'vitest';
import { CONTACT_BYTES, decodeContact } from '../../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { ContactCache } from './contact-cache.ts';

const rng = seededRng(1);

test('bytes that were read lately give the same contact again, wherever they lie', () => {
  const cache = new ContactCache(64);
  const all = Array.from({ length: 32 }, () => randomBytes(rng, CONTACT_BYTES));
  const contacts = all.map((bytes) => cache.read(bytes, 0));
  for (const [i, bytes] of all.entries()) {
    expect(contacts[i]).toEqual(decodeContact(bytes));
    const shifted = new Uint8Array(CONTACT_BYTES + 3);
    shifted.set(bytes, 3);
    expect(cache.read(shifted, 3)).toBe(contacts[i]);
  }
});

test('contacts read long ago are forgotten, and read anew all the same', () => {
  const cache = new ContactCache(64);
  const bytes = randomBytes(rng, CONTACT_BYTES);
  const first = cache.read(bytes, 0);
  for (let i = 0; i < 64; i++) cache.read(randomBytes(rng, CONTACT_BYTES), 0);
  const again = cache.read(bytes, 0);
  expect(again).not.toBe(first);
  expect(again).toEqual(first);
});

test('keys made to meet in one place are never taken for one another', () => {
  const cache = new ContactCache(256);
  const all = Array.from({ length: 200 }, (_, i) => {
    const bytes = new Uint8Array(CONTACT_BYTES);
    bytes[CONTACT_BYTES - 1] = i;
    return bytes;
  });
  for (const bytes of [...all, ...all]) expect(cache.read(bytes, 0)).toEqual(decodeContact(bytes));
});
