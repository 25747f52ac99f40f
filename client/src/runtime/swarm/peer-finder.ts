import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import {
  ANNOUNCE_PERIOD_MS,
  ANNOUNCE_SHARE,
  MAX_CANDIDATES,
  MAX_CONNECTING,
  MAX_RETRY_PAUSE_MS,
  MAX_SEARCH_PAUSE_MS,
  MAX_SOUGHT_PEERS,
  MIN_RETRY_PAUSE_MS,
  MIN_SEARCH_PAUSE_MS,
} from '../../../../shared/src/limits/storage.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TrackerPeers } from '../../ports/signaling.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { Link } from '../links/types.ts';

/** What a finder needs of the torrent and the node around it. */
export interface FinderOwner {
  readonly self: NodeId;
  readonly clock: Clock;
  links(): ReadonlyMap<NodeId, Link>;
  openLink(contact: Contact): Promise<Link>;
  /** What the torrent goes by: its own hash, then the other one of a hybrid, once that is known. */
  swarms(): readonly InfoHash[];
  findProviders(swarm: InfoHash): Promise<readonly Contact[]>;
  /** Undefined when the tracker does not answer. May reject. */
  trackerPeers(swarm: InfoHash, event: 'started' | 'completed' | 'update'): Promise<TrackerPeers | undefined>;
  /** Peers with a channel, opening ones included. */
  peerCount(): number;
  hasPeer(peer: NodeId): boolean;
  /** The torrent has use for further peers. */
  wantsPeers(): boolean;
  /** It has as many sources as it can make use of: nobody need be asked for more. */
  hasEnoughSources(): boolean;
  /** The link is up: ask for a channel to the torrent that goes by this. False when that is not possible now. */
  openChannel(link: Link, swarm: InfoHash): boolean;
  /** A link that was opened here is not used after all. */
  unused(peer: NodeId): void;
}

interface Candidate {
  readonly contact: Contact;
  /** What it knows the torrent by, as far as one can tell: under that it was named. */
  swarm: InfoHash;
  /** It did not know the torrent by the other hash, as of the last attempt. */
  isTurned: boolean;
  /** Not tried before this instant. */
  retryAt: number;
  failures: number;
  /** The last of them was that there was no link to it. */
  hadNoLink: boolean;
  isConnecting: boolean;
}

/**
 * Looks for peers of one torrent while it wants more: asks the overlay and the tracker at once, opens links to those
 * that were named, and asks again with growing pauses. Peers that fail rest ever longer; linked ones come first.
 */
export class PeerFinder {
  readonly #owner: FinderOwner;
  /** In the order in which they became known. BOUNDED: by MAX_CANDIDATES. */
  readonly #candidates = new Map<NodeId, Candidate>();
  #state: 'idle' | 'running' | 'stopped' = 'idle';
  #isSearching = false;
  /** Swarms in which this peer was announced since the start, or the last pause. BOUNDED: by the two of a hybrid. */
  readonly #announced = new Set<InfoHash>();
  /** Swarms in which the tracker may know of this peer. BOUNDED: by the two of a hybrid. */
  readonly announcedIn = new Set<InfoHash>();
  #pauseMs = MIN_SEARCH_PAUSE_MS;
  #cancelSearch: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelAnnounce: (() => void) | undefined;

  constructor(owner: FinderOwner) {
    this.#owner = owner;
  }

  /** Announces this peer and, if it wants peers, looks for them at once. */
  start(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'running';
    this.#announceAfter(ANNOUNCE_PERIOD_MS);
    if (this.#owner.wantsPeers()) this.searchNow();
    else this.#announce('update');
  }

  /** Stops looking and announcing until `start`. */
  pause(): void {
    if (this.#state !== 'running') return;
    this.#state = 'idle';
    this.#announced.clear();
    this.#cancelTimers();
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancelTimers();
    this.#candidates.clear();
  }

  /** The torrent goes by this, too: it is announced so, and who goes by it is looked for. */
  joined(swarm: InfoHash): void {
    if (this.#state !== 'running') return;
    const isSought = this.#owner.wantsPeers() && !this.#owner.hasEnoughSources();
    void this.#ask(swarm, isSought);
  }

  /** The download is complete: the tracker learns it, and no more peers are sought. */
  completed(): void {
    if (this.#state === 'running') this.#announce('completed');
  }

  /**
   * The server is there again, and has forgotten this peer: it is announced after `ms`. Who could not be linked to meanwhile is
   * tried again then.
   */
  serverJoined(ms: number): void {
    if (this.#state !== 'running') return;
    this.#announceAfter(ms);
    const at = this.#owner.clock.now() + ms;
    for (const candidate of this.#candidates.values())
      if (candidate.hadNoLink) candidate.retryAt = Math.min(candidate.retryAt, at);
    this.connectMore();
  }

  /** Searches without waiting for the pause to end, e.g. because a source was lost or more is wanted than before. */
  searchNow(): void {
    this.#pauseMs = MIN_SEARCH_PAUSE_MS;
    this.#cancelSearch?.();
    this.#cancelSearch = undefined;
    this.connectMore();
  }

  /** Peers that have the torrent, or may have it, by this hash. */
  offer(contacts: readonly Contact[], swarm: InfoHash): void {
    for (const contact of contacts) {
      if (contact.id === this.#owner.self || this.#candidates.has(contact.id)) continue;
      if (this.#candidates.size >= MAX_CANDIDATES && !this.#forgetOne()) break;
      const fresh = { swarm, isTurned: false, retryAt: 0, failures: 0, hadNoLink: false, isConnecting: false };
      this.#candidates.set(contact.id, { contact, ...fresh });
    }
    this.connectMore();
  }

  /** Somebody who is due to be tried waits for a place. */
  hasWaiting(): boolean {
    const now = this.#owner.clock.now();
    for (const { contact, retryAt, isConnecting } of this.#candidates.values())
      if (!isConnecting && retryAt <= now && !this.#owner.hasPeer(contact.id)) return true;
    return false;
  }

  /** Peers that were offered and not forgotten. */
  get known(): Iterable<NodeId> {
    return [...this.#candidates.keys()];
  }

  /** The peer was offered before and not forgotten. */
  knows(peer: NodeId): boolean {
    return this.#candidates.has(peer);
  }

  /**
   * The peer does not know the torrent by the hash that it was asked by. The other one to ask it by, if the torrent has one and
   * it was not that.
   */
  turn(peer: NodeId): InfoHash | undefined {
    const candidate = this.#candidates.get(peer);
    const other = this.#owner.swarms().find((swarm) => swarm !== candidate?.swarm);
    if (!candidate || other === undefined) return undefined;
    candidate.swarm = other;
    candidate.isTurned = !candidate.isTurned;
    return candidate.isTurned ? other : undefined;
  }

  /** The peer is not to be sought any more, unless it is offered again. */
  forget(peer: NodeId): void {
    this.#candidates.delete(peer);
  }

  /** A link came up: if its peer is one that we look for, it is asked at once. */
  linkUp(peer: NodeId): void {
    const candidate = this.#candidates.get(peer);
    if (candidate && (candidate.failures <= 1 || candidate.hadNoLink)) {
      candidate.hadNoLink = false;
      candidate.retryAt = 0;
      this.connectMore();
    }
    // Just joined, or joined again: whom nobody knew a moment ago may be found now.
    if (this.#owner.peerCount() === 0 && this.#pauseMs > 2 * MIN_SEARCH_PAUSE_MS) this.searchNow();
  }

  /** The channel to this peer is over, or there never was one: it rests, for longer each time or for `pauseMs`. */
  failed(peer: NodeId, pauseMs?: number): void {
    const candidate = this.#candidates.get(peer);
    if (!candidate) return;
    candidate.failures++;
    const growing = Math.min(MAX_RETRY_PAUSE_MS, MIN_RETRY_PAUSE_MS * 2 ** (candidate.failures - 1));
    candidate.retryAt = this.#owner.clock.now() + (pauseMs ?? growing);
    this.connectMore();
  }

  /** The peer proved useful. */
  succeeded(peer: NodeId): void {
    const candidate = this.#candidates.get(peer);
    if (candidate) [candidate.failures, candidate.isTurned] = [0, false];
  }

  /**
   * Opens links to candidates that are due, linked ones first, then those that failed least, and sets a timer for the next
   * that will be. Goes on with the search, which ends when there is no place for more peers.
   */
  connectMore(): void {
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
    if (this.#state !== 'running' || !this.#owner.wantsPeers()) return;
    if (!this.#cancelSearch) void this.#search();
    const links = this.#owner.links();
    const now = this.#owner.clock.now();
    const idle = [...this.#candidates.values()].filter(
      ({ contact, isConnecting }) => !isConnecting && !this.#owner.hasPeer(contact.id),
    );
    // Those that fail again and again would keep whoever became known after them from ever being tried.
    const due = idle.filter(({ retryAt }) => retryAt <= now).toSorted((a, b) => a.failures - b.failures);
    const linkedFirst = [
      ...due.filter(({ contact }) => links.has(contact.id)),
      ...due.filter(({ contact }) => !links.has(contact.id)),
    ];
    let connecting = [...this.#candidates.values()].filter(({ isConnecting }) => isConnecting).length;
    for (const candidate of linkedFirst) {
      if (connecting >= MAX_CONNECTING || this.#owner.peerCount() + connecting >= MAX_SOUGHT_PEERS) break;
      connecting++;
      void this.#connect(candidate);
    }
    const next = Math.min(...idle.filter(({ retryAt }) => retryAt > now).map(({ retryAt }) => retryAt));
    if (next < Infinity) this.#cancelRetry = this.#owner.clock.setTimer(next, () => this.connectMore());
  }

  async #connect(candidate: Candidate): Promise<void> {
    const { id } = candidate.contact;
    candidate.isConnecting = true;
    try {
      const link = await this.#owner.openLink(candidate.contact);
      candidate.isConnecting = false;
      if (this.#state === 'running' && this.#owner.hasPeer(id)) return;
      const isWanted = this.#candidates.has(id) && this.#owner.wantsPeers();
      if (this.#state === 'running' && isWanted && this.#owner.openChannel(link, candidate.swarm)) return;
      this.#owner.unused(id);
      if (this.#state === 'running') this.failed(id);
    } catch {
      candidate.isConnecting = false;
      candidate.hadNoLink = true;
      if (this.#state === 'running') this.failed(id);
    }
  }

  async #search(): Promise<void> {
    if (this.#isSearching || this.#state !== 'running' || !this.#owner.wantsPeers()) return;
    if (!this.#owner.hasEnoughSources()) await this.#askAround();
    if (this.#state !== 'running') return;
    this.#cancelSearch?.();
    this.#cancelSearch = this.#owner.clock.setTimer(this.#owner.clock.now() + this.#pauseMs, () => {
      this.#cancelSearch = undefined;
      void this.#search();
    });
    this.#pauseMs = Math.min(MAX_SEARCH_PAUSE_MS, 2 * this.#pauseMs);
  }

  async #askAround(): Promise<void> {
    this.#isSearching = true;
    await Promise.all(this.#owner.swarms().map((swarm) => this.#ask(swarm, true)));
    this.#isSearching = false;
  }

  #announce(event: 'completed' | 'update'): void {
    for (const swarm of this.#owner.swarms()) void this.#ask(swarm, false, event);
  }

  /** Announces this peer in one swarm, and takes whom the tracker names for that; with `isSought` the overlay is asked, too. */
  async #ask(swarm: InfoHash, isSought: boolean, event: 'completed' | 'update' = 'update'): Promise<void> {
    const isFirst = !this.#announced.has(swarm);
    this.#announced.add(swarm);
    this.announcedIn.add(swarm);
    const take = async (asking: Promise<readonly Contact[]>): Promise<void> => {
      try {
        const contacts = await asking;
        if (this.#state === 'running') this.offer(contacts, swarm);
      } catch {
        // The overlay or the server is out of reach; the other one may know, and the search repeats.
      }
    };
    await Promise.all([
      ...(isSought ? [take(this.#owner.findProviders(swarm))] : []),
      take(this.#tell(swarm, isFirst && event === 'update' ? 'started' : event)),
    ]);
  }

  /** Announces this peer to the tracker, and again after half of the time in which that wants to hear of it. */
  async #tell(swarm: InfoHash, event: 'started' | 'completed' | 'update'): Promise<readonly Contact[]> {
    const answer = await this.#owner.trackerPeers(swarm, event);
    if (answer && this.#state === 'running') this.#announceAfter(ANNOUNCE_SHARE * answer.intervalMs);
    return answer?.peers ?? [];
  }

  #announceAfter(ms: number): void {
    this.#cancelAnnounce?.();
    this.#cancelAnnounce = this.#owner.clock.setTimer(this.#owner.clock.now() + ms, () => {
      // Until the tracker says when. It may be gone.
      this.#announceAfter(ANNOUNCE_PERIOD_MS);
      this.#announce('update');
    });
  }

  /** Makes room for a new candidate: the one that failed most leaves. False when none is free to leave. */
  #forgetOne(): boolean {
    let worst: Candidate | undefined;
    for (const candidate of this.#candidates.values()) {
      if (candidate.isConnecting || this.#owner.hasPeer(candidate.contact.id)) continue;
      if (!worst || candidate.failures > worst.failures) worst = candidate;
    }
    return worst ? this.#candidates.delete(worst.contact.id) : false;
  }

  #cancelTimers(): void {
    this.#cancelSearch?.();
    this.#cancelRetry?.();
    this.#cancelAnnounce?.();
    this.#cancelSearch = this.#cancelRetry = this.#cancelAnnounce = undefined;
  }
}
