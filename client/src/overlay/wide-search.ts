import { type Contact, type Key, type NodeId, parseNodeId } from '../../../shared/src/ids.ts';
import { AUDIT_LANES, BUCKET_CAPACITY } from '../../../shared/src/limits/overlay.ts';
import { REPLICATION, STAND_INS, STAND_IN_DEPTHS, STAND_IN_PEERS } from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { commonPrefixBits } from '../../../shared/src/xor.ts';
import { type Density, judgeDensity } from './density.ts';
import { DisjointLookup } from './disjoint-lookup.ts';
import { IterativeLookup } from './iterative-lookup.ts';
import { type Found, type LookupOwner, closestOf } from './lookup.ts';
import { estimateNetworkSize } from './network-size.ts';
import type { Routing } from './request.ts';
import type { RoutingTable } from './routing-table.ts';

/** One of the lookups of a wide search. */
interface Search {
  start(): unknown;
  cancel(): void;
}

/** Who searches widely. Called exactly once, unless cancelled. */
export interface WideSearchOwner {
  /** BOUNDED: by REPLICATION and STAND_INS for each depth. */
  onPeers(peers: readonly Contact[]): void;
}

/** How what an answer names around `key` compares with the network that we believe in. */
export function judgeNamed(table: RoutingTable, key: Key, named: readonly Contact[]): Density {
  const ids = closestOf(key, named, BUCKET_CAPACITY).map(({ id }) => id);
  return judgeDensity(key, ids, estimateNetworkSize(table));
}

/**
 * The points around which the stand-ins of `key` are: `key` with one bit changed, at depths where the subtree beyond that
 * bit has about STAND_IN_PEERS peers, half as many, and so on. Whoever crowds the key with ids has to crowd all of these as well.
 */
export function standInPoints(
  key: Key,
  networkSize: number,
): readonly { readonly point: Key; readonly depth: number }[] {
  const first = Math.max(0, Math.round(Math.log2(networkSize / STAND_IN_PEERS)) - 1);
  return Array.from({ length: STAND_IN_DEPTHS }, (_, i) => ({ point: flipped(key, first + i), depth: first + i }));
}

/**
 * Finds peers for a key around which answers are not to be believed: the closest that answer for themselves in an audited
 * lookup, and the stand-ins, a few peers each in subtrees beside the key, where who crowds the key has no ids. They are
 * looked for step by step, past the peers of the crowded subtree: those are on every way there that others choose. Both
 * authors and readers know these places without a word, if they estimate the network alike within a factor of four.
 */
export class WideSearch {
  readonly #routing: Routing;
  readonly #key: Key;
  readonly #deadline: Millis;
  readonly #owner: WideSearchOwner;
  /** BOUNDED: by STAND_IN_DEPTHS and one. */
  readonly #searches = new Set<Search>();
  /** BOUNDED: by REPLICATION and STAND_INS for each depth. */
  readonly #peers = new Map<NodeId, Contact>();

  constructor(routing: Routing, key: Key, deadline: Millis, owner: WideSearchOwner) {
    this.#routing = routing;
    this.#key = key;
    this.#deadline = deadline;
    this.#owner = owner;
  }

  start(): this {
    const options = { deadline: this.#deadline, confirmed: STAND_INS, parallelism: STAND_INS };
    const starting: Search[] = standInPoints(this.#key, estimateNetworkSize(this.#routing.table)).map(
      ({ point, depth }) => {
        const accepts = (id: NodeId): boolean => commonPrefixBits(this.#key, id) <= depth;
        return this.#search(
          depth,
          (owner) => new IterativeLookup(this.#routing, point, { ...options, accepts }, owner),
        );
      },
    );
    starting.push(
      this.#search(-1, (owner) => new DisjointLookup(this.#routing, this.#key, AUDIT_LANES, this.#deadline, owner)),
    );
    for (const search of starting) search.start();
    return this;
  }

  #search(depth: number, make: (owner: LookupOwner) => Search): Search {
    const search: Search = make({
      onFound: (found) => this.#onEnd(search, this.#chosen(found, depth)),
      onNotFound: () => this.#onEnd(search, []),
    });
    this.#searches.add(search);
    return search;
  }

  cancel(): void {
    for (const search of this.#searches) search.cancel();
    this.#searches.clear();
  }

  /** Of the peers around a point: those in its subtree, or of the key: the replicas. */
  #chosen({ closest }: Found, depth: number): readonly Contact[] {
    const others = closest.filter(({ id }) => id !== this.#routing.core.self.id);
    if (depth < 0) return others.slice(0, REPLICATION);
    return others.filter(({ id }) => commonPrefixBits(this.#key, id) === depth).slice(0, STAND_INS);
  }

  #onEnd(search: Search, peers: readonly Contact[]): void {
    if (!this.#searches.delete(search)) return;
    for (const peer of peers) this.#peers.set(peer.id, peer);
    if (this.#searches.size === 0) this.#owner.onPeers([...this.#peers.values()]);
  }
}

/** `key` with bit `depth`, counted from the first, changed. */
function flipped(key: Key, depth: number): Key {
  const digit = Number.parseInt(key.charAt(depth >> 2), 16) ^ (8 >> (depth & 3));
  return parseNodeId(key.slice(0, depth >> 2) + digit.toString(16) + key.slice((depth >> 2) + 1)) ?? key;
}
