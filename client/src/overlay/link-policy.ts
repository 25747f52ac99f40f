import {
  BUCKET_CAPACITY,
  DIAL_BACKOFF_MAX_MS,
  DIAL_BACKOFF_MS,
  DIAL_PACE_MS,
  DIAL_TIMEOUT_MS,
  EAGER_LINKS,
  LINK_FILL_SHARE,
  MAX_DIALS,
  MIN_LINKS_PER_BUCKET,
  POLICY_INTERVAL_MS,
  PRUNE_HOLD_OFF_MS,
  PRUNE_MIN_AGE_MS,
  SIBLING_COUNT,
} from '../../../shared/src/limits/overlay.ts';
import type { NodeId } from '../../../shared/src/ids.ts';
import { commonPrefixBits } from '../../../shared/src/xor.ts';
import type { Bucket } from './bucket.ts';
import type { Core, Timed } from './core.ts';
import type { Entry } from './entry.ts';
import { encodeBye } from './link-frames.ts';
import type { RoutingTable } from './routing-table.ts';

/** How many links a peer wants. */
export interface LinkBudget {
  /** Aimed for; above it links are pruned. */
  readonly target: number;
  /** Never exceeded. */
  readonly hard: number;
}

/** Siblings kept linked under a budget: a quarter of it, at most SIBLING_COUNT. */
export function siblingCountFor(target: number): number {
  return Math.max(2, Math.min(SIBLING_COUNT, Math.floor(target / 4)));
}

/**
 * Decides which known peers get a link. Without need no peer is dialled and none is pruned: first every non-empty
 * bucket gets a link and every sibling, then a second per bucket, then the rest evenly over the buckets, spread inside
 * each, up to a share of the target. Above the target the fullest bucket gives links up, never one that either side needs.
 */
export class LinkPolicy implements Timed {
  readonly #core: Core;
  readonly #table: RoutingTable;
  readonly #budget: LinkBudget;
  readonly #fill: number;
  #ranAt = Number.NEGATIVE_INFINITY;
  #dialedAt = Number.NEGATIVE_INFINITY;
  #dialCount = 0;

  constructor(core: Core, table: RoutingTable, budget: LinkBudget) {
    this.#core = core;
    this.#table = table;
    this.#budget = budget;
    this.#fill = Math.max(2, Math.floor(budget.target * LINK_FILL_SHARE));
  }

  /** Something changed: decide soon. */
  wake(): void {
    if (this.#core.timers.has(this)) return;
    this.#core.timers.set(this, Math.max(this.#core.now, this.#ranAt + POLICY_INTERVAL_MS), 'link policy');
  }

  onTimer(): void {
    this.#ranAt = this.#core.now;
    this.#expireDials();
    while (this.#dialCount < MAX_DIALS) {
      const next = this.#nextDial();
      if (!next || !this.#isInPace()) break;
      next.dialingSince = this.#core.now;
      this.#dialCount++;
      this.#dialedAt = this.#core.now;
      this.#core.out.push({ kind: 'openLink', contact: next.contact });
    }
    this.#prune();
  }

  /** True when we need the link to `entry`: it is a sibling, or the only link of its bucket. */
  needs(entry: Entry): boolean {
    return this.#table.isSibling(entry) || (this.#table.buckets[entry.bucket]?.linkedCount ?? 0) <= 1;
  }

  /** A dial of ours failed. The peer at fault leaves the table; another is tried again later. */
  onDialFailed(id: NodeId, isPeerAtFault: boolean): void {
    const entry = this.#table.get(id);
    if (entry?.link) return;
    if (entry) {
      entry.dialingSince = undefined;
      this.#backOff(entry);
    }
    if (isPeerAtFault) this.#table.dropUnreachable(id, this.#core.now);
    this.wake();
  }

  /** Gives up the link to `entry` and says so; the peer stays known. */
  release(entry: Entry): void {
    this.#core.send(entry.contact.id, encodeBye('pruned'));
    this.onPruned(entry);
  }

  /** The link to `entry` was given up by one of the two. */
  onPruned(entry: Entry): void {
    this.#table.unlink(entry);
    entry.retryAt = this.#core.now + PRUNE_HOLD_OFF_MS;
    this.#core.out.push({ kind: 'closeLink', peer: entry.contact.id, why: 'pruned' });
  }

  /** The first links are dialled at once, further ones with pauses; a run follows when the pause is over. */
  #isInPace(): boolean {
    if (this.#table.linked.length + this.#dialCount < EAGER_LINKS) return true;
    const paceAt = this.#dialedAt + DIAL_PACE_MS;
    if (this.#core.now >= paceAt) return true;
    this.#core.timers.set(this, paceAt, 'link policy');
    return false;
  }

  #expireDials(): void {
    this.#dialCount = 0;
    for (const entry of this.#table.entries()) {
      if (entry.dialingSince === undefined) continue;
      if (this.#core.now - entry.dialingSince < DIAL_TIMEOUT_MS) {
        this.#dialCount++;
        continue;
      }
      entry.dialingSince = undefined;
      this.#backOff(entry);
    }
  }

  #backOff(entry: Entry): void {
    const pause = Math.min(DIAL_BACKOFF_MS * 2 ** entry.failureCount++, DIAL_BACKOFF_MAX_MS);
    entry.retryAt = this.#core.now + pause;
  }

  #nextDial(): Entry | undefined {
    const wanted = this.#table.linked.length + this.#dialCount;
    if (wanted >= this.#budget.hard) return undefined;
    const sibling = this.#table.siblings.find((entry) => this.#canDial(entry));
    if (wanted >= this.#budget.target) return this.#nextForBuckets(1) ?? sibling;
    return (
      this.#nextForBuckets(1) ??
      sibling ??
      this.#nextForBuckets(wanted < this.#fill ? BUCKET_CAPACITY : MIN_LINKS_PER_BUCKET)
    );
  }

  /** A contact for the bucket with the fewest links, below `enough`; the farthest such bucket first. */
  #nextForBuckets(enough: number): Entry | undefined {
    let fewest = enough;
    let choice: Entry | undefined;
    for (const bucket of this.#table.buckets) {
      if (!bucket) continue;
      const linkedCount = bucket.linkedCount + dialsIn(bucket);
      if (linkedCount >= fewest) continue;
      const candidate = this.#spreadChoice(bucket);
      if (!candidate) continue;
      fewest = linkedCount;
      choice = candidate;
    }
    return choice;
  }

  /** The contact of a bucket that shares least with those linked: so that links cover the bucket's whole range. */
  #spreadChoice(bucket: Bucket): Entry | undefined {
    let best: Entry | undefined;
    let bestOverlap = Number.POSITIVE_INFINITY;
    for (const entry of bucket.entries) {
      if (!this.#canDial(entry)) continue;
      const overlap = overlapInBucket(bucket, entry);
      if (overlap > bestOverlap || (overlap === bestOverlap && best && best.lastProof >= entry.lastProof)) continue;
      best = entry;
      bestOverlap = overlap;
    }
    return best;
  }

  #canDial(entry: Entry): boolean {
    return !entry.link && entry.dialingSince === undefined && entry.retryAt <= this.#core.now;
  }

  /** Gives up links at once until the hard limit holds: the least useful, or else the newest. */
  keepWithinHardLimit(): void {
    while (this.#table.linked.length > this.#budget.hard) {
      const victim = this.#pruneChoice(0) ?? this.#newest();
      if (!victim) return;
      this.release(victim);
    }
  }

  /** Gives up one link when there are more than wanted; the rest wait for the next run, so that nobody flaps. */
  #prune(): void {
    if (this.#table.linked.length <= this.#budget.target) return;
    const victim = this.#pruneChoice(PRUNE_MIN_AGE_MS);
    if (victim) this.release(victim);
  }

  /** The most redundant link of the bucket that has most, among those that neither side needs. */
  #pruneChoice(minAge: number): Entry | undefined {
    let best: Entry | undefined;
    let bestLinks = 0;
    let bestCost = 0;
    for (const entry of this.#table.linked) {
      const { link } = entry;
      const bucket = this.#table.buckets[entry.bucket];
      if (!link || !bucket || link.isNeededByPeer || this.#core.now - link.since < minAge || this.needs(entry))
        continue;
      if (bucket.linkedCount < bestLinks) continue;
      const cost = overlapInBucket(bucket, entry) * REDUNDANCY_MS + (link.rtt.mean ?? 0);
      if (bucket.linkedCount > bestLinks || cost > bestCost) {
        best = entry;
        bestLinks = bucket.linkedCount;
        bestCost = cost;
      }
    }
    return best;
  }

  #newest(): Entry | undefined {
    let newest: Entry | undefined;
    for (const entry of this.#table.linked) {
      if (!newest || (entry.link?.since ?? 0) >= (newest.link?.since ?? 0)) newest = entry;
    }
    return newest;
  }
}

/** A bit of shared prefix with another link weighs as much as this much round-trip time when links are pruned. [ms] */
const REDUNDANCY_MS = 100;

function dialsIn(bucket: Bucket): number {
  let count = 0;
  for (const entry of bucket.entries) if (entry.dialingSince !== undefined) count++;
  return count;
}

/** Longest prefix that `entry` shares with another linked or dialled entry of its bucket; 0 when it is alone. */
function overlapInBucket(bucket: Bucket, entry: Entry): number {
  let overlap = 0;
  for (const other of bucket.entries) {
    if (other === entry || (!other.link && other.dialingSince === undefined)) continue;
    const shared = commonPrefixBits(other.contact.id, entry.contact.id) - entry.bucket;
    if (shared > overlap) overlap = shared;
  }
  return overlap;
}
