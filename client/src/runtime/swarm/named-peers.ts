import type { Contact, NodeId } from '../../../../shared/src/ids.ts';

/** Peers named by others that wait for their keys. As many as one message of the peer exchange names. */
const MAX_NAMED = 50;

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
 * Peers that others named by their ids alone. The overlay is asked for their keys, a few at a time; what comes while many
 * wait is left out: whoever matters is named again by others.
 */
export class NamedPeers {
  readonly #owner: NamedPeersOwner;
  /** BOUNDED: by MAX_NAMED. */
  readonly #named = new Set<NodeId>();
  #resolving = 0;

  constructor(owner: NamedPeersOwner) {
    this.#owner = owner;
  }

  add(peers: Iterable<NodeId>): void {
    for (const peer of peers) {
      if (this.#named.size >= MAX_NAMED) break;
      this.#named.add(peer);
    }
    this.#resolve();
  }

  #resolve(): void {
    for (const peer of this.#named) {
      if (this.#resolving >= MAX_RESOLVING) return;
      this.#named.delete(peer);
      this.#resolving++;
      this.#owner
        .resolve(peer)
        .then(
          (contact) => contact && this.#owner.found(contact),
          () => undefined,
        )
        .finally(() => {
          this.#resolving--;
          if (this.#owner.isSeeking()) this.#resolve();
          else this.#named.clear();
        });
    }
  }
}
