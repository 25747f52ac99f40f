import { hexDigit } from '../../../shared/src/bytes.ts';
import type { Key } from '../../../shared/src/ids.ts';
import { SYNC_PARTS } from '../../../shared/src/limits/records.ts';
import type { Item } from './sync-payloads.ts';

/** The part of the key space that `key` is in. [0 .. SYNC_PARTS) */
export function partOf(key: Key): number {
  return hexDigit(key.charCodeAt(key.length - 1)) % SYNC_PARTS;
}

/** One hash per part of the key space: the exclusive or of its items' hashes, so that their order does not matter. */
export function digestOf(items: readonly Item[], salt: number): number[] {
  const hashes = Array.from({ length: SYNC_PARTS }, () => 0);
  for (const item of items) {
    const part = partOf(item.key);
    hashes[part] = ((hashes[part] as number) ^ hashOf(item, salt)) >>> 0;
  }
  return hashes;
}

/** The same for the same items, whatever their order. [u32] */
export function fingerprintOf(items: readonly Item[]): number {
  return items.reduce((hash, item) => (hash ^ hashOf(item, 0)) >>> 0, items.length);
}

/** FNV-1a over the salt and the item, finished as in MurmurHash3. [u32] */
function hashOf({ kind, key, version }: Item, salt: number): number {
  let hash = 0x811c9dc5 ^ salt;
  const text = `${kind} ${key} ${version}`;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
