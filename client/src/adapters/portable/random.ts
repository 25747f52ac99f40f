/** Most bytes that one call of `getRandomValues` gives. [bytes] Web Cryptography §10.1.1. */
const MAX_RANDOM_BYTES = 65_536;

/** Cryptographically random bytes. `getRandomValues` exists in pages that are not secure contexts too. */
export function systemRandomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += MAX_RANDOM_BYTES) {
    globalThis.crypto.getRandomValues(bytes.subarray(at, at + MAX_RANDOM_BYTES));
  }
  return bytes;
}
