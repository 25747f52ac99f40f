import { fromHex, toHex } from '../../../../shared/src/bytes.ts';
import { KEY_BYTES } from '../../../../shared/src/ids.ts';

/**
 * One key pair both signs (Ed25519) and opens what is sealed (X25519): the two curves are one, written in two ways. That
 * a pair may serve for both is shown by Thormarker, "On using the same key pair for Ed25519 and an X25519 based KEM"
 * (ePrint 2021/509). Not in WebCrypto, and the library for it weighs more than a page's first load has room for.
 */

/** The field's prime, 2^255 - 19. RFC 7748 §4.1. */
const P = (1n << 255n) - 19n;

/**
 * The X25519 form of an Ed25519 public key: u = (1 + y) / (1 - y). [32 bytes] RFC 7748 §4.1. Any bytes give some key;
 * those of no peer's give one to which nobody can open what is sealed.
 */
export function montgomeryKey(publicKey: Uint8Array): Uint8Array {
  const y = BigInt(`0x${toHex(publicKey.slice().reverse())}`) & ((1n << 255n) - 1n);
  const u = ((1n + y) * inverse(P + 1n - (y % P))) % P;
  return (fromHex(u.toString(16).padStart(2 * KEY_BYTES, '0')) as Uint8Array).reverse();
}

/** The X25519 scalar of an Ed25519 seed, from the 64 bytes of its SHA-512. [32 bytes] RFC 8032 §5.1.5. */
export function montgomerySecret(hashedSeed: Uint8Array): Uint8Array {
  const secret = hashedSeed.slice(0, KEY_BYTES);
  secret[0] = (secret[0] as number) & 248;
  secret[31] = ((secret[31] as number) & 127) | 64;
  return secret;
}

/** 1 / value, and 0 for 0: value^(p - 2) by Fermat. Takes 0.1 ms; the value is public. */
function inverse(value: bigint): bigint {
  let power = 1n;
  for (const bit of (P - 2n).toString(2)) {
    power = (power * power) % P;
    if (bit === '1') power = (power * value) % P;
  }
  return power;
}
