import type { Contact, NodeId } from '../../../../shared/src/ids.ts';
import { MAX_CHANNELS_PER_TORRENT } from '../../../../shared/src/limits/storage.ts';
import type { PeerKey } from '../../swarm/peer-key.ts';

/** Peers named by one that wait for their keys. As many as one message of the peer exchange names. */
const MAX_NAMED = 50;

/** Peers that name others, of those named at a time. As many as a torrent has channels. */
const MAX_NAMERS = MAX_CHANNELS_PER_TORRENT;

/** Lookups of keys at once, for one torrent. Each is a lookup in the overlay. */
const MAX_RESOLVING = 4;

/** What becomes of peers that were named. */
export interface NamedPeersOwner {
  /** Further peers are wanted. */
  isSeeking(): boolean;
  /** The keys of a node, as the overlay knows. May reject. */
  resolve(peer: NodeId): Promise<Contact | undefined>;
  found(contact: Contact): void;
}

/**
 * Peers that others named by their ids alone. The overlay is asked for their keys, a few at a time, and of each that named
 * some in turn: one that names many that are not there holds nobody else's up. What comes while many of it wait is left
 * out.
 */
export class NamedPeers {
  readonly #owner: NamedPeersOwner;
  /** By who named them; whose turn is next comes first. BOUNDED: by MAX_NAMERS, and MAX_NAMED for each. */
  readonly #named = new Map<PeerKey, Set<NodeId>>();
  /** Whose keys are asked for now. BOUNDED: by MAX_RESOLVING. */
  readonly #resolving = new Set<NodeId>();

  constructor(owner: NamedPeersOwner) {
    this.#owner = owner;
  }

  add(peers: Iterable<NodeId>, from: PeerKey): void {
    const named = this.#named.get(from) ?? new Set<NodeId>();
    for (const peer of peers) if (named.size < MAX_NAMED && !this.#isSought(peer)) named.add(peer);
    if (named.size > 0 && (this.#named.has(from) || this.#named.size < MAX_NAMERS)) this.#named.set(from, named);
    this.#resolve();
  }

  #isSought(peer: NodeId): boolean {
    if (this.#resolving.has(peer)) return true;
    for (const named of this.#named.values()) if (named.has(peer)) return true;
    return false;
  }

  /** Takes a peer out that one of them named, whose turn comes again after those of the others. */
  #take(): NodeId | undefined {
    for (const [from, named] of this.#named) {
      this.#named.delete(from);
      const [peer] = named;
      if (peer !== undefined) named.delete(peer);
      if (named.size > 0) this.#named.set(from, named);
      return peer;
    }
    return undefined;
  }

  #resolve(): void {
    while (this.#resolving.size < MAX_RESOLVING) {
      const peer = this.#take();
      if (peer === undefined) return;
      this.#resolving.add(peer);
      this.#owner
        .resolve(peer)
        .then(
          (contact) => contact && this.#owner.found(contact),
          () => undefined,
        )
        .finally(() => {
          this.#resolving.delete(peer);
          if (this.#owner.isSeeking()) this.#resolve();
          else this.#named.clear();
        });
    }
  }
}
