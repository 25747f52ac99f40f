import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import {
  ANNOUNCE_PERIOD_MS,
  MAX_CANDIDATES,
  MAX_CONNECTING,
  MAX_RETRY_PAUSE_MS,
  MAX_SEARCH_PAUSE_MS,
  MAX_SOUGHT_PEERS,
  MIN_RETRY_PAUSE_MS,
  MIN_SEARCH_PAUSE_MS,
} from '../../../../shared/src/limits/storage.ts';
import type { Clock } from '../../ports/clock.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { Link } from '../links/types.ts';

/** What a finder needs of the torrent and the node around it. */
export interface FinderOwner {
  readonly self: NodeId;
  readonly clock: Clock;
  links(): ReadonlyMap<NodeId, Link>;
  openLink(contact: Contact): Promise<Link>;
  findProviders(infoHash: InfoHash): Promise<readonly Contact[]>;
  trackerPeers(infoHash: InfoHash, event: 'started' | 'completed' | 'update'): Promise<readonly Contact[]>;
  /** Peers with a channel, opening ones included. */
  peerCount(): number;
  hasPeer(peer: NodeId): boolean;
  /** The torrent has use for further peers. */
  wantsPeers(): boolean;
  /** It has as many sources as it can make use of: nobody need be asked for more. */
  hasEnoughSources(): boolean;
  /** The link is up: ask for a channel. False when that is not possible now. */
  openChannel(link: Link): boolean;
  /** A link that was opened here is not used after all. */
  unused(peer: NodeId): void;
}

interface Candidate {
  readonly contact: Contact;
  /** Not tried before this instant. */
  retryAt: number;
  failures: number;
  isConnecting: boolean;
}

/**
 * Looks for peers of one torrent while it wants more: asks the overlay and the tracker at once, opens links to those
 * that were named, and asks again with growing pauses. Peers that fail rest ever longer; linked ones come first.
 */
export class PeerFinder {
  readonly #infoHash: InfoHash;
  readonly #owner: FinderOwner;
  /** In the order in which they became known. BOUNDED: by MAX_CANDIDATES. */
  readonly #candidates = new Map<NodeId, Candidate>();
  #state: 'idle' | 'running' | 'stopped' = 'idle';
  #isSearching = false;
  /** Since the start, or the last pause. */
  #isAnnounced = false;
  #hasAnnounced = false;
  #pauseMs = MIN_SEARCH_PAUSE_MS;
  #cancelSearch: (() => void) | undefined;
  #cancelRetry: (() => void) | undefined;
  #cancelAnnounce: (() => void) | undefined;

  constructor(infoHash: InfoHash, owner: FinderOwner) {
    this.#infoHash = infoHash;
    this.#owner = owner;
  }

  /** Announces this peer and, if it wants peers, looks for them at once. */
  start(): void {
    if (this.#state !== 'idle') return;
    this.#state = 'running';
    this.#announceLater();
    if (this.#owner.wantsPeers()) this.searchNow();
    else this.#announce('started');
  }

  /** Stops looking and announcing until `start`. */
  pause(): void {
    if (this.#state !== 'running') return;
    this.#state = 'idle';
    this.#isAnnounced = false;
    this.#cancelTimers();
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancelTimers();
    this.#candidates.clear();
  }

  /** The download is complete: the tracker learns it, and no more peers are sought. */
  completed(): void {
    if (this.#state === 'running') this.#announce('completed');
  }

  /** Searches without waiting for the pause to end, e.g. because a source was lost or more is wanted than before. */
  searchNow(): void {
    this.#pauseMs = MIN_SEARCH_PAUSE_MS;
    this.#cancelSearch?.();
    this.#cancelSearch = undefined;
    this.connectMore();
  }

  /** Peers that have the torrent, or may have it. */
  offer(contacts: readonly Contact[]): void {
    for (const contact of contacts) {
      if (contact.id === this.#owner.self || this.#candidates.has(contact.id)) continue;
      if (this.#candidates.size >= MAX_CANDIDATES && !this.#forgetOne()) break;
      this.#candidates.set(contact.id, { contact, retryAt: 0, failures: 0, isConnecting: false });
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

  /** The tracker may know of this peer. */
  get hasAnnounced(): boolean {
    return this.#hasAnnounced;
  }

  /** Peers that were offered and not forgotten. */
  get known(): Iterable<NodeId> {
    return [...this.#candidates.keys()];
  }

  /** The peer was offered before and not forgotten. */
  knows(peer: NodeId): boolean {
    return this.#candidates.has(peer);
  }

  /** The peer is not to be sought any more, unless it is offered again. */
  forget(peer: NodeId): void {
    this.#candidates.delete(peer);
  }

  /** A link came up: if its peer is one that we look for, it is asked at once. */
  linkUp(peer: NodeId): void {
    const candidate = this.#candidates.get(peer);
    if (candidate && candidate.failures <= 1) {
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
    if (candidate) candidate.failures = 0;
  }

  /**
   * Opens links to candidates that are due, linked ones first, and sets a timer for the next that will be. Goes on with the
   * search, which ends when there is no place for more peers.
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
    const due = idle.filter(({ retryAt }) => retryAt <= now);
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
      if (this.#state === 'running' && isWanted && this.#owner.openChannel(link)) return;
      this.#owner.unused(id);
      if (this.#state === 'running') this.failed(id);
    } catch {
      candidate.isConnecting = false;
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
    const event = this.#isAnnounced ? 'update' : 'started';
    this.#isAnnounced = this.#hasAnnounced = true;
    const take = async (asking: Promise<readonly Contact[]>): Promise<void> => {
      try {
        const contacts = await asking;
        if (this.#state === 'running') this.offer(contacts);
      } catch {
        // The overlay or the server is out of reach; the other one may know, and the search repeats.
      }
    };
    await Promise.all([
      take(this.#owner.findProviders(this.#infoHash)),
      take(this.#owner.trackerPeers(this.#infoHash, event)),
    ]);
    this.#isSearching = false;
  }

  #announce(event: 'started' | 'completed' | 'update'): void {
    this.#isAnnounced = this.#hasAnnounced = true;
    this.#owner.trackerPeers(this.#infoHash, event).then(
      (contacts) => {
        if (this.#state === 'running') this.offer(contacts);
      },
      () => undefined,
    );
  }

  #announceLater(): void {
    this.#cancelAnnounce = this.#owner.clock.setTimer(this.#owner.clock.now() + ANNOUNCE_PERIOD_MS, () => {
      this.#announce('update');
      this.#announceLater();
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
