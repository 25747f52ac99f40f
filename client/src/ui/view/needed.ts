import type { SwarmPeer, WebSeedProgress } from '../../index.ts';

/**
 * How many of these peers depend on this tab: they want what it has, and neither a connected peer nor a web seed has
 * everything, so that they might be left without it. 0 while another complete source is there.
 */
export function dependentPeers(
  peers: readonly Pick<SwarmPeer, 'isInterested' | 'progress'>[],
  webSeeds: readonly Pick<WebSeedProgress, 'state'>[],
): number {
  if (peers.some(({ progress }) => progress >= 1) || webSeeds.some(({ state }) => SERVING.has(state))) return 0;
  return peers.filter(({ isInterested }) => isInterested).length;
}

/** States of a web seed of which nothing bad is known. */
const SERVING: ReadonlySet<WebSeedProgress['state']> = new Set(['idle', 'fetching']);

/** The same in a sentence; undefined while nobody does. */
export function neededSentence(dependent: number): string | undefined {
  if (dependent === 0) return undefined;
  return dependent === 1
    ? 'Someone has no other source: keep this tab open'
    : `${dependent} peers have no other source: keep this tab open`;
}
