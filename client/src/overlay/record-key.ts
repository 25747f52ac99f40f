import { ownedKey } from '../../../shared/src/owned-key.ts';
import { MAX_RECORD_SALT_BYTES } from '../../../shared/src/limits/records.ts';
import type { SignedRecord } from './types.ts';

/** True when the record claims that its key is its author's own. */
export function isOwned({ salt }: Pick<SignedRecord, 'salt'>): boolean {
  return salt !== undefined && salt.length > 0;
}

/** True when that claim holds; a record that makes none may be under any key. */
export function hasRightKey({ salt, key, author }: Pick<SignedRecord, 'salt' | 'key' | 'author'>): boolean {
  if (salt === undefined || salt.length === 0) return true;
  return salt.length <= MAX_RECORD_SALT_BYTES && ownedKey(author.id, salt) === key;
}

/** True when `a` has its key by right and `b`, whoever wrote it, only came first. */
export function outranks(a: SignedRecord, b: SignedRecord): boolean {
  return isOwned(a) && !isOwned(b);
}
