import type { SwarmPeer } from '../../index.ts';

/**
 * How many of these peers depend on this tab: they want what it has, and no connected peer has everything, so that they
 * might be left without it. 0 while another complete source is there.
 */
export function dependentPeers(peers: readonly Pick<SwarmPeer, 'isInterested' | 'progress'>[]): number {
  if (peers.some(({ progress }) => progress >= 1)) return 0;
  return peers.filter(({ isInterested }) => isInterested).length;
}

/** The same in a sentence; undefined while nobody does. */
export function neededSentence(dependent: number): string | undefined {
  if (dependent === 0) return undefined;
  return dependent === 1
    ? 'Someone has no other source: keep this tab open'
    : `${dependent} peers have no other source: keep this tab open`;
}
