import { concatBytes, utf8Encode } from '../../../../shared/src/bytes.ts';
import { KEY_BYTES } from '../../../../shared/src/ids.ts';

/** What both crypto adapters agree on, so that either opens what the other sealed. See PROTOCOL.md §3. */

/** Length of the AES-GCM tag. [bytes] NIST SP 800-38D §5.2.1.2: the full 128 bits. */
export const TAG_BYTES = 16;

/** Shortest sealed message: the ephemeral key and the tag of an empty plaintext. [bytes] */
export const MIN_SEALED_BYTES = KEY_BYTES + TAG_BYTES;

/** HKDF output: an AES-256 key and a 96-bit nonce. [bytes] The key is used once, so the nonce may be derived with it. */
export const SEAL_KEY_BYTES = 32;
export const SEAL_NONCE_BYTES = 12;

/** HKDF info: separates this use of the shared secret from any other. */
export const SEAL_INFO = utf8Encode('skein seal 2');

/** HKDF salt: binds the key to both public keys, as RFC 7748 §6.1 advises. `publicKey`: the target's Ed25519 key. */
export function sealSalt(ephemeralKey: Uint8Array, publicKey: Uint8Array): Uint8Array {
  return concatBytes(ephemeralKey, publicKey);
}

/** True for the shared secret of a low-order public key, which anybody could compute (RFC 7748 §6.1). */
export function isAllZero(secret: Uint8Array): boolean {
  let union = 0;
  for (const byte of secret) union |= byte;
  return union === 0;
}
