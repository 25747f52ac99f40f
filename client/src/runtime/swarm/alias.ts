import { concatBytes, equalBytes, utf8Encode } from '../../../../shared/src/bytes.ts';
import { type NodeId, hashToId, nodeIdToBytes } from '../../../../shared/src/ids.ts';
import { type Rng, randomBytes } from '../../../../shared/src/machine.ts';
import type { InfoHash } from '../../swarm/types.ts';

/** How peer ids of this program begin (BEP 20), as `programOf` reads them: Skein 0.1. */
const PREFIX = utf8Encode('-SK0001-');

/** Random bytes of an alias, and those by which who knows the node recognises it. */
const SALT_BYTES = 4;
const MARK_BYTES = 8;

/**
 * The peer id by which trackers and strangers know this node in one torrent: another one each time, so that a tracker
 * can neither link torrents by it nor take it for one that left.
 */
export function makeAlias(self: NodeId, infoHash: InfoHash, rng: Rng): Uint8Array {
  const salt = randomBytes(rng, SALT_BYTES);
  return concatBytes(PREFIX, salt, markOf(self, infoHash, salt));
}

/** True when `peerId` is an alias of that node: whoever has a link to it need not meet it as a stranger. */
export function isAliasOf(peerId: Uint8Array, node: NodeId, infoHash: InfoHash): boolean {
  if (!equalBytes(peerId.subarray(0, PREFIX.length), PREFIX)) return false;
  const salt = peerId.subarray(PREFIX.length, PREFIX.length + SALT_BYTES);
  return equalBytes(peerId.subarray(PREFIX.length + SALT_BYTES), markOf(node, infoHash, salt));
}

function markOf(node: NodeId, infoHash: InfoHash, salt: Uint8Array): Uint8Array {
  return nodeIdToBytes(hashToId(nodeIdToBytes(node), nodeIdToBytes(infoHash), salt)).subarray(0, MARK_BYTES);
}
