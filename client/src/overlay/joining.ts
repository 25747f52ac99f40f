import type { NodeId } from '../../../shared/src/ids.ts';
import {
  BUCKET_REFRESH_MS,
  MAX_REFERRERS,
  MAX_REFRESHES,
  OPERATION_TIMEOUT_MS,
  SELF_LOOKUP_DELAY_MS,
  SELF_LOOKUP_INTERVAL_MS,
  SELF_LOOKUP_PERIOD_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { randomIdInBucket } from './bucket-id.ts';
import type { Entry } from './entry.ts';
import { type LookupOwner, RecursiveLookup } from './lookup.ts';
import type { Routing } from './request.ts';
import { ROUTE_ANNOUNCE } from './route-frame.ts';

/** Told when the first self-lookup is done. */
export interface JoinListener {
  onJoined(): void;
}

/** A bucket with fewer known contacts than this is looked into soon after joining. [contacts] */
const THIN_BUCKET = 4;

/** Least time between two looks into a thin bucket. [ms] */
const THIN_REFRESH_MS = 30_000;

/**
 * Joins by looking ourselves up, and keeps the table filled: the self-lookup is repeated through links to peers whom
 * nobody had named, so that two islands joined by one link find each other, and far buckets are looked into now and then.
 */
export class Joining implements LookupOwner {
  readonly #routing: Routing;
  readonly #listener: JoinListener;
  #lookup: RecursiveLookup | undefined;
  #lookedUpAt: Millis = Number.NEGATIVE_INFINITY;
  #nextAt: Millis = Number.POSITIVE_INFINITY;
  #isJoined = false;
  /** BOUNDED: by MAX_REFRESHES. */
  readonly #refreshes = new Set<Refresh>();
  /** The newest link to a peer whom nobody had named, until we looked ourselves up through it. */
  #stranger: NodeId | undefined;
  /** When each bucket was last looked into. BOUNDED: by 160 buckets. */
  readonly #refreshedAt: Millis[] = [];

  constructor(routing: Routing, listener: JoinListener) {
    this.#routing = routing;
    this.#listener = listener;
  }

  get isJoined(): boolean {
    return this.#isJoined;
  }

  /**
   * The first link starts the self-lookup at once. Once we joined, one to a peer whom nobody had named repeats it after a
   * pause: whoever is named is found from here already, and such links come up whenever others are replaced.
   */
  onLinkUp({ contact, referrers }: Entry): void {
    const { core } = this.#routing;
    if (!this.#isJoined && !this.#lookup) {
      this.#lookUpSelf();
      return;
    }
    if (this.#isJoined && referrers.length > 0) return;
    this.#stranger = contact.id;
    const soonest = this.#isJoined ? this.#lookedUpAt + SELF_LOOKUP_INTERVAL_MS : core.now;
    this.#nextAt = Math.min(this.#nextAt, Math.max(core.now + SELF_LOOKUP_DELAY_MS, soonest));
  }

  tick(): void {
    const { core, table } = this.#routing;
    if (table.linked.length === 0) return;
    if (!this.#lookup && core.now >= Math.min(this.#nextAt, this.#lookedUpAt + SELF_LOOKUP_PERIOD_MS))
      this.#lookUpSelf();
    if (this.#isJoined) this.#refreshBuckets();
  }

  stop(): void {
    this.#lookup?.cancel();
    this.#lookup = undefined;
    for (const refresh of this.#refreshes) refresh.lookup.cancel();
    this.#refreshes.clear();
    this.#isJoined = false;
  }

  onFound(): void {
    this.#lookup = undefined;
    if (this.#isJoined || this.#routing.table.linked.length === 0) return;
    this.#isJoined = true;
    this.#listener.onJoined();
  }

  onNotFound(): void {
    const { core } = this.#routing;
    this.#lookup = undefined;
    if (!this.#isJoined) this.#nextAt = Math.min(this.#nextAt, core.now + SELF_LOOKUP_DELAY_MS);
  }

  /** Announces us to the peers around our id, through whom they can reach us. */
  #lookUpSelf(): void {
    const { core, table } = this.#routing;
    this.#lookedUpAt = core.now;
    this.#nextAt = Number.POSITIVE_INFINITY;
    const newest = [...table.linked].sort((a, b) => (b.link?.since ?? 0) - (a.link?.since ?? 0));
    const referrers: NodeId[] = newest.slice(0, MAX_REFERRERS).map(({ contact }) => contact.id);
    const through = newest.find(({ contact }) => contact.id === this.#stranger) ?? newest[0];
    this.#stranger = undefined;
    const avoid = newest.filter((entry) => entry !== through).map(({ contact }) => contact.id);
    const deadline = core.now + OPERATION_TIMEOUT_MS;
    const options = { deadline, flags: ROUTE_ANNOUNCE, referrers, ...(this.#isJoined ? { avoid } : {}) };
    this.#lookup = new RecursiveLookup(this.#routing, core.self.id, options, this).start();
  }

  #refreshBuckets(): void {
    const { core, table } = this.#routing;
    const { siblings, buckets } = table;
    const depth = Math.min(buckets.length, siblings.at(-1)?.bucket ?? 0);
    for (let index = 0; index < depth && this.#refreshes.size < MAX_REFRESHES; index++) {
      const bucket = buckets[index];
      const isThin = (bucket?.entries.length ?? 0) < THIN_BUCKET;
      // Of a bucket that the first links filled there is nothing to be learnt soon.
      const refreshedAt = (this.#refreshedAt[index] ??= isThin ? Number.NEGATIVE_INFINITY : core.now);
      if (core.now - refreshedAt < (isThin ? THIN_REFRESH_MS : BUCKET_REFRESH_MS)) continue;
      this.#refreshedAt[index] = core.now;
      this.#refreshes.add(new Refresh(this.#routing, index, this.#refreshes));
    }
  }
}

/** One lookup of a random id of a bucket, for what it teaches. */
class Refresh implements LookupOwner {
  readonly lookup: RecursiveLookup;
  readonly #open: Set<Refresh>;

  constructor(routing: Routing, bucket: number, open: Set<Refresh>) {
    this.#open = open;
    const key = randomIdInBucket(routing.core.self.id, bucket, routing.core.rng);
    const options = { deadline: routing.core.now + OPERATION_TIMEOUT_MS };
    this.lookup = new RecursiveLookup(routing, key, options, this).start();
  }

  onFound(): void {
    this.#open.delete(this);
  }

  onNotFound(): void {
    this.#open.delete(this);
  }
}
