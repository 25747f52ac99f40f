import {
  BUCKET_CAPACITY,
  DIAL_BACKOFF_MAX_MS,
  DIAL_BACKOFF_MS,
  DIAL_FRESH_MS,
  DIAL_PACE_MS,
  DIAL_TIMEOUT_MS,
  EAGER_LINKS,
  LINK_FILL_SHARE,
  LINK_REFILL_SHARE,
  MAX_DIALS,
  MAX_LINKS_PER_NETWORK,
  MAX_LINKS_PER_NETWORK_IN_BUCKET,
  MIN_LINKS_PER_BUCKET,
  POLICY_INTERVAL_MS,
  POLICY_RECHECK_MS,
  PRUNE_HOLD_OFF_MS,
  PRUNE_MIN_AGE_MS,
  SIBLING_COUNT,
  SPARE_DIAL_PACE_MS,
  YOUNG_MS,
  YOUNG_SPARE_DIAL_PACE_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { NodeId } from '../../../shared/src/ids.ts';
import { commonPrefixBits } from '../../../shared/src/xor.ts';
import type { BrokenPairs } from './broken-pairs.ts';
import type { Bucket } from './bucket.ts';
import type { Core, Timed } from './core.ts';
import type { Entry } from './entry.ts';
import { encodeBye } from './link-frames.ts';
import type { RoutingTable } from './routing-table.ts';
import type { VirtualLinks } from './virtual-links.ts';

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
  readonly #refill: number;
  /** Spare links are dialled until there are `#fill` links, and again once there are fewer than `#refill`. */
  #isFilling = true;
  #startedAt: number | undefined;
  readonly #pairs: BrokenPairs;
  readonly #virtualLinks: VirtualLinks;
  #ranAt = Number.NEGATIVE_INFINITY;
  #ranVersion = -1;
  /** When our timer is set for; infinite when it is not. */
  #wakesAt = Number.POSITIVE_INFINITY;
  #dialedAt = Number.NEGATIVE_INFINITY;
  /** Dials under way. BOUNDED: by MAX_DIALS. */
  readonly #dials: Entry[] = [];

  constructor(core: Core, table: RoutingTable, budget: LinkBudget, pairs: BrokenPairs, virtualLinks: VirtualLinks) {
    this.#core = core;
    this.#table = table;
    this.#budget = budget;
    this.#pairs = pairs;
    this.#virtualLinks = virtualLinks;
    this.#fill = Math.max(2, Math.floor(budget.target * LINK_FILL_SHARE));
    this.#refill = Math.max(2, Math.floor(budget.target * LINK_REFILL_SHARE));
  }

  /** Something changed: decide soon. */
  wake(): void {
    this.#wakeAt(Math.max(this.#core.now, this.#ranAt + POLICY_INTERVAL_MS));
  }

  #wakeAt(at: number): void {
    if (at >= this.#wakesAt) return;
    this.#wakesAt = at;
    this.#core.timers.set(this, at, 'link policy');
  }

  /** Decides again when the table changed, when links are missing, and otherwise now and then. */
  tick(): void {
    const { linked, version } = this.#table;
    const isFull = !this.#isFilling && linked.length >= this.#refill && linked.length <= this.#budget.target;
    const isSettled = version === this.#ranVersion && isFull && this.#dials.length === 0;
    if (!isSettled || this.#core.now - this.#ranAt >= POLICY_RECHECK_MS) this.wake();
  }

  onTimer(): void {
    this.#ranAt = this.#core.now;
    this.#wakesAt = Number.POSITIVE_INFINITY;
    this.#ranVersion = this.#table.version;
    this.#expireDials();
    while (this.#dials.length < MAX_DIALS) {
      const needed = this.#nextNeeded();
      const next = needed ?? this.#nextSpare();
      if (!next || !this.#isInPace(needed ? DIAL_PACE_MS : this.#sparePace)) break;
      next.dial = { since: this.#core.now, failureCount: next.dial?.failureCount ?? 0 };
      this.#dials.push(next);
      this.#dialedAt = this.#core.now;
      this.#core.out.push({ kind: 'openLink', contact: next.contact });
    }
    this.#prune();
  }

  /** True when we need the link to `entry`: it is a sibling, or the only link of its bucket. */
  needs(entry: Entry): boolean {
    return this.#table.isSibling(entry) || (this.#table.buckets[entry.bucket]?.linkedCount ?? 0) <= 1;
  }

  /** A dial of ours failed. The peer at fault leaves the table; another is tried again later, one that answered but could not be connected to much later. */
  onDialFailed(id: NodeId, isPeerAtFault: boolean, isPairBroken: boolean): void {
    const entry = this.#table.get(id);
    if (isPairBroken) this.#pairs.add(id, this.#core.now);
    if (entry?.link) return;
    if (entry) this.#backOff(entry);
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
  #isInPace(paceMs: number): boolean {
    if (this.#table.linked.length + this.#dials.length < EAGER_LINKS) return true;
    const paceAt = this.#dialedAt + paceMs;
    if (this.#core.now >= paceAt) return true;
    this.#wakeAt(paceAt);
    return false;
  }

  #expireDials(): void {
    for (let i = this.#dials.length - 1; i >= 0; i--) {
      const entry = this.#dials[i] as Entry;
      const since = entry.dial?.since;
      if (since !== undefined && this.#core.now - since >= DIAL_TIMEOUT_MS) this.#backOff(entry);
      if (!entry.isDialing) this.#dials.splice(i, 1);
    }
  }

  #backOff(entry: Entry): void {
    const failureCount = entry.dial?.failureCount ?? 0;
    entry.retryAt = this.#core.now + Math.min(DIAL_BACKOFF_MS * 2 ** failureCount, DIAL_BACKOFF_MAX_MS);
    entry.dial = { since: undefined, failureCount: failureCount + 1 };
  }

  /** Somebody without whom the table has a hole: the first link of a bucket, or a sibling. */
  #nextNeeded(): Entry | undefined {
    if (this.#table.linked.length + this.#dials.length >= this.#budget.hard) return undefined;
    return this.#nextForBuckets(1) ?? this.#table.siblings.find((entry) => this.#canDial(entry));
  }

  /** Somebody who makes ways shorter and safer: second links of buckets up to the target, further ones up to a share of it. */
  #nextSpare(): Entry | undefined {
    const wanted = this.#table.linked.length + this.#dials.length;
    if (wanted >= this.#budget.target) return undefined;
    if (wanted >= this.#fill) this.#isFilling = false;
    else if (wanted < this.#refill) this.#isFilling = true;
    return this.#nextForBuckets(this.#isFilling ? BUCKET_CAPACITY : MIN_LINKS_PER_BUCKET);
  }

  /**
   * Half of all newcomers are gone again soon: until then they take their time with links that nobody needs. In a
   * network so small that all may link to all they do so at once: then everybody notices at once who leaves.
   */
  get #sparePace(): number {
    this.#startedAt ??= this.#core.now;
    if (this.#table.size <= BUCKET_CAPACITY)
      return this.#budget.target > BUCKET_CAPACITY ? DIAL_PACE_MS : SPARE_DIAL_PACE_MS;
    return this.#core.now - this.#startedAt < YOUNG_MS ? YOUNG_SPARE_DIAL_PACE_MS : SPARE_DIAL_PACE_MS;
  }

  /** A contact for the bucket with the fewest links, below `enough`; the farthest such bucket first. */
  #nextForBuckets(enough: number): Entry | undefined {
    let fewest = enough;
    let choice: Entry | undefined;
    for (const bucket of this.#table.buckets) {
      if (!bucket) continue;
      if (bucket.linkedCount >= fewest) continue;
      const linkedCount = bucket.linkedCount + this.#dialsIn(bucket);
      if (linkedCount >= fewest) continue;
      const candidate = this.#spreadChoice(bucket);
      if (!candidate) continue;
      fewest = linkedCount;
      choice = candidate;
    }
    return choice;
  }

  #dialsIn(bucket: Bucket): number {
    let count = 0;
    for (const entry of this.#dials) if (entry.isDialing && this.#table.buckets[entry.bucket] === bucket) count++;
    return count;
  }

  /**
   * The contact of a bucket that shares least with those linked, so that links cover the bucket's whole range, among
   * those that lived a moment ago, if there are any: an offer to the dead costs more than one to the living.
   */
  #spreadChoice(bucket: Bucket): Entry | undefined {
    const freshSince = this.#core.now - DIAL_FRESH_MS;
    const others = bucket.entries.filter((entry) => entry.link || entry.isDialing);
    const isFreshThere = bucket.entries.some((entry) => entry.lastProof >= freshSince && this.#canDial(entry));
    let best: Entry | undefined;
    let bestOverlap = Number.POSITIVE_INFINITY;
    for (const entry of bucket.entries) {
      if ((isFreshThere && entry.lastProof < freshSince) || !this.#canDial(entry)) continue;
      const overlap = overlapWith(others, entry);
      if (overlap > bestOverlap || (overlap === bestOverlap && best && best.lastProof >= entry.lastProof)) continue;
      best = entry;
      bestOverlap = overlap;
    }
    return best;
  }

  #canDial(entry: Entry): boolean {
    const { now } = this.#core;
    return !entry.link && entry.retryAt <= now && !entry.isDialing && this.#pairs.mayDial(entry.contact.id, now);
  }

  /** Gives up links at once until the hard limit holds: the least useful, or else the newest. */
  keepWithinHardLimit(): void {
    while (this.#table.linked.length > this.#budget.hard) {
      const victim = this.#pruneChoice(0) ?? this.#newest();
      if (!victim) return;
      this.release(victim);
    }
  }

  /**
   * Takes note of a link's network, and gives the link up when that network has more than its share of our links while
   * others could serve: an attacker has many ids but few networks. Both ends of a link do this. A link whose network is
   * unknown is no other: browsers hide the address of many a peer, also of one that sits in the same room as the rest.
   */
  onNetwork(id: NodeId, network: string | undefined): void {
    const entry = this.#table.link(id);
    if (!entry?.link) return;
    entry.link.network = network;
    if (network !== undefined && this.#isCrowded(entry, network)) this.release(entry);
  }

  #isCrowded(entry: Entry, network: string): boolean {
    let inTable = 0;
    let inBucket = 0;
    let others = 0;
    let othersInBucket = 0;
    for (const { bucket, link } of this.#table.linked) {
      if (link?.network === undefined) continue;
      const isSame = link.network === network;
      if (isSame) inTable++;
      else others++;
      if (bucket !== entry.bucket) continue;
      if (isSame) inBucket++;
      else othersInBucket++;
    }
    if (inTable > MAX_LINKS_PER_NETWORK && others >= MAX_LINKS_PER_NETWORK) return true;
    return inBucket > MAX_LINKS_PER_NETWORK_IN_BUCKET && othersInBucket >= MIN_LINKS_PER_BUCKET;
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
      if (bucket.linkedCount < bestLinks || this.#virtualLinks.isRelay(entry.contact.id)) continue;
      const cost = overlapWith(bucket.entries, entry) * REDUNDANCY_MS + (link.rtt.mean ?? 0);
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

/** Longest prefix beyond their bucket's that `entry` shares with a linked or dialled one of `others`; 0 without any. */
function overlapWith(others: readonly Entry[], entry: Entry): number {
  let overlap = 0;
  for (const other of others) {
    if (other === entry || (!other.link && !other.isDialing)) continue;
    const difference = other.contact.prefix ^ entry.contact.prefix;
    const shared =
      (difference === 0 ? commonPrefixBits(other.contact.id, entry.contact.id) : Math.clz32(difference)) - entry.bucket;
    if (shared > overlap) overlap = shared;
  }
  return overlap;
}
