import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { expect, test } from 'vitest';
import { randomBytes, seededRng } from '../../../../shared/src/machine.ts';
import { montgomeryKey, montgomerySecret } from './montgomery.ts';

const rng = seededRng(11);

test('the X25519 key of an Ed25519 key is the one of its secret, and what another implementation makes of it', () => {
  for (let i = 0; i < 40; i++) {
    const seed = randomBytes(rng, 32);
    const publicKey = ed25519.getPublicKey(seed);
    const key = montgomeryKey(publicKey);
    expect(key).toEqual(ed25519.utils.toMontgomery(publicKey));
    expect(montgomerySecret(sha512(seed))).toEqual(ed25519.utils.toMontgomerySecret(seed));
    expect(key).toEqual(x25519.getPublicKey(montgomerySecret(sha512(seed))));
  }
});

test('bytes that are nobody’s key give a key, the neutral element and the prime itself among them', () => {
  const one = new Uint8Array(32);
  one[0] = 1;
  const prime = new Uint8Array(32).fill(255);
  prime[0] = 237;
  prime[31] = 127;
  for (const bytes of [one, prime, new Uint8Array(32), new Uint8Array(32).fill(255), randomBytes(rng, 32)])
    expect(montgomeryKey(bytes)).toHaveLength(32);
  expect(montgomeryKey(one)).toEqual(new Uint8Array(32));
});
