import type { Contact, Key } from '../../../shared/src/ids.ts';
import { BUCKET_CAPACITY, PASS_ON_MAX_AGE_MS } from '../../../shared/src/limits/overlay.ts';
import { REGION_PEERS, REPLICATION, SPARE_REPLICAS } from '../../../shared/src/limits/records.ts';
import { distanceFraction, isCloser } from '../../../shared/src/xor.ts';
import type { Core } from './core.ts';
import { estimateNetworkSize } from './network-size.ts';
import type { RoutingTable } from './routing-table.ts';

/** Who keeps what, as far as our table shows. */
export class Neighbourhood {
  readonly #core: Core;
  readonly #table: RoutingTable;

  constructor(core: Core, table: RoutingTable) {
    this.#core = core;
    this.#table = table;
  }

  /**
   * True when we are near enough to `key` to take something for it: tables differ, and keys are crowded by those who want
   * to have what is stored there, so wider than the replica set.
   */
  isResponsible(key: Key): boolean {
    return this.#isAmongClosest(key, BUCKET_CAPACITY) || this.peersBetween(key) < REGION_PEERS;
  }

  /** True when we are one of the peers closest to `key` that are to hold it. */
  isReplica(key: Key): boolean {
    return this.#isAmongClosest(key, REPLICATION);
  }

  /**
   * True when we are such a peer and know the others: the key lies within our siblings, whom we know completely. Then we
   * may act for the whole replica set on a message that passes on its way to the closest.
   */
  isCoordinator(key: Key): boolean {
    const { siblings } = this.#table;
    const last = siblings.at(-1);
    const { id } = this.#core.self;
    return (
      siblings.length >= REPLICATION && last !== undefined && isCloser(id, key, last.contact.id) && this.isReplica(key)
    );
  }

  /** The peers that should hold `key` beside us: all of the closest when we are one of them, nearest first. */
  replicaPeers(key: Key): Contact[] {
    const others = this.#closest(key, REPLICATION);
    const last = others.at(-1);
    if (others.length === REPLICATION && last && isCloser(key, this.#core.self.id, last.id)) others.pop();
    return others;
  }

  /** The next closest after those, to take the place of peers that turn out to be gone. */
  spares(key: Key): Contact[] {
    return this.#closest(key, REPLICATION + SPARE_REPLICAS).slice(this.replicaPeers(key).length);
  }

  /** Estimated peers between us and the replicas of `key`. */
  peersBetween(key: Key): number {
    const closer = distanceFraction(this.#core.self.id, key) * estimateNetworkSize(this.#table);
    return Math.max(0, closer - REPLICATION);
  }

  #isAmongClosest(key: Key, count: number): boolean {
    const closest = this.#closest(key, count);
    const last = closest.at(-1);
    return closest.length < count || !last || isCloser(key, this.#core.self.id, last.id);
  }

  #closest(key: Key, count: number): Contact[] {
    const provenSince = this.#core.now - PASS_ON_MAX_AGE_MS;
    return this.#table.closest(key, count, { provenSince }).map(({ contact }) => contact);
  }
}
