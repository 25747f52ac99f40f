import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import type { Rng } from '../../../../shared/src/machine.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MediaStreams } from '../../ports/media-streams.ts';
import type { TrackerPeers } from '../../ports/signaling.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { IceConfig } from '../ice-config.ts';
import type { Link } from '../links/types.ts';
import type { StrangerCode } from './lazy-strangers.ts';

/** What the swarm service needs of the node around it. */
export interface SwarmHost {
  readonly self: NodeId;
  readonly clock: Clock;
  readonly log: Log;
  readonly rng: Rng;
  readonly storage: 'persistent' | 'memory';
  /** Links that are up. */
  links(): ReadonlyMap<NodeId, Link>;
  /** Opens a link for the purpose `swarm`, or adds the purpose to the one that is up. Rejects when there is no way. */
  openLink(contact: Contact): Promise<Link>;
  /** No torrent uses the link any more: gives its purpose `swarm` up. */
  releaseLink(peer: NodeId): void;
  /** Who has the torrent, as the overlay knows. May reject. */
  findProviders(infoHash: InfoHash): Promise<readonly Contact[]>;
  /** The keys of a node of which only the id is known, as the overlay knows. May reject. */
  resolve(peer: NodeId): Promise<Contact | undefined>;
  /** Announces to the tracker and asks for others; undefined when the server is gone. May reject. */
  trackerPeers(infoHash: InfoHash, event: 'started' | 'completed' | 'update'): Promise<TrackerPeers | undefined>;
  trackerLeave(infoHash: InfoHash): void | Promise<void>;
  /** Announces this peer in the overlay as one that has the torrent, until `unpublish`. */
  publish(infoHash: InfoHash): void | Promise<void>;
  unpublish(infoHash: InfoHash): void | Promise<void>;
  /** Sends a frame that starts with SWARM_FRAME on the link's control channel, once that has room. */
  sendControl(link: Link, frame: Uint8Array): void;
  nameOf(id: NodeId): string | undefined;
  /** For connections to strangers. */
  readonly ice: Pick<IceConfig, 'fresh'>;
  readonly relayOnly: boolean;
  /** The ways to WebTorrent's trackers and peers, loaded when a torrent first names such a tracker. */
  loadStrangers(): Promise<StrangerCode>;
  /** What players of the page need, loaded when it is first asked for. */
  loadMediaStreams(): Promise<MediaStreams>;
  /** Starts `client/src/worker/main.ts` as a module worker. */
  createWorker(): Worker;
}
