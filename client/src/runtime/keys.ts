import { type Key, hashToId, parseNodeId } from '../../../shared/src/ids.ts';
import { utf8Encode } from '../../../shared/src/bytes.ts';

/** The overlay key that an embedder means: 40 lower-case hex digits as they are, any other text or bytes hashed. */
export function toKey(key: string | Uint8Array): Key {
  if (typeof key !== 'string') return hashToId(key);
  return parseNodeId(key) ?? hashToId(utf8Encode(key));
}
