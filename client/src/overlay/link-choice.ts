import {
  EAGER_LINKS,
  MAX_LINKS_PER_NETWORK,
  MAX_LINKS_PER_NETWORK_IN_BUCKET,
  MIN_LINKS_PER_BUCKET,
} from '../../../shared/src/limits/overlay-links.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { commonPrefixBits } from '../../../shared/src/xor.ts';
import type { Bucket, RttOf } from './bucket.ts';
import type { Entry } from './entry.ts';
import type { RoutingTable } from './routing-table.ts';

/**
 * The contact of a bucket that shares least with those linked, so that links cover the bucket's whole range, and is near,
 * among those that lived since `freshSince`, if there are any: an offer to the dead costs more than one to the living.
 * Without `rttOf`, and of those equally far, the one that proved last to live.
 */
export function spreadChoice(
  bucket: Bucket,
  freshSince: Millis,
  mayDial: (entry: Entry) => boolean,
  rttOf: RttOf = () => 0,
): Entry | undefined {
  const others = bucket.entries.filter((entry) => entry.link || entry.isDialing);
  const isFreshThere = bucket.entries.some((entry) => entry.lastProof >= freshSince && mayDial(entry));
  let best: Entry | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const entry of bucket.entries) {
    if ((isFreshThere && entry.lastProof < freshSince) || !mayDial(entry)) continue;
    const cost = linkCost(others, entry, rttOf);
    if (cost > bestCost || (cost === bestCost && best && best.lastProof >= entry.lastProof)) continue;
    best = entry;
    bestCost = cost;
  }
  return best;
}

/** What a link to `entry` beside those to `others` costs: its round trip, and how much of its range is covered already. [ms] */
export function linkCost(others: readonly Entry[], entry: Entry, rttOf: RttOf): Millis {
  return overlapWith(others, entry) * REDUNDANCY_MS + rttOf(entry);
}

/** Longest prefix beyond their bucket's that `entry` shares with a linked or dialled one of `others`; 0 without any. */
export function overlapWith(others: readonly Entry[], entry: Entry): number {
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

/**
 * True when `network` has more than its share of our links while others could serve instead of `entry`. A link whose
 * network is unknown is no other: browsers hide the address of many a peer, also of one in the same room as the rest.
 */
export function isCrowded(table: RoutingTable, entry: Entry, network: string): boolean {
  let inTable = 0;
  let inBucket = 0;
  let others = 0;
  let othersInBucket = 0;
  for (const { bucket, link } of table.linked) {
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

/** The most redundant link of the bucket that has most links, among those that `mayGo`. */
export function mostRedundant(table: RoutingTable, mayGo: (entry: Entry) => boolean): Entry | undefined {
  let best: Entry | undefined;
  let bestLinks = 0;
  let bestCost = 0;
  for (const entry of table.linked) {
    const bucket = table.buckets[entry.bucket];
    if (!bucket || bucket.linkedCount < bestLinks || !mayGo(entry)) continue;
    const cost = linkCost(bucket.entries, entry, table.rttTo);
    if (bucket.linkedCount > bestLinks || cost > bestCost) {
      best = entry;
      bestLinks = bucket.linkedCount;
      bestCost = cost;
    }
  }
  return best;
}

/** True when we need the link to `entry`: we have few, it is a sibling, or the only link of its bucket. */
export function isNeeded(table: RoutingTable, entry: Entry): boolean {
  if (table.linked.length <= EAGER_LINKS || table.isSibling(entry)) return true;
  return (table.buckets[entry.bucket]?.linkedCount ?? 0) <= 1;
}

export function oldestLink(bucket: Bucket): Entry | undefined {
  let oldest: Entry | undefined;
  for (const entry of bucket.entries) {
    if (entry.link && (!oldest?.link || entry.link.since < oldest.link.since)) oldest = entry;
  }
  return oldest;
}

/** True when `entry` is one of the `count` oldest of the links that we opened ourselves. */
export function isAnchor(table: RoutingTable, { link }: Entry, count: number): boolean {
  if (!link?.isOutbound) return false;
  let older = 0;
  for (const other of table.linked) if (other.link?.isOutbound && other.link.since < link.since) older++;
  return older < count;
}

/** A bit of shared prefix with another link weighs as much as this much round-trip time when links are chosen and pruned. [ms] */
const REDUNDANCY_MS = 100;
