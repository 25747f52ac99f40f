import {
  BUSY_DIALS,
  BUSY_WAIT_MS,
  DIAL_FRESH_MS,
  DIAL_PACE_MS,
  DIAL_TIMEOUT_MS,
  EAGER_LINKS,
  LINK_ADMIT_SHARE,
  LINK_FILL_SHARE,
  LINK_REFILL_SHARE,
  MAX_DIALS,
  MIN_LINKS_PER_BUCKET,
  POLICY_INTERVAL_MS,
  POLICY_RECHECK_MS,
  PRUNE_MIN_AGE_MS,
  SPARE_DIAL_PACE_MS,
  SWAP_MAX_AGE_MS,
  SWAP_PACE_MS,
  YOUNG_MS,
  YOUNG_SPARE_DIAL_PACE_MS,
} from '../../../shared/src/limits/overlay-links.ts';
import { BUCKET_CAPACITY, SIBLING_COUNT } from '../../../shared/src/limits/overlay.ts';
import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { BrokenPairs } from './broken-pairs.ts';
import type { Core, Timed } from './core.ts';
import { type DialFailure, Dials } from './dials.ts';
import type { Entry } from './entry.ts';
import { isCrowded, isNeeded, spreadChoice } from './link-choice.ts';
import { encodeBye } from './link-frames.ts';
import { LinkPruning } from './link-pruning.ts';
import { LinkSwaps } from './link-swaps.ts';
import { type PendingOffer, yieldingOffer } from './pending-offers.ts';
import type { RoutingTable } from './routing-table.ts';
import type { VirtualLinks } from './virtual-links.ts';

/** How many links a peer wants. */
export interface LinkBudget {
  /** Aimed for; well above it links are pruned. */
  readonly target: number;
  /** Never exceeded. */
  readonly hard: number;
}

/** An offer on its way to become a link. */
interface TakenOffer extends PendingOffer {
  readonly id: NodeId;
  /** Neither end needs the link. */
  readonly isSpare: boolean;
  /** When it counts as failed. */
  readonly until: Millis;
}

/** Siblings kept linked under a budget: a quarter of it, at most SIBLING_COUNT. */
export function siblingCountFor(target: number): number {
  return Math.max(2, Math.min(SIBLING_COUNT, Math.floor(target / 4)));
}

/**
 * Decides which known peers get a link. Without need no peer is dialled and none is pruned: first every non-empty
 * bucket gets a link and every sibling, then a second per bucket, then the rest evenly over the buckets, spread inside
 * each, up to a share of the target. A link takes two: an offer that its sender can do without is taken only where there is
 * room, or need. Once every place is taken only those come in whom we need.
 */
export class LinkPolicy implements Timed {
  readonly #core: Core;
  readonly #table: RoutingTable;
  readonly #budget: LinkBudget;
  /** Offers without need are taken below it, links pruned above it. */
  readonly #limit: number;
  readonly #fill: number;
  readonly #refill: number;
  /** Spare links are dialled until there are `#fill` links, and again once there are fewer than `#refill`. */
  #isFilling = true;
  #startedAt: number | undefined;
  readonly #pruning: LinkPruning;
  readonly #swaps: LinkSwaps;
  #ranAt = Number.NEGATIVE_INFINITY;
  #ranVersion = -1;
  /** When our timer is set for; infinite when it is not. */
  #wakesAt = Number.POSITIVE_INFINITY;
  readonly #dials: Dials;
  /** Offers that we took and that are no links yet, oldest first. BOUNDED: by the hard limit. */
  readonly #answers = new Map<NodeId, TakenOffer>();

  constructor(core: Core, table: RoutingTable, budget: LinkBudget, pairs: BrokenPairs, virtualLinks: VirtualLinks) {
    this.#core = core;
    this.#table = table;
    this.#budget = budget;
    this.#dials = new Dials(core, table, pairs);
    this.#swaps = new LinkSwaps(table);
    this.#limit = Math.min(budget.hard, Math.floor(budget.target * LINK_ADMIT_SHARE));
    this.#pruning = new LinkPruning(core, table, { wanted: this.#limit, hard: budget.hard }, virtualLinks);
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
    const isFull = !this.#isFilling && linked.length >= this.#refill && linked.length <= this.#limit;
    const isSettled = version === this.#ranVersion && isFull && this.#dials.length === 0;
    if (!isSettled || this.#core.now - this.#ranAt >= POLICY_RECHECK_MS) this.wake();
  }

  onTimer(): void {
    this.#ranAt = this.#core.now;
    this.#wakesAt = Number.POSITIVE_INFINITY;
    this.#ranVersion = this.#table.version;
    this.#dials.expire();
    const isBusy = !this.#isPoor && this.#isBusy(this.#core.now);
    while (this.#dials.length < (isBusy ? BUSY_DIALS : MAX_DIALS)) {
      const needed = this.#nextNeeded();
      const next = needed ?? (isBusy ? undefined : this.#nextSpare());
      if (!next || !this.#isInPace(needed ? DIAL_PACE_MS : this.#sparePace * this.#dials.patience)) break;
      this.#dials.start(next, !needed);
    }
    this.#swap();
    this.#prune();
  }

  /** Nearer links take the places of slow ones once we have what we want: sessions that end soon are not worth the dials. */
  #swap(): void {
    const mayGo = (entry: Entry): boolean => this.#pruning.mayGo(entry, PRUNE_MIN_AGE_MS);
    const loser = this.#swaps.settle();
    if (loser && this.#pruning.mayGo(loser, 0)) this.release(loser);
    if (this.#dials.length > 0 || this.#isYoung || this.#age > SWAP_MAX_AGE_MS) return;
    const mayDial = (entry: Entry): boolean => this.#dials.admits(entry, true);
    const near = this.#swaps.next(this.#core.now, mayGo, mayDial);
    if (near) this.#dials.start(near, true);
    if (this.#swaps.isOpen) this.#wakeAt(this.#core.now + SWAP_PACE_MS);
  }

  /** True when we need the link to `entry`. */
  needs(entry: Entry): boolean {
    return isNeeded(this.#table, entry);
  }

  /** True while any further link is needed: with fewer the network is one failure away, and lookups end beside their target. */
  get #isPoor(): boolean {
    return this.#table.linked.length + this.#dials.length < EAGER_LINKS;
  }

  /**
   * True while what there is takes longer than it should: then only links that are needed are opened, one after the other.
   * Under load every link set-up slows all others down, and those that take too long are begun again: left alone, that
   * feeds itself until a network has no time for anything else.
   */
  #isBusy(now: Millis): boolean {
    return this.#core.waiting.at(now) > BUSY_WAIT_MS;
  }

  /**
   * True when an offer of `contact` is to be answered. One whose sender can do without the link needs room and time here,
   * any other one a place, or either our own need; all are refused while their network is crowded. What is on its way to
   * become a link takes a place, too, until others need it more. `from`: the neighbour that brought the offer.
   */
  admits(contact: Contact, isSpare: boolean, now: Millis, from?: NodeId): boolean {
    const { id } = contact;
    const entry = this.#table.get(id);
    if ((entry?.dial?.refusedUntil ?? 0) > now) return false;
    if (entry?.link || entry?.isDialing) return true;
    for (const [each, { until }] of this.#answers) if (until <= now) this.#answers.delete(each);
    const isNeededHere = this.#needsContact(contact);
    const offer = {
      id,
      isSpare: isSpare && !isNeededHere,
      from,
      since: this.#answers.get(id)?.since ?? now,
      until: now + DIAL_TIMEOUT_MS,
    };
    const isTaken = isNeededHere || this.#hasPlace(offer, now);
    const { hard } = this.#budget;
    if (isTaken && this.#makePlace(offer, hard, () => true, now)) this.#answers.set(id, offer);
    return isTaken;
  }

  /** For a link that we do not need. Those that others need keep no spare ones out until every place is taken. */
  #hasPlace(offer: TakenOffer, now: Millis): boolean {
    const open = this.#table.linked.length + this.#dials.length;
    if (offer.isSpare && this.#isBusy(now)) return false;
    if (offer.isSpare && !this.#makePlace(offer, this.#limit - open, ({ isSpare }) => isSpare, now)) return false;
    return this.#makePlace(offer, this.#budget.hard - open, () => true, now);
  }

  /** True when fewer than `places` other offers `count`, after what gives way to this one. */
  #makePlace(offer: TakenOffer, places: number, counts: (other: TakenOffer) => boolean, now: Millis): boolean {
    if (places <= 0) return false;
    for (;;) {
      const others = [...this.#answers.values()].filter((other) => other.id !== offer.id && counts(other));
      if (others.length < places) return true;
      const yielding = yieldingOffer(others, offer.from, now);
      if (!yielding) return false;
      this.#answers.delete(yielding.id);
    }
  }

  #needsContact(contact: Contact): boolean {
    const { bucket, isSibling } = this.#table.placeOf(contact);
    return this.#isPoor || isSibling || (this.#table.buckets[bucket]?.linkedCount ?? 0) === 0;
  }

  onLinkUp(id: NodeId): void {
    this.#answers.delete(id);
    this.#dials.onLinkUp();
    this.wake();
  }

  /** A peer that we had a link to is gone. */
  onLinkLost(): void {
    this.#swaps.onLinkLost(this.#core.now);
    this.wake();
  }

  /** A dial of ours failed. */
  onDialFailed(id: NodeId, failure: DialFailure): void {
    this.#dials.onFailed(id, failure);
    if (!this.#table.link(id)) this.wake();
  }

  /** Gives up the link to `entry` and says so; the peer stays known. */
  release(entry: Entry): void {
    this.#core.send(entry.contact.id, encodeBye('pruned'));
    this.onPruned(entry);
  }

  /** The link to `entry` was given up by one of the two. */
  onPruned(entry: Entry): void {
    const network = entry.link?.network;
    // An offer whose link goes before it was counted as one.
    this.#answers.delete(entry.contact.id);
    this.#table.unlink(entry);
    this.#dials.onPruned(entry, network);
    this.#core.out.push({ kind: 'closeLink', peer: entry.contact.id, why: 'pruned' });
  }

  /** The first links are dialled at once, further ones with pauses; a run follows when the pause is over. */
  #isInPace(paceMs: number): boolean {
    if (this.#isPoor) return true;
    const paceAt = this.#dials.nextAt(paceMs);
    if (this.#core.now >= paceAt) return true;
    this.#wakeAt(paceAt);
    return false;
  }

  /** Somebody without whom the table has a hole: the first link of a bucket, or a sibling; anybody while we have few. */
  #nextNeeded(): Entry | undefined {
    if (this.#table.linked.length + this.#dials.length >= this.#budget.hard) return undefined;
    const missing =
      this.#nextForBuckets(1, false) ??
      this.#table.siblings.find((entry) => this.#dials.admits(entry, false) && this.#dials.hasLivedLately(entry));
    return missing ?? (this.#isPoor ? this.#nextForBuckets(BUCKET_CAPACITY, false) : undefined);
  }

  /** Somebody who makes ways shorter and safer: second links of buckets up to the target, further ones up to a share of it. */
  #nextSpare(): Entry | undefined {
    const wanted = this.#table.linked.length + this.#dials.length;
    if (wanted >= this.#budget.target) return undefined;
    if (wanted >= this.#fill) this.#isFilling = false;
    else if (wanted < this.#refill) this.#isFilling = true;
    return this.#nextForBuckets(this.#isFilling ? BUCKET_CAPACITY : MIN_LINKS_PER_BUCKET, true);
  }

  /**
   * Half of all newcomers are gone again soon: until then they take their time with links that nobody needs. In a
   * network so small that all may link to all they do so at once: then everybody notices at once who leaves.
   */
  get #sparePace(): number {
    if (this.#table.size <= BUCKET_CAPACITY)
      return this.#budget.target > BUCKET_CAPACITY ? DIAL_PACE_MS : SPARE_DIAL_PACE_MS;
    return this.#isYoung ? YOUNG_SPARE_DIAL_PACE_MS : SPARE_DIAL_PACE_MS;
  }

  get #isYoung(): boolean {
    return this.#age < YOUNG_MS;
  }

  get #age(): Millis {
    this.#startedAt ??= this.#core.now;
    return this.#core.now - this.#startedAt;
  }

  /** A contact for the bucket with the fewest links, below `enough`; the farthest such bucket first. */
  #nextForBuckets(enough: number, isSpare: boolean): Entry | undefined {
    const mayDial = (entry: Entry): boolean => this.#dials.admits(entry, isSpare);
    const rttOf = this.#dials.isForAnyPlace ? undefined : this.#table.rttTo;
    let fewest = enough;
    let choice: Entry | undefined;
    for (const bucket of this.#table.buckets) {
      if (!bucket) continue;
      if (bucket.linkedCount >= fewest) continue;
      const linkedCount = bucket.linkedCount + this.#dials.inBucket(bucket);
      if (linkedCount >= fewest) continue;
      const candidate = spreadChoice(bucket, this.#core.now - DIAL_FRESH_MS, mayDial, rttOf);
      if (!candidate) continue;
      fewest = linkedCount;
      choice = candidate;
    }
    return choice;
  }

  /** Gives up a link at once when there are more than the hard limit. */
  keepWithinHardLimit(newcomer: Entry): void {
    const victim = this.#pruning.onLinkUp(newcomer);
    if (victim) this.release(victim);
  }

  /**
   * Takes note of a link's network, and gives the link up when that network has more than its share of our links while
   * others could serve: an attacker has many ids but few networks. Both ends of a link do this.
   */
  onNetwork(id: NodeId, network: string | undefined): void {
    const entry = this.#table.link(id);
    if (!entry?.link) return;
    entry.link.network = network;
    if (network === undefined || !isCrowded(this.#table, entry, network)) return;
    this.release(entry);
    this.#dials.refuse(entry);
  }

  /** Gives up one link when there are more than wanted; the rest wait for the next run, so that nobody flaps. */
  #prune(): void {
    const victim = this.#pruning.next();
    if (victim) this.release(victim);
  }
}
