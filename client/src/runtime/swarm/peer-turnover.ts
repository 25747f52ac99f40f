import type { SwarmPeer } from '../../api.ts';

/** What of a peer decides whether a torrent can do without it. */
export type PeerUse = Pick<
  SwarmPeer,
  'id' | 'downBytesPerSecond' | 'upBytesPerSecond' | 'downloadedBytes' | 'uploadedBytes' | 'isSource' | 'isChokingUs'
>;

/**
 * The peer that a torrent without a free place can best do without: nothing moves either way, and nothing will soon,
 * since it has nothing for us or chokes us. Of several the one that moved least so far. Undefined while each is of use.
 * `isSettled` tells whether a peer has had its time to prove useful.
 */
export function leastUseful(peers: readonly PeerUse[], isSettled: (id: string) => boolean): string | undefined {
  const idle = peers.filter(
    (peer) =>
      peer.downBytesPerSecond === 0 &&
      peer.upBytesPerSecond === 0 &&
      (!peer.isSource || peer.isChokingUs) &&
      isSettled(peer.id),
  );
  const moved = (peer: PeerUse): number => peer.downloadedBytes + peer.uploadedBytes;
  return idle.toSorted((a, b) => moved(a) - moved(b))[0]?.id;
}
