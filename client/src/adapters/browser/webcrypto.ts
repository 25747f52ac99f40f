import { concatBytes } from '../../../../shared/src/bytes.ts';
import { type Contact, KEY_BYTES, contactFromKeys } from '../../../../shared/src/ids.ts';
import type { Crypto } from '../../ports/crypto.ts';
import { systemRandomBytes } from '../portable/random.ts';
import {
  MIN_SEALED_BYTES,
  SEAL_INFO,
  SEAL_KEY_BYTES,
  SEAL_NONCE_BYTES,
  isAllZero,
  sealSalt,
} from '../portable/sealing.ts';

/** A peer's keys as WebCrypto holds them. Private keys are not extractable; structured clone keeps them so in IndexedDB. */
export interface WebKeys {
  readonly sign: CryptoKeyPair;
  readonly seal: CryptoKeyPair;
}

/** Fresh keys, or undefined where `crypto.subtle` is missing (no secure context) or lacks Ed25519 or X25519. */
export async function generateWebKeys(): Promise<WebKeys | undefined> {
  const subtle = webSubtle();
  if (!subtle) return undefined;
  try {
    const [sign, seal] = await Promise.all([
      subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify']),
      subtle.generateKey({ name: 'X25519' }, false, ['deriveBits']),
    ]);
    return isKeyPair(sign) && isKeyPair(seal) ? { sign, seal } : undefined;
  } catch {
    return undefined;
  }
}

/** The crypto port over WebCrypto. */
export class WebCrypto implements Crypto {
  readonly self: Contact;
  readonly #keys: WebKeys;
  readonly #subtle: SubtleCrypto;

  private constructor(self: Contact, keys: WebKeys, subtle: SubtleCrypto) {
    this.self = self;
    this.#keys = keys;
    this.#subtle = subtle;
  }

  /** Rejects when the keys are not usable here, e.g. ones that another browser version stored. */
  static async fromKeys(keys: WebKeys): Promise<WebCrypto> {
    const subtle = webSubtle();
    if (!subtle) throw new Error('crypto.subtle is missing');
    const [signKey, sealKey] = await Promise.all([
      subtle.exportKey('raw', keys.sign.publicKey),
      subtle.exportKey('raw', keys.seal.publicKey),
    ]);
    return new WebCrypto(contactFromKeys(new Uint8Array(signKey), new Uint8Array(sealKey)), keys, subtle);
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await this.#subtle.sign('Ed25519', this.#keys.sign.privateKey, own(message)));
  }

  async verify(signKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    try {
      const key = await this.#subtle.importKey('raw', own(signKey), { name: 'Ed25519' }, false, ['verify']);
      return await this.#subtle.verify('Ed25519', key, own(signature), own(message));
    } catch {
      return false;
    }
  }

  async seal(sealKey: Uint8Array, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    const ephemeral = await this.#subtle.generateKey({ name: 'X25519' }, false, ['deriveBits']);
    if (!isKeyPair(ephemeral)) throw new Error('X25519 made no key pair');
    const ephemeralKey = new Uint8Array(await this.#subtle.exportKey('raw', ephemeral.publicKey));
    const cipher = await this.#cipher(ephemeral.privateKey, sealKey, sealSalt(ephemeralKey, sealKey));
    const options = { name: 'AES-GCM', iv: cipher.nonce, additionalData: own(context) };
    const ciphertext = await this.#subtle.encrypt(options, cipher.key, own(plaintext));
    return concatBytes(ephemeralKey, new Uint8Array(ciphertext));
  }

  async unseal(sealed: Uint8Array, context: Uint8Array): Promise<Uint8Array | undefined> {
    if (sealed.length < MIN_SEALED_BYTES) return undefined;
    const ephemeralKey = sealed.subarray(0, KEY_BYTES);
    try {
      const salt = sealSalt(ephemeralKey, this.self.sealKey);
      const cipher = await this.#cipher(this.#keys.seal.privateKey, ephemeralKey, salt);
      const options = { name: 'AES-GCM', iv: cipher.nonce, additionalData: own(context) };
      return new Uint8Array(await this.#subtle.decrypt(options, cipher.key, own(sealed.subarray(KEY_BYTES))));
    } catch {
      return undefined;
    }
  }

  randomBytes(length: number): Uint8Array {
    return systemRandomBytes(length);
  }

  /** Rejects for a public key of low order. */
  async #cipher(
    privateKey: CryptoKey,
    publicKey: Uint8Array,
    salt: Uint8Array,
  ): Promise<{ key: CryptoKey; nonce: Uint8Array<ArrayBuffer> }> {
    const theirs = await this.#subtle.importKey('raw', own(publicKey), { name: 'X25519' }, false, []);
    const shared = new Uint8Array(
      await this.#subtle.deriveBits({ name: 'X25519', public: theirs }, privateKey, 8 * KEY_BYTES),
    );
    if (isAllZero(shared)) throw new RangeError('public key of low order');
    const secret = await this.#subtle.importKey('raw', shared, 'HKDF', false, ['deriveBits']);
    const options = { name: 'HKDF', hash: 'SHA-256', salt: own(salt), info: own(SEAL_INFO) };
    const derived = new Uint8Array(
      await this.#subtle.deriveBits(options, secret, 8 * (SEAL_KEY_BYTES + SEAL_NONCE_BYTES)),
    );
    const raw = derived.slice(0, SEAL_KEY_BYTES);
    const key = await this.#subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt']);
    return { key, nonce: derived.slice(SEAL_KEY_BYTES) };
  }
}

/** Typed as always there, but missing in pages that are not secure contexts. */
function webSubtle(): SubtleCrypto | undefined {
  return globalThis.crypto?.subtle;
}

function isKeyPair(key: CryptoKey | CryptoKeyPair): key is CryptoKeyPair {
  return 'privateKey' in key && 'publicKey' in key;
}

/** A copy in a buffer of its own: WebCrypto takes no shared memory, and the caller may reuse its array meanwhile. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}
