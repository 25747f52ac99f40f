import { BoundedMap } from '../../../../shared/src/bounded-map.ts';
import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import {
  ENOUGH_SOURCES,
  MAX_CHANNELS_PER_TORRENT,
  MAX_SOUGHT_PEERS,
  MIN_RETRY_PAUSE_MS,
  PEER_TURNOVER_MS,
  REFUSED_PAUSE_MS,
  USELESS_PAUSE_MS,
} from '../../../../shared/src/limits/storage.ts';
import type { PeerSource } from '../../api.ts';
import type { Millis } from '../../../../shared/src/machine.ts';
import { type PeerKey, isStranger } from '../../swarm/peer-key.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { Link } from '../links/types.ts';
import type { ChannelBroker } from './channel-broker.ts';
import type { RefuseCode } from './control.ts';
import type { SwarmHost } from './host.ts';
import { LazyStrangers, type TrackerState } from './lazy-strangers.ts';
import { NamedPeers } from './named-peers.ts';
import type { OpenTorrents } from './open-torrents.ts';
import { PeerFinder } from './peer-finder.ts';
import { leastUseful } from './peer-turnover.ts';
import { Publication } from './publication.ts';
import type { StrangerPool } from './stranger-pool.ts';
import type { TorrentSession } from './torrent-session.ts';
import type { StrangerChannels } from './stranger-contacts.ts';

/** Peers that a torrent remembers as banned. The oldest is forgotten first. */
const MAX_BANNED_PEERS = 200;

/** How a peer of a torrent was lost: a refusal, the broker's or this file's word, or whatever the worker says. */
type LossReason = string;

/**
 * The peers of one torrent: which have a channel, which are sought, and whether this peer is announced. Follows the
 * session's state: looks for sources while something is missing, publishes once there is something to give, and does
 * neither while paused.
 */
export class TorrentPeers {
  readonly #session: TorrentSession;
  readonly #host: SwarmHost;
  readonly #broker: ChannelBroker;
  readonly #others: Pick<OpenTorrents, 'isAmongOldest'>;
  readonly #finder: PeerFinder;
  readonly #strangers: LazyStrangers;
  /** Peers with a channel, with the newest one's serial and beginning. BOUNDED: by MAX_CHANNELS_PER_TORRENT. */
  readonly #channels = new Map<NodeId, { readonly serial: number; readonly since: Millis }>();
  /** Peers that lose their place to others. BOUNDED: by MAX_CHANNELS_PER_TORRENT: they leave with their channel. */
  readonly #dropped = new Set<PeerKey>();
  #turnoverAt = 0;
  /** A peer was refused since for want of a place. */
  #isCrowded = false;
  /** Peers that were asked for a channel. BOUNDED: by MAX_SOUGHT_PEERS. */
  readonly #opening = new Set<NodeId>();
  /** BOUNDED: by MAX_BANNED_PEERS. */
  readonly #banned = new BoundedMap<NodeId, true>(MAX_BANNED_PEERS);
  readonly #named: NamedPeers;
  readonly #publication: Publication;
  #wasIncomplete = false;
  /** Trackers are to hear when it is complete: something was missing here since it began. */
  #completes = false;
  #hasTwin = false;
  #wasPrivate = false;
  #wasOwnTrackersAlone = false;
  #isStopped = false;

  constructor(
    session: TorrentSession,
    host: SwarmHost,
    broker: ChannelBroker,
    others: Pick<OpenTorrents, 'isAmongOldest'>,
    foreign: { readonly channels: StrangerChannels; readonly pool: StrangerPool },
  ) {
    this.#session = session;
    this.#host = host;
    this.#broker = broker;
    this.#others = others;
    this.#publication = new Publication(host);
    this.#named = new NamedPeers({
      isSeeking: () => this.#isIncomplete(),
      resolve: (peer) => host.resolve(peer),
      found: (contact) => this.#isStopped || session.isPrivate || this.offer([contact]),
    });
    this.#strangers = new LazyStrangers(
      {
        self: host.self,
        infoHash: session.infoHash,
        clock: host.clock,
        rng: host.rng,
        log: host.log,
        channels: foreign.channels,
        swarms: () => session.places.swarms,
        ice: async () => ({ iceServers: await host.ice.fresh(), relayOnly: host.relayOnly }),
        stand: () => session.stand,
        isSeeking: () => this.#isSeeking() && session.givers < ENOUGH_SOURCES,
        hasRoom: () => this.isOpen && this.#peerCount() < MAX_CHANNELS_PER_TORRENT,
        nodes: () => [...this.#channels.keys(), ...this.#opening],
      },
      () => host.loadStrangers(),
      foreign.pool,
    );
    this.#finder = new PeerFinder({
      self: host.self,
      clock: host.clock,
      links: () => host.links(),
      openLink: (contact) => host.openLink(contact),
      swarms: () => this.#announcedBy(),
      findProviders: async (swarm) => {
        const found = session.isPrivate ? [] : await host.findProviders(swarm);
        // The metadata may have come before the answer.
        return session.isPrivate ? [] : this.#noted('overlay', found);
      },
      trackerPeers: async (swarm, event) => {
        const answer = await host.trackerPeers(swarm, event);
        if (!session.isOwnTrackersAlone) return answer && { ...answer, peers: this.#noted('tracker', answer.peers) };
        // It may have been told of this peer after it was told that it left.
        this.#leaveTracker();
        return undefined;
      },
      peerCount: () => this.#peerCount(),
      hasPeer: (peer) => this.uses(peer) || this.#banned.has(peer),
      wantsPeers: () => this.#isSeeking(),
      hasEnoughSources: () => session.givers >= ENOUGH_SOURCES,
      openChannel: (link, swarm) => this.#openChannel(link, swarm),
      unused: (peer) => this.#release(peer),
    });
  }

  get infoHash(): InfoHash {
    return this.#session.infoHash;
  }

  /** True while a channel to the peer is open or being opened. */
  uses(peer: NodeId): boolean {
    return this.#channels.has(peer) || this.#opening.has(peer);
  }

  /** Peers that ask for a channel get one, as far as there is room. */
  get isOpen(): boolean {
    return this.#closedBecause() === undefined;
  }

  /** Opens a channel to a peer that was refused one before, when it asked for the torrent by this hash. */
  callBack(link: Link, swarm: InfoHash): void {
    const peer = link.peer.id;
    if (!this.uses(peer) && this.refusal(peer) === undefined) this.#openChannel(link, swarm);
  }

  /** Why a peer that asks for a channel does not get one; undefined when it does. */
  refusal(peer: NodeId): RefuseCode | undefined {
    const why = this.#session.isOwnTrackersAlone ? 'unknown-swarm' : this.#closedBecause();
    if (why !== undefined) return why;
    if (this.#banned.has(peer)) return 'busy';
    const isFull = this.#channels.size + this.#strangers.count >= MAX_CHANNELS_PER_TORRENT;
    if (!isFull || this.#channels.has(peer)) return undefined;
    this.#isCrowded = true;
    return 'busy';
  }

  /** A channel is agreed; `serial` is its name in the worker's reports. */
  opened(link: Link, serial: number, isOutbound: boolean): void {
    const peer = link.peer.id;
    this.#opening.delete(peer);
    this.#channels.set(peer, { serial, since: this.#host.clock.now() });
    this.#finder.succeeded(peer);
    this.#strangers.nodeIsHere(peer);
    // Keeps the link from being closed as one that nobody needs. That it may fail changes nothing for the channel.
    if (!isOutbound) this.#host.openLink(link.peer).catch(() => undefined);
  }

  /** The peer refused a channel or did not answer. */
  openFailed(peer: NodeId, why: LossReason): void {
    if (this.#opening.delete(peer)) {
      const link = this.#host.links().get(peer);
      const other = why === 'unknown-swarm' ? this.#finder.turn(peer) : undefined;
      if (!other || !link || !this.#isSeeking() || !this.#openChannel(link, other)) this.#lost(peer, why);
    }
    // It asked anew, so it has no end of the channel that is still open here.
    else if (this.#channels.has(peer)) this.#session.dropPeer(peer);
  }

  /** The worker says that a channel is over. Reports of a channel that was replaced meanwhile are ignored. */
  channelOver(peer: PeerKey, serial: number, why: LossReason): void {
    if (isStranger(peer))
      return this.#strangers.channelOver(peer, serial, this.#dropped.delete(peer) ? 'useless' : why);
    if (this.#channels.get(peer)?.serial !== serial) return;
    this.#channels.delete(peer);
    this.#broker.closed(peer, this.infoHash);
    if (why === 'banned') this.#banned.set(peer, true);
    this.#lost(peer, this.#dropped.delete(peer) ? 'useless' : why);
  }

  linkUp(peer: NodeId): void {
    this.#finder.linkUp(peer);
  }

  /** The server is there again: its tracker is told of this peer after `ms`. */
  serverJoined(ms: number): void {
    this.#finder.serverJoined(ms);
  }

  /** The link is gone, and with it the channel: another source is looked for at once. */
  linkDown(peer: NodeId): void {
    const hadChannel = this.#channels.delete(peer);
    this.#dropped.delete(peer);
    const wasOpening = this.#opening.delete(peer);
    if (!hadChannel && !wasOpening) return;
    this.#finder.failed(peer);
    if (hadChannel) this.#finder.searchNow();
  }

  /** The peer `from` named others by their ids alone: they are of use while sources are wanted. */
  found(peers: readonly NodeId[], from: PeerKey): void {
    if (this.#session.isPrivate || !this.#isIncomplete() || this.#session.givers >= ENOUGH_SOURCES) return;
    const isNew = (peer: NodeId): boolean => !this.uses(peer) && !this.#banned.has(peer) && !this.#finder.knows(peer);
    this.#named.add(peers.filter(isNew), from);
  }

  /** Other peers of this torrent, from whatever source. */
  offer(contacts: readonly Contact[]): void {
    this.#finder.offer(this.#noted('exchange', contacts), this.infoHash);
  }

  /** How a tracker that the torrent names is doing; undefined for one that is not asked. */
  trackerState(url: string): TrackerState | undefined {
    return this.#strangers.stateOf(url);
  }

  /** The session's state or progress changed. */
  update(): void {
    if (this.#isStopped) return;
    const { state, progress } = this.#session;
    const isHere = !this.#session.isElsewhere;
    const isActive = isHere && (state === 'finding' || state === 'downloading' || state === 'seeding');
    const isIncomplete = this.#isIncomplete();
    if (this.#session.isPrivate) this.#becomePrivate();
    const { twin } = this.#session.places;
    const announcedBy = this.#announcedBy();
    if (twin && !this.#hasTwin && announcedBy.includes(twin)) this.#finder.joined(twin);
    this.#hasTwin = twin !== undefined;
    if (isActive && !this.#session.isOwnTrackersAlone) this.#finder.start();
    else this.#finder.pause();
    // Something that was skipped is wanted after all, or was found damaged: who was let go is asked again.
    if (isIncomplete && !this.#wasIncomplete) this.#finder.searchNow();
    this.#wasIncomplete = isIncomplete;
    this.#completes ||= isIncomplete;
    const isComplete = state === 'seeding';
    // BEP 3: "no completed is sent if the file was complete when started".
    if (isHere && isComplete && this.#completes && progress.totalBytes > 0) {
      this.#completes = false;
      this.#finder.completed();
      this.#strangers.completed();
    }
    const isPublished = isActive && !this.#session.isPrivate && (isComplete || progress.doneBytes > 0);
    this.#publication.set(isPublished ? announcedBy : []);
    const { isPrivate, trackers } = this.#session;
    const { ownTrackers, infoHashV1, swarms, mainSwarms } = this.#session.places;
    // A link to a private torrent may name any tracker. By two hashes two of them would be asked at a time.
    if (isPrivate) this.#strangers.ask(isActive ? ownTrackers : [], [infoHashV1], true);
    else this.#strangers.ask(isActive ? trackers : [], isIncomplete ? swarms : mainSwarms, false);
    if (isActive) this.#turnOver();
  }

  /** Takes this peer out of the swarm. Without `isLeaving` another torrent of this node is in that, too. */
  stop(isLeaving = true): void {
    if (this.#isStopped) return;
    this.#publication.set([]);
    this.#isStopped = true;
    this.#finder.stop();
    this.#strangers.stop();
    const peers = new Set([...this.#channels.keys(), ...this.#opening]);
    this.#channels.clear();
    this.#opening.clear();
    for (const peer of peers) {
      this.#broker.closed(peer, this.infoHash);
      this.#release(peer);
    }
    if (isLeaving) this.#leaveTracker();
  }

  /** The metadata of a link, or the file, said so: whoever may not be its peer any more is let go. */
  #becomePrivate(): void {
    if (!this.#wasPrivate) {
      this.#wasPrivate = true;
      // Whom trackers of the link introduced.
      this.#strangers.stop();
      for (const peer of this.#session.forgetNamed()) this.#letGo(peer);
    }
    if (this.#wasOwnTrackersAlone || !this.#session.isOwnTrackersAlone) return;
    this.#wasOwnTrackersAlone = true;
    // Those were named by the server's tracker, or came by themselves.
    for (const peer of [...this.#channels.keys(), ...this.#opening, ...this.#finder.known]) this.#letGo(peer);
    this.#leaveTracker();
  }

  #letGo(peer: NodeId): void {
    this.#finder.forget(peer);
    if (this.#channels.has(peer)) this.#session.dropPeer(peer);
    else if (this.#opening.delete(peer)) {
      this.#broker.closed(peer, this.infoHash);
      this.#release(peer);
    }
  }

  #leaveTracker(): void {
    for (const swarm of this.#finder.announcedIn)
      void Promise.resolve(this.#host.trackerLeave(swarm)).catch(() => undefined);
  }

  /**
   * By which of its hashes it is announced. By both while something is missing, as anybody is of use, and as long as the tab has
   * few torrents: a library by two hashes would be two libraries to the overlay and the tracker.
   */
  #announcedBy(): readonly InfoHash[] {
    const { swarms, mainSwarms } = this.#session.places;
    return this.#isIncomplete() || this.#others.isAmongOldest(this.infoHash) ? swarms : mainSwarms;
  }

  #closedBecause(): RefuseCode | undefined {
    const { state } = this.#session;
    const isHere = !this.#isStopped && !this.#session.isElsewhere;
    if (!isHere || state === 'checking' || state === 'failed') return 'unknown-swarm';
    return state === 'paused' ? 'paused' : undefined;
  }

  /** Where all places are taken and others wait, the peer that is of least use gives its place up, one at a time. */
  #turnOver(): void {
    const now = this.#host.clock.now();
    if (now < this.#turnoverAt) return;
    const isSeeking = this.#isIncomplete() && !this.#isSeeking() && this.#finder.hasWaiting();
    if (!isSeeking && !this.#isCrowded) return;
    this.#turnoverAt = now + PEER_TURNOVER_MS;
    this.#isCrowded = false;
    const isSettled = (id: string): boolean => {
      const peer = id as PeerKey;
      const since = isStranger(peer) ? this.#strangers.connectedAt(peer) : this.#channels.get(peer)?.since;
      return since !== undefined && now - since >= PEER_TURNOVER_MS;
    };
    const peer = leastUseful(this.#session.peers(), isSettled) as PeerKey | undefined;
    if (peer === undefined) return;
    this.#dropped.add(peer);
    this.#session.dropPeer(peer);
  }

  #noted(source: PeerSource, contacts: readonly Contact[]): readonly Contact[] {
    for (const { id } of contacts) this.#session.noteSource(id, source);
    return contacts;
  }

  #openChannel(link: Link, swarm: InfoHash): boolean {
    if (!this.#broker.open(link, this.infoHash, swarm)) return false;
    this.#opening.add(link.peer.id);
    return true;
  }

  #lost(peer: NodeId, why: LossReason): void {
    this.#host.log.log('debug', 'swarm peer lost', { peer: peer.slice(0, 8), why });
    // Who has nothing for a torrent that has all it wants may have what it wants next.
    this.#finder.failed(peer, why === 'useless' && !this.#isIncomplete() ? 0 : pauseAfter(why));
    this.#release(peer);
    if (why === 'channel-closed' && this.#isIncomplete() && this.#channels.size === 0) this.#finder.searchNow();
  }

  /** Gives the link up unless any torrent still uses it. */
  #release(peer: NodeId): void {
    if (this.#broker.uses(peer).length === 0) this.#host.releaseLink(peer);
  }

  /** Peers with a channel, or with one on its way. */
  #peerCount(): number {
    return this.#channels.size + this.#opening.size + this.#strangers.count;
  }

  /** Something is missing, and there is a place for who may have it. */
  #isSeeking(): boolean {
    return this.#isIncomplete() && this.#peerCount() < MAX_SOUGHT_PEERS;
  }

  #isIncomplete(): boolean {
    const { state } = this.#session;
    return !this.#isStopped && !this.#session.isElsewhere && (state === 'finding' || state === 'downloading');
  }
}

/** How long a peer rests after it was lost this way; undefined lets the pause grow with each failure. [ms] */
function pauseAfter(why: LossReason): number | undefined {
  if (why === 'busy' || why === 'paused' || why === 'unknown-swarm') return REFUSED_PAUSE_MS;
  if (why === 'useless' || why === 'malformed') return USELESS_PAUSE_MS;
  return why === 'link-down' ? MIN_RETRY_PAUSE_MS : undefined;
}
