import type { NodeId } from '../../../../shared/src/ids.ts';
import {
  CHANNEL_OPEN_TIMEOUT_MS,
  FIRST_CHANNEL_ID,
  LAST_CHANNEL_ID,
  MAX_CHANNELS_PER_LINK,
  MAX_TORRENTS,
} from '../../../../shared/src/limits/storage.ts';
import type { Millis } from '../../../../shared/src/machine.ts';
import type { Clock } from '../../ports/clock.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { Link } from '../links/types.ts';
import { type RefuseCode, type SwarmFrame, decodeSwarmFrame, encodeSwarmFrame } from './control.ts';

/** What the broker needs of the service around it. */
export interface BrokerOwner {
  readonly self: NodeId;
  readonly clock: Clock;
  sendControl(link: Link, frame: Uint8Array): void;
  /** What a torrent goes by here that others know by this hash: a hybrid one has two (BEP 52). */
  torrentOf(swarm: InfoHash): InfoHash;
  /** Whether a peer may exchange this torrent now; undefined means yes. */
  refusal(swarm: InfoHash, peer: NodeId): RefuseCode | undefined;
  /** Both sides agreed. The channel is fresh: it can still be transferred, in this very task. */
  opened(infoHash: InfoHash, swarm: InfoHash, link: Link, channel: RTCDataChannel, isOutbound: boolean): void;
  /** An `open` of ours came to nothing, while the link is up. */
  failed(infoHash: InfoHash, peer: NodeId, why: RefuseCode | 'timeout' | 'no-channel'): void;
}

/** The channel of one torrent on one link. */
type Use =
  | {
      readonly kind: 'opening';
      readonly id: number;
      readonly infoHash: InfoHash;
      /** What the peer knows it by. */
      readonly swarm: InfoHash;
      readonly cancelTimer: () => void;
    }
  | { readonly kind: 'open'; readonly id: number; readonly infoHash: InfoHash };

interface LinkUses {
  readonly link: Link;
  /** Ids of channels that are open or being opened. BOUNDED: by MAX_CHANNELS_PER_LINK. */
  readonly ids: Set<number>;
  /** BOUNDED: by MAX_CHANNELS_PER_LINK. */
  readonly uses: Map<InfoHash, Use>;
  /** Ids of OPENs of ours that we gave up on and that may still be answered. BOUNDED: by the ids of a link. */
  readonly givenUp: Set<number>;
  /** Where the search for a free id of ours starts: an id rests as long as possible before it is used again. */
  nextId: number;
  /** Channels made at the peer's word since that instant. */
  made: number;
  madeSince: Millis;
}

/**
 * Agrees with peers on one bulk channel per torrent and link. Per torrent: none → opening (OPEN sent) → open (ACCEPT
 * came), or none → open (OPEN came, ACCEPT sent). When both sides send OPEN at once the lower node id's counts.
 */
export class ChannelBroker {
  readonly #owner: BrokerOwner;
  /** BOUNDED: by the links that are up. */
  readonly #links = new Map<NodeId, LinkUses>();
  /** Frames that made no sense, by cause. BOUNDED: by the causes below. */
  readonly counters = new Map<'malformed' | 'unknown-type' | 'bad-id' | 'unexpected', number>();

  constructor(owner: BrokerOwner) {
    this.#owner = owner;
  }

  /** True when the torrent has a channel to the peer, or one is being opened. */
  has(peer: NodeId, infoHash: InfoHash): boolean {
    return this.#links.get(peer)?.uses.has(infoHash) ?? false;
  }

  /** Torrents that have a channel to the peer, opening ones included. */
  uses(peer: NodeId): InfoHash[] {
    return [...(this.#links.get(peer)?.uses.keys() ?? [])];
  }

  /** Asks the peer, which knows the torrent by `swarm`, for a channel. False when there is one, or no room for one more. */
  open(link: Link, infoHash: InfoHash, swarm = infoHash): boolean {
    const at = this.#of(link);
    const id = this.#freeId(at);
    if (id === undefined || at.uses.has(infoHash) || at.uses.size >= MAX_CHANNELS_PER_LINK) return false;
    const cancelTimer = this.#owner.clock.setTimer(this.#owner.clock.now() + CHANNEL_OPEN_TIMEOUT_MS, () => {
      if (at.uses.get(infoHash)?.id !== id) return;
      this.#forget(at, infoHash);
      this.#owner.failed(infoHash, link.peer.id, 'timeout');
    });
    at.uses.set(infoHash, { kind: 'opening', id, infoHash, swarm, cancelTimer });
    at.ids.add(id);
    at.givenUp.delete(id);
    this.#send(link, { kind: 'OPEN', id, infoHash: swarm });
    return true;
  }

  /** A control message that starts with SWARM_FRAME. */
  receive(link: Link, bytes: Uint8Array): void {
    const decoded = decodeSwarmFrame(bytes);
    if (!decoded.ok) {
      this.#count(decoded.error);
      return;
    }
    const frame = decoded.value;
    const at = this.#of(link);
    if (frame.kind === 'OPEN') this.#onOpen(at, frame.id, frame.infoHash);
    else if (frame.kind === 'ACCEPT') this.#onAccept(at, frame.id);
    else this.#onRefuse(at, frame.id, frame.code);
  }

  /** The torrent's channel to this peer is over; its id may be used again. */
  closed(peer: NodeId, infoHash: InfoHash): void {
    const at = this.#links.get(peer);
    if (at) this.#forget(at, infoHash);
  }

  /** The link is gone, and every channel with it. */
  linkDown(peer: NodeId): void {
    const at = this.#links.get(peer);
    if (!at) return;
    for (const infoHash of [...at.uses.keys()]) this.#forget(at, infoHash);
    this.#links.delete(peer);
  }

  stop(): void {
    for (const peer of [...this.#links.keys()]) this.linkDown(peer);
  }

  #onOpen(at: LinkUses, id: number, swarm: InfoHash): void {
    const { link } = at;
    const infoHash = this.#owner.torrentOf(swarm);
    const isTheirs = id >= FIRST_CHANNEL_ID && id <= LAST_CHANNEL_ID && (id % 2 === 0) !== link.isOfferer;
    if (!isTheirs) return this.#count('bad-id');
    const own = at.uses.get(infoHash);
    // Both asked at once: the other side sees our OPEN too, and takes it instead.
    if (own?.kind === 'opening' && this.#owner.self < link.peer.id) return;
    // The peer would not ask again while it has a channel: ours, if any, is a dead one.
    if (own) this.#forget(at, infoHash);
    const isBusy = at.ids.has(id) || at.uses.size >= MAX_CHANNELS_PER_LINK;
    const refusal = isBusy ? 'busy' : this.#owner.refusal(swarm, link.peer.id);
    const code = refusal ?? (this.#mayMake(at) ? undefined : 'busy');
    const channel = code ? undefined : openChannel(link, id);
    if (!channel) {
      this.#send(link, { kind: 'REFUSE', id, code: code ?? 'busy' });
      if (own) this.#owner.failed(infoHash, link.peer.id, code ?? 'no-channel');
      return;
    }
    at.uses.set(infoHash, { kind: 'open', id, infoHash });
    at.ids.add(id);
    this.#owner.opened(infoHash, swarm, link, channel, false);
    this.#send(link, { kind: 'ACCEPT', id });
  }

  #onAccept(at: LinkUses, id: number): void {
    const use = opening(at, id);
    if (!use) {
      this.#count('unexpected');
      // We gave up on it meanwhile. The other side holds its end open until ours comes and goes.
      if (at.givenUp.delete(id)) openChannel(at.link, id)?.close();
      return;
    }
    this.#answered(at, use);
    const channel = openChannel(at.link, id);
    if (!channel) {
      this.#owner.failed(use.infoHash, at.link.peer.id, 'no-channel');
      return;
    }
    at.uses.set(use.infoHash, { kind: 'open', id, infoHash: use.infoHash });
    at.ids.add(id);
    this.#owner.opened(use.infoHash, use.swarm, at.link, channel, true);
  }

  #onRefuse(at: LinkUses, id: number, code: RefuseCode): void {
    const use = opening(at, id);
    at.givenUp.delete(id);
    if (!use) return this.#count('unexpected');
    this.#answered(at, use);
    this.#owner.failed(use.infoHash, at.link.peer.id, code);
  }

  /**
   * One more channel may be made at the peer's word: as many as a tab can have torrents. Each costs the page's own thread, and a
   * peer could have them made and let go without end. Counts it.
   */
  #mayMake(at: LinkUses): boolean {
    const now = this.#owner.clock.now();
    if (now - at.madeSince >= CHANNEL_OPEN_TIMEOUT_MS) [at.made, at.madeSince] = [0, now];
    return ++at.made <= MAX_TORRENTS;
  }

  #answered(at: LinkUses, { infoHash, id }: Use): void {
    this.#forget(at, infoHash);
    at.givenUp.delete(id);
  }

  #of(link: Link): LinkUses {
    const known = this.#links.get(link.peer.id);
    if (known?.link === link) return known;
    // A link that took the place of another one has none of its channels.
    this.linkDown(link.peer.id);
    const fresh: LinkUses = {
      link,
      ids: new Set(),
      uses: new Map(),
      givenUp: new Set(),
      nextId: firstId(link),
      made: 0,
      madeSince: 0,
    };
    this.#links.set(link.peer.id, fresh);
    return fresh;
  }

  #freeId(at: LinkUses): number | undefined {
    const first = firstId(at.link);
    const count = Math.floor((LAST_CHANNEL_ID - first) / 2) + 1;
    for (let tried = 0; tried < count; tried++) {
      const id = at.nextId;
      at.nextId = id + 2 > LAST_CHANNEL_ID ? first : id + 2;
      if (!at.ids.has(id)) return id;
    }
    return undefined;
  }

  #forget(at: LinkUses, infoHash: InfoHash): void {
    const use = at.uses.get(infoHash);
    if (!use) return;
    if (use.kind === 'opening') {
      use.cancelTimer();
      at.givenUp.add(use.id);
    }
    at.uses.delete(infoHash);
    at.ids.delete(use.id);
  }

  #send(link: Link, frame: SwarmFrame): void {
    this.#owner.sendControl(link, encodeSwarmFrame(frame));
  }

  #count(cause: 'malformed' | 'unknown-type' | 'bad-id' | 'unexpected'): void {
    this.counters.set(cause, (this.counters.get(cause) ?? 0) + 1);
  }
}

/** The offerer of the link allots even ids, the answerer odd ones. */
function firstId(link: Link): number {
  return link.isOfferer ? FIRST_CHANNEL_ID : FIRST_CHANNEL_ID + 1;
}

function opening(at: LinkUses, id: number): Extract<Use, { kind: 'opening' }> | undefined {
  for (const use of at.uses.values()) if (use.kind === 'opening' && use.id === id) return use;
  return undefined;
}

/** Undefined when the connection takes no more channels, e.g. because it is just closing. */
function openChannel(link: Link, id: number): RTCDataChannel | undefined {
  try {
    return link.openChannel(id, 'swarm');
  } catch {
    return undefined;
  }
}
