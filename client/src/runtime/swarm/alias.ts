import { concatBytes, equalBytes, utf8Encode } from '../../../../shared/src/bytes.ts';
import { type NodeId, hashToId, nodeIdToBytes } from '../../../../shared/src/ids.ts';
import { type Rng, randomBytes } from '../../../../shared/src/machine.ts';
import { type StrangerId, strangerOf } from '../../swarm/peer-key.ts';
import type { InfoHash } from '../../swarm/types.ts';

/** How peer ids of this program begin (BEP 20), as `programOf` reads them: Skein 0.1. */
const PREFIX = utf8Encode('-SK0001-');

/** Random bytes of an alias, those by which who knows the node recognises it, and those that tell aliases of one visit apart. */
const SALT_BYTES = 4;
const MARK_BYTES = 6;
const COUNT_BYTES = 2;

/**
 * The peer id by which trackers and strangers know this node in one torrent: another one each time, so that a tracker
 * can neither link torrents by it nor take it for one that left.
 */
export function makeAlias(self: NodeId, infoHash: InfoHash, rng: Rng): Uint8Array {
  const salt = randomBytes(rng, SALT_BYTES);
  return concatBytes(PREFIX, salt, markOf(self, infoHash, salt), new Uint8Array(COUNT_BYTES));
}

/**
 * Another alias of the same visit. A tracker that has not noticed that a connection is lost goes on sending answers there,
 * or takes nothing of that peer id from another one.
 */
export function nextAlias(alias: Uint8Array): Uint8Array {
  const next = alias.slice();
  const count = new DataView(next.buffer, next.length - COUNT_BYTES);
  count.setUint16(0, count.getUint16(0) + 1);
  return next;
}

/** The same for all aliases of one visit of this program; of another stranger, itself. */
export function visitorOf(stranger: StrangerId): string {
  return stranger.startsWith(strangerOf(PREFIX)) ? stranger.slice(0, -2 * COUNT_BYTES) : stranger;
}

/** True when `peerId` is an alias of that node: whoever has a link to it need not meet it as a stranger. */
export function isAliasOf(peerId: Uint8Array, node: NodeId, infoHash: InfoHash): boolean {
  if (!equalBytes(peerId.subarray(0, PREFIX.length), PREFIX)) return false;
  const salt = peerId.subarray(PREFIX.length, PREFIX.length + SALT_BYTES);
  return equalBytes(peerId.subarray(PREFIX.length + SALT_BYTES, -COUNT_BYTES), markOf(node, infoHash, salt));
}

function markOf(node: NodeId, infoHash: InfoHash, salt: Uint8Array): Uint8Array {
  return nodeIdToBytes(hashToId(nodeIdToBytes(node), nodeIdToBytes(infoHash), salt)).subarray(0, MARK_BYTES);
}
