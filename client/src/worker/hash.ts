import { sha1 as sha1Sync } from '@noble/hashes/legacy.js';
import { sha256 as sha256Sync } from '@noble/hashes/sha2.js';
import type { OwnBytes } from './storage/types.ts';

/** The SHA-1 digest of `bytes` (FIPS 180-4): WebCrypto off this thread in a secure context, else plain JavaScript. */
export async function sha1(bytes: OwnBytes): Promise<Uint8Array> {
  if (typeof crypto === 'undefined' || !('subtle' in crypto)) return sha1Sync(bytes);
  return new Uint8Array(await crypto.subtle.digest('SHA-1', bytes));
}

/** The SHA-256 digest of `bytes` (FIPS 180-4), made where `sha1` is made. `bytes` may change after the call. */
export async function sha256(bytes: OwnBytes): Promise<Uint8Array> {
  if (typeof crypto === 'undefined' || !('subtle' in crypto)) return sha256Sync(bytes);
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
