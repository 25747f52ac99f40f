import type { Contact } from '../../../shared/src/ids.ts';

/**
 * Signing, sealing and hashing. Two adapters: WebCrypto, and pure JavaScript for pages that are not a secure context.
 * Implementations hold the private keys; nothing here gives them out.
 */
export interface Crypto {
  /** This peer's public key and id. */
  readonly self: Contact;
  /** Ed25519 signature over `message` by this peer (RFC 8032). [64 bytes] */
  sign(message: Uint8Array): Promise<Uint8Array>;
  /** True when `signature` is a valid Ed25519 signature of `message` by `publicKey`. Never rejects. */
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /**
   * Encrypts for the peer with `publicKey`, an Ed25519 key: an ephemeral X25519 key, HKDF-SHA-256, AES-256-GCM with
   * `context` as associated data. Output: ephemeral public key ‖ ciphertext with tag.
   */
  seal(publicKey: Uint8Array, plaintext: Uint8Array, context: Uint8Array): Promise<Uint8Array>;
  /** The plaintext that was sealed to this peer under the same `context`, or undefined when it was not. Never rejects. */
  unseal(sealed: Uint8Array, context: Uint8Array): Promise<Uint8Array | undefined>;
  /** Cryptographically random bytes. */
  randomBytes(length: number): Uint8Array;
}
