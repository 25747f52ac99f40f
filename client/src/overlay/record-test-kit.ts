import { utf8Encode } from '../../../shared/src/bytes.ts';
import { type Contact, type Key, type NodeId, contactFromKey, parseNodeId } from '../../../shared/src/ids.ts';
import { ownedKey } from '../../../shared/src/owned-key.ts';
import type { SignedRecord } from './types.ts';

/** Wall-clock time in the tests of records. [ms] */
export const WALL = 1_700_000_000_000;

/** A peer made of a number. */
export function person(index: number): Contact {
  const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill).map((byte, i) => (i === 0 ? index : byte));
  return contactFromKey(bytes(1));
}

/** The key whose hex digits are `start` and then zeros. */
export function keyAt(start: string): Key {
  const key = parseNodeId(start.padEnd(40, '0'));
  if (!key) throw new Error(`${start} does not begin a key`);
  return key;
}

/** The same as the id of a peer. */
export const idAt: (start: string) => NodeId = keyAt;

/** A record that lives for an hour. */
export function recordOf(fields: Partial<SignedRecord> = {}): SignedRecord {
  return {
    key: keyAt('aa'),
    author: person(1),
    sequence: 1,
    expiresAt: WALL + 3_600_000,
    value: new Uint8Array([1]),
    signature: new Uint8Array(64),
    ...fields,
  };
}

/** What `author` keeps under a key of its own. */
export function ownedRecordOf(fields: Partial<SignedRecord> = {}): SignedRecord {
  const { author = person(1), salt = utf8Encode('skein aor') } = fields;
  return recordOf({ author, salt, key: ownedKey(author.id, salt), ...fields });
}
