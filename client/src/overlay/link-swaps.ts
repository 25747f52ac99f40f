import {
  SWAP_BURST,
  SWAP_FRESH_MS,
  SWAP_GAIN_MS,
  SWAP_HOLD_MS,
  SWAP_PACE_MS,
  SWAP_PERIOD_MS,
} from '../../../shared/src/limits/overlay-links.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { Allowance } from './admission.ts';
import type { Bucket } from './bucket.ts';
import type { Entry } from './entry.ts';
import { linkCost, oldestLink } from './link-choice.ts';
import type { RoutingTable } from './routing-table.ts';

/** A link that is to make room, and the contact whose link takes its place. */
interface Swap {
  readonly slow: Entry;
  readonly near: Entry;
  /** What that saves. [ms of round trip] */
  readonly gain: number;
}

/**
 * Replaces slow links that nobody needs by much nearer ones in the same bucket, one at a time. The old link goes
 * only once the new one is up and really is nearer, else the new one goes: a peer that lies about its place wins nothing.
 * The oldest link of a bucket stays: lookups that are not credible start anew from the oldest links, and whoever comes
 * later and claims to be needed must not outlast them all.
 */
export class LinkSwaps {
  readonly #table: RoutingTable;
  readonly #allowance = new Allowance(SWAP_BURST, 1_000 / SWAP_PERIOD_MS, 0);
  #open: Swap | undefined;
  #nextAt: Millis = 0;

  constructor(table: RoutingTable) {
    this.#table = table;
  }

  /** True while a link is being replaced. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** A peer went away: where that happens often, no link lasts long enough to be worth a better one. */
  onLinkLost(now: Millis): void {
    this.#nextAt = Math.max(this.#nextAt, now + SWAP_HOLD_MS);
  }

  /** Somebody to dial in place of a link that `mayGo`. */
  next(now: Millis, mayGo: (entry: Entry) => boolean, mayDial: (entry: Entry) => boolean): Entry | undefined {
    const { buckets, coordinates } = this.#table;
    if (this.#open || now < this.#nextAt || !coordinates.isSettled) return undefined;
    this.#nextAt = now + SWAP_PACE_MS;
    let best: Swap | undefined;
    for (const bucket of buckets) {
      const swap = bucket && this.#swapIn(bucket, now, mayGo, mayDial);
      if (swap && (!best || swap.gain > best.gain)) best = swap;
    }
    if (!best || !this.#allowance.take(now)) return undefined;
    this.#open = best;
    return best.near;
  }

  /** The link to give up now that the new one is up and measured: one of the two. */
  settle(): Entry | undefined {
    const swap = this.#open;
    if (!swap || swap.near.isDialing) return undefined;
    const { slow, near } = swap;
    if (near.link && near.link.rtt.least === undefined) return undefined;
    this.#open = undefined;
    if (!near.link || !slow.link) return undefined;
    return this.#table.rttTo(near) + SWAP_GAIN_MS / 2 <= this.#table.rttTo(slow) ? slow : near;
  }

  #swapIn(
    bucket: Bucket,
    now: Millis,
    mayGo: (entry: Entry) => boolean,
    mayDial: (entry: Entry) => boolean,
  ): Swap | undefined {
    if (bucket.linkedCount < 2) return undefined;
    const { rttTo } = this.#table;
    const oldest = oldestLink(bucket);
    let slow: Entry | undefined;
    for (const entry of bucket.entries) {
      if (entry.link && entry !== oldest && (!slow || rttTo(entry) > rttTo(slow)) && mayGo(entry)) slow = entry;
    }
    if (!slow) return undefined;
    const others = bucket.entries.filter((entry) => entry.link && entry !== slow);
    let near: Entry | undefined;
    const slowCost = linkCost(others, slow, rttTo);
    let bestCost = slowCost - SWAP_GAIN_MS;
    for (const entry of bucket.entries) {
      if (entry.link || entry.lastProof < now - SWAP_FRESH_MS || rttTo(entry) >= bestCost || !mayDial(entry)) continue;
      const cost = linkCost(others, entry, rttTo);
      if (cost >= bestCost) continue;
      near = entry;
      bestCost = cost;
    }
    return near && { slow, near, gain: slowCost - bestCost };
  }
}
