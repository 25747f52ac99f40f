import type { MediaStreams } from '../ports/media-streams.ts';
import type { MediaPort } from '../ports/media.ts';
import type { LazyCallHost } from './lazy-calls.ts';
import type { Network, NetworkParts } from './network.ts';
import type { SwarmHost } from './swarm/host.ts';

/** Everything the node needs from its surroundings. */
export interface NodeParts extends Omit<NetworkParts, 'name'> {
  readonly loadMedia: () => Promise<MediaPort>;
  readonly createWorker: () => Worker;
  readonly loadMediaStreams: () => Promise<MediaStreams>;
  readonly loadStrangers: SwarmHost['loadStrangers'];
  readonly name: string;
  readonly saveName: (name: string) => void;
  /** Lets another tab of the profile take the saved identity. */
  readonly releaseIdentity: () => void;
  readonly storage: 'persistent' | 'memory';
  readonly isSecure: boolean;
}

/** What swarms see of the node. */
export function swarmHost(parts: NodeParts, network: Network): SwarmHost {
  return {
    ...parts,
    self: parts.crypto.self.id,
    links: () => network.links.links,
    openLink: (contact) => network.links.open(contact, 'swarm'),
    releaseLink: (peer) => network.links.release(peer, 'swarm'),
    resolve: (peer) => network.post.resolve(peer),
    findProviders: async (infoHash) => {
      await network.whenJoined();
      return network.overlay.findProviders(infoHash);
    },
    trackerPeers: async (infoHash, event) => {
      await network.whenServerKnown();
      return await parts.signaling?.announce(infoHash, event);
    },
    trackerLeave: async (infoHash) => parts.signaling?.leave(infoHash),
    publish: async (infoHash) => {
      await network.overlay.publish(infoHash);
    },
    unpublish: async (infoHash) => {
      await network.overlay.unpublish(infoHash);
    },
    sendControl: (link, bytes) => network.control.send(link.peer.id, bytes),
    nameOf: (id) => network.nameOf(id),
  };
}

/** What calls see of the node. `own`: what the node itself knows and hears. */
export function callHost(
  parts: NodeParts,
  network: Network,
  own: Pick<LazyCallHost, 'name' | 'onIncoming' | 'transfers'>,
): LazyCallHost {
  return {
    ...parts,
    ...own,
    self: parts.crypto.self,
    sendMail: (to, payload, withinMs) => network.post.send(to, 'call', payload, withinMs),
    records: network.records,
    nameOf: (id) => network.nameOf(id),
  };
}
