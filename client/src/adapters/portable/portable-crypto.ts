import { gcm } from '@noble/ciphers/aes.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { concatBytes } from '../../../../shared/src/bytes.ts';
import { type Contact, KEY_BYTES, contactFromKey } from '../../../../shared/src/ids.ts';
import type { Crypto } from '../../ports/crypto.ts';
import { montgomeryKey, montgomerySecret } from './montgomery.ts';
import { systemRandomBytes } from './random.ts';
import { MIN_SEALED_BYTES, SEAL_INFO, SEAL_KEY_BYTES, SEAL_NONCE_BYTES, isAllZero, sealSalt } from './sealing.ts';

/** The private key of a peer as bytes. */
export interface PortableKeys {
  /** Ed25519 seed, of which the X25519 scalar is made, too. [32 bytes] */
  readonly seed: Uint8Array;
}

export function generatePortableKeys(): PortableKeys {
  return { seed: systemRandomBytes(KEY_BYTES) };
}

/**
 * The crypto port in plain JavaScript, for pages without a usable `crypto.subtle`: plain-http addresses in a LAN are
 * not secure contexts. About fifty times slower than WebCrypto: 1 to 5 ms per signature. `random` is replaced in tests.
 */
export class PortableCrypto implements Crypto {
  readonly self: Contact;
  readonly #seed: Uint8Array;
  readonly #sealSecret: Uint8Array;
  readonly #random: (length: number) => Uint8Array;

  constructor({ seed }: PortableKeys, random: (length: number) => Uint8Array = systemRandomBytes) {
    this.#seed = seed;
    this.#sealSecret = montgomerySecret(sha512(seed));
    this.#random = random;
    this.self = contactFromKey(ed25519.getPublicKey(seed));
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return ed25519.sign(message, this.#seed);
  }

  async verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    try {
      return ed25519.verify(signature, message, publicKey, { zip215: false });
    } catch {
      return false;
    }
  }

  async seal(publicKey: Uint8Array, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    const secret = this.#random(KEY_BYTES);
    const ephemeralKey = x25519.getPublicKey(secret);
    const { key, nonce } = sealingKey(secret, montgomeryKey(publicKey), ephemeralKey, publicKey);
    return concatBytes(ephemeralKey, gcm(key, nonce, context).encrypt(plaintext));
  }

  async unseal(sealed: Uint8Array, context: Uint8Array): Promise<Uint8Array | undefined> {
    if (sealed.length < MIN_SEALED_BYTES) return undefined;
    const ephemeralKey = sealed.slice(0, KEY_BYTES);
    try {
      const { key, nonce } = sealingKey(this.#sealSecret, ephemeralKey, ephemeralKey, this.self.publicKey);
      return gcm(key, nonce, context).decrypt(sealed.slice(KEY_BYTES));
    } catch {
      return undefined;
    }
  }

  randomBytes(length: number): Uint8Array {
    return this.#random(length);
  }
}

/** `theirKey` is an X25519 key. Throws for one of low order: the caller turns that into a failed seal or unseal. */
function sealingKey(
  secret: Uint8Array,
  theirKey: Uint8Array,
  ephemeralKey: Uint8Array,
  publicKey: Uint8Array,
): { key: Uint8Array; nonce: Uint8Array } {
  const shared = x25519.getSharedSecret(secret, theirKey);
  if (isAllZero(shared)) throw new RangeError('public key of low order');
  const salt = sealSalt(ephemeralKey, publicKey);
  const derived = hkdf(sha256, shared, salt, SEAL_INFO, SEAL_KEY_BYTES + SEAL_NONCE_BYTES);
  return { key: derived.subarray(0, SEAL_KEY_BYTES), nonce: derived.subarray(SEAL_KEY_BYTES) };
}
