import { concatBytes } from '../../../../shared/src/bytes.ts';
import { type Contact, KEY_BYTES, contactFromKey } from '../../../../shared/src/ids.ts';
import type { Crypto } from '../../ports/crypto.ts';
import { montgomeryKey, montgomerySecret } from '../portable/montgomery.ts';
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
  /** Ed25519. [32 bytes] */
  readonly publicKey: Uint8Array;
  readonly sign: CryptoKey;
  /** The same secret as an X25519 key. */
  readonly unseal: CryptoKey;
}

/** Fresh keys, or undefined where `crypto.subtle` is missing (no secure context) or lacks Ed25519 or X25519. */
export async function generateWebKeys(): Promise<WebKeys | undefined> {
  const seed = systemRandomBytes(KEY_BYTES);
  try {
    return await webKeysOf(seed);
  } catch {
    return undefined;
  } finally {
    seed.fill(0);
  }
}

/** The keys of an Ed25519 seed. Rejects where the browser lacks what is needed. */
export async function webKeysOf(seed: Uint8Array): Promise<WebKeys> {
  const subtle = webSubtle();
  const secret = montgomerySecret(new Uint8Array(await subtle.digest('SHA-512', own(seed))));
  const [sign, unseal, shown] = await Promise.all([
    importPrivate(subtle, 'Ed25519', seed, ['sign'], false),
    importPrivate(subtle, 'X25519', secret, ['deriveBits'], false),
    // A private key shows its public one only as JSON, and only where it shows itself.
    importPrivate(subtle, 'Ed25519', seed, ['sign'], true).then((key) => subtle.exportKey('jwk', key)),
  ]);
  secret.fill(0);
  const publicKey = fromBase64Url(shown.x ?? '');
  if (publicKey.length !== KEY_BYTES) throw new Error('Ed25519 shows no public key');
  return { publicKey, sign, unseal };
}

/** Takes the 32 bytes of a private key in by way of PKCS #8 (RFC 8410 §7), in which algorithms differ by one byte. */
function importPrivate(
  subtle: SubtleCrypto,
  name: 'Ed25519' | 'X25519',
  bytes: Uint8Array,
  usages: KeyUsage[],
  isExtractable: boolean,
): Promise<CryptoKey> {
  const oid = name === 'Ed25519' ? 0x70 : 0x6e;
  const head = Uint8Array.of(0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, oid, 4, 0x22, 4, 0x20);
  return subtle.importKey('pkcs8', own(concatBytes(head, bytes)), name, isExtractable, usages);
}

/** The crypto port over WebCrypto. */
export class WebCrypto implements Crypto {
  readonly self: Contact;
  readonly #keys: WebKeys;
  readonly #subtle: SubtleCrypto;

  /** Throws where `crypto.subtle` is missing. */
  constructor(keys: WebKeys) {
    this.#subtle = webSubtle();
    this.self = contactFromKey(keys.publicKey);
    this.#keys = keys;
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return new Uint8Array(await this.#subtle.sign('Ed25519', this.#keys.sign, own(message)));
  }

  async verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    try {
      const key = await this.#subtle.importKey('raw', own(publicKey), { name: 'Ed25519' }, false, ['verify']);
      return await this.#subtle.verify('Ed25519', key, own(signature), own(message));
    } catch {
      return false;
    }
  }

  async seal(publicKey: Uint8Array, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array> {
    const ephemeral = await this.#subtle.generateKey({ name: 'X25519' }, false, ['deriveBits']);
    if (!isKeyPair(ephemeral)) throw new Error('X25519 made no key pair');
    const ephemeralKey = new Uint8Array(await this.#subtle.exportKey('raw', ephemeral.publicKey));
    const cipher = await this.#cipher(
      ephemeral.privateKey,
      montgomeryKey(publicKey),
      sealSalt(ephemeralKey, publicKey),
    );
    const options = { name: 'AES-GCM', iv: cipher.nonce, additionalData: own(context) };
    const ciphertext = await this.#subtle.encrypt(options, cipher.key, own(plaintext));
    return concatBytes(ephemeralKey, new Uint8Array(ciphertext));
  }

  async unseal(sealed: Uint8Array, context: Uint8Array): Promise<Uint8Array | undefined> {
    if (sealed.length < MIN_SEALED_BYTES) return undefined;
    const ephemeralKey = sealed.subarray(0, KEY_BYTES);
    try {
      const salt = sealSalt(ephemeralKey, this.self.publicKey);
      const cipher = await this.#cipher(this.#keys.unseal, ephemeralKey, salt);
      const options = { name: 'AES-GCM', iv: cipher.nonce, additionalData: own(context) };
      return new Uint8Array(await this.#subtle.decrypt(options, cipher.key, own(sealed.subarray(KEY_BYTES))));
    } catch {
      return undefined;
    }
  }

  randomBytes(length: number): Uint8Array {
    return systemRandomBytes(length);
  }

  /** `theirKey` is an X25519 key. Rejects for one of low order. */
  async #cipher(
    privateKey: CryptoKey,
    theirKey: Uint8Array,
    salt: Uint8Array,
  ): Promise<{ key: CryptoKey; nonce: Uint8Array<ArrayBuffer> }> {
    const theirs = await this.#subtle.importKey('raw', own(theirKey), { name: 'X25519' }, false, []);
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

/** Typed as always there, but missing in pages that are not secure contexts: throws then. */
function webSubtle(): SubtleCrypto {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (!subtle) throw new Error('crypto.subtle is missing');
  return subtle;
}

function isKeyPair(key: CryptoKey | CryptoKeyPair): key is CryptoKeyPair {
  return 'privateKey' in key && 'publicKey' in key;
}

/** A copy in a buffer of its own: WebCrypto takes no shared memory, and the caller may reuse its array meanwhile. */
function own(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

/** The bytes that base64url without padding stands for. RFC 7515 §2. */
function fromBase64Url(text: string): Uint8Array {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (unit) => unit.charCodeAt(0));
}
