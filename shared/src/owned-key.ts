import { type Key, type NodeId, hashToId, nodeIdToBytes } from './ids.ts';

/**
 * The key of what `owner` keeps under the name `salt`, 1 to MAX_RECORD_SALT_BYTES: a hash of both, as BEP 44 makes the
 * target of a mutable item. The owner's id is a hash of its keys, so nobody else can have a record under it.
 */
export function ownedKey(owner: NodeId, salt: Uint8Array): Key {
  return hashToId(salt, nodeIdToBytes(owner));
}
