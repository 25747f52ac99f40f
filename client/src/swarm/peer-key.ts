import { binaryText, fromHex, toHex } from '../../../shared/src/bytes.ts';
import { ID_BYTES, type NodeId, nodeIdToBytes } from '../../../shared/src/ids.ts';

declare const strangerBrand: unique symbol;

/**
 * A peer without a node id, which the tracker of a foreign swarm introduced: `~` and, in hex, the peer id by which the
 * tracker named it. Nothing of it is proven. No node id begins so, hence none is ever taken for one.
 */
export type StrangerId = string & { readonly [strangerBrand]: true };

/** Who a peer of a torrent is: a node, whose id its link has proven, or a stranger. */
export type PeerKey = NodeId | StrangerId;

/** The stranger of this peer id, which is of ID_BYTES. */
export function strangerOf(peerId: Uint8Array): StrangerId {
  return `~${toHex(peerId)}` as StrangerId;
}

export function isStranger(peer: PeerKey): peer is StrangerId {
  return peer.startsWith('~');
}

/** The peer id that a peer goes by on the wire: a node's id, or what a stranger told the tracker. */
export function peerIdOf(peer: PeerKey): Uint8Array {
  return isStranger(peer) ? (fromHex(peer.slice(1)) ?? new Uint8Array(ID_BYTES)) : nodeIdToBytes(peer);
}

/** Programs by the two letters of their peer ids (BEP 20). Those that speak WebRTC, and the common ones. */
const PROGRAMS: ReadonlyMap<string, string> = new Map([
  ['WW', 'WebTorrent'],
  ['WD', 'WebTorrent Desktop'],
  ['SK', 'Skein'],
  ['BI', 'BiglyBT'],
  ['LT', 'libtorrent'],
  ['lt', 'libTorrent'],
  ['TR', 'Transmission'],
  ['qB', 'qBittorrent'],
]);

/** The program of a peer, as its peer id says (BEP 20); undefined when that says nothing known. */
export function programOf(peer: StrangerId): string | undefined {
  const [, letters = '', version = ''] = /^-([A-Za-z]{2})(\d{4})-/.exec(binaryText(peerIdOf(peer))) ?? [];
  const name = PROGRAMS.get(letters);
  if (name === undefined) return undefined;
  // WebTorrent and Skein write the first two numbers of their versions in two digits each.
  const isPlain = letters === 'WW' || letters === 'WD' || letters === 'SK';
  return isPlain ? `${name} ${Number(version.slice(0, 2))}.${Number(version.slice(2))}` : name;
}
