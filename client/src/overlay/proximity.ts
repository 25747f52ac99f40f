import type { NodeId } from '../../../shared/src/ids.ts';
import { DETOUR_MAX_BITS, PROGRESS_MS_PER_BIT } from '../../../shared/src/limits/overlay.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Entry } from './entry.ts';
import type { EntryList } from './entry-list.ts';
import { type ToldLink, type ToldLinks, placeAmong, toldRtt } from './told-links.ts';

/** The way that a message is to take on. */
export interface Step {
  readonly target: NodeId;
  /** First 32 bits of the target. */
  readonly prefix: number;
  /** The next hop must not be farther than this. [first 32 bits of the distance] */
  readonly bar: number;
  /** It must be closer than this peer; undefined when any will do. */
  readonly than: NodeId | undefined;
  readonly excluded: readonly NodeId[];
  readonly origin: NodeId;
}

/** The linked peer closest to the target. One under suspicion only when there is no other. */
export function closestHop({ items, prefixes }: EntryList, step: Step): Entry | undefined {
  const { target, prefix, than, excluded, origin } = step;
  let best: Entry | undefined;
  let suspect: Entry | undefined;
  let bestDistance = step.bar;
  let suspectDistance = step.bar;
  for (let i = 0; i < prefixes.length; i++) {
    const distance = ((prefixes[i] as number) ^ prefix) >>> 0;
    if (distance > bestDistance && (best || distance > suspectDistance)) continue;
    const entry = items[i] as Entry;
    const { id } = entry.contact;
    const isSuspect = entry.link?.isSuspect === true;
    const bar = isSuspect ? suspectDistance : bestDistance;
    if (distance > bar || id === origin || excluded.includes(id)) continue;
    const rival = (isSuspect ? suspect : best)?.contact.id ?? than;
    if (distance === bar && rival !== undefined && compareDistance(target, id, rival) >= 0) continue;
    if (isSuspect) {
      suspect = entry;
      suspectDistance = distance;
    } else {
      best = entry;
      bestDistance = distance;
    }
  }
  return best ?? suspect;
}

/**
 * Proximity route selection (Gummadi et al. 2003): a link that leads less far than the one to `best`, the closest, but is
 * so much quicker that the rest of the way, too, takes less time through it on average; else `best`. What counts is the
 * least round trip: beside a storm on one machine the mean is noise, and cost a fifth more hops. Links whose round trip
 * is not measured yet are not weighed.
 */
export function quickestHop(linked: EntryList, best: Entry, { prefix, bar, excluded, origin }: Step): Entry {
  const rtt = best.link?.rtt.least;
  if (best.link === undefined || rtt === undefined) return best;
  const { items, prefixes } = linked;
  const bestDistance = ((best.contact.prefix ^ prefix) >>> 0) + 1;
  const limit = Math.min(bar, bestDistance * MAX_DETOUR);
  let choice = best;
  let cost = costThrough(rtt, best.link.farLinks, bestDistance, prefix, Number.POSITIVE_INFINITY);
  for (let i = 0; i < prefixes.length; i++) {
    const distance = ((prefixes[i] as number) ^ prefix) >>> 0;
    if (distance >= limit) continue;
    const entry = items[i] as Entry;
    const { link } = entry;
    const least = link?.rtt.least;
    if (link === undefined || least === undefined || least >= cost || link.isSuspect) continue;
    const its = costThrough(least, link.farLinks, distance + 1, prefix, cost);
    if (its >= cost || entry.contact.id === origin || excluded.includes(entry.contact.id)) continue;
    choice = entry;
    cost = its;
  }
  return choice;
}

/**
 * What the way through a link costs whose round trip is `least` and whose peer is at `distance`, 1 or more: that round trip, or
 * also the one over the best of the links that the peer told us of, and the progress that is left to make from there. [ms]
 * `bar` when it is no less than that.
 */
function costThrough(least: Millis, farLinks: ToldLinks, distance: number, prefix: number, bar: Millis): Millis {
  // Whole bits tell mostly that it is no less, and cost less than a logarithm.
  const isMore = least + PROGRESS_MS_PER_BIT * (31 - Math.clz32(distance)) >= bar;
  const cost = isMore ? bar : Math.min(bar, least + PROGRESS_MS_PER_BIT * Math.log2(distance));
  if (farLinks.length === 0) return cost;
  const place = placeAmong(farLinks, prefix);
  const above = costBeyond(least, farLinks, place, 1, distance, prefix, cost);
  return costBeyond(least, farLinks, place - 1, -1, distance, prefix, above);
}

/**
 * The least of `bar` and of what the ways over the links cost that the peer told us of, from one on in the order of their ids.
 * What shares fewer bits with the target lies farther from its place among them: a few are looked at.
 */
function costBeyond(
  least: Millis,
  farLinks: ToldLinks,
  from: number,
  step: 1 | -1,
  distance: number,
  prefix: number,
  bar: Millis,
): Millis {
  let cost = bar;
  for (let i = from; i >= 0 && i < farLinks.length; i += step) {
    const far = farLinks[i] as ToldLink;
    const apart = (far ^ prefix) >>> FAR_BITS;
    const both = least + toldRtt(far);
    const wholeBits = PROGRESS_MS_PER_BIT * (FAR_BITS + 31 - Math.clz32(apart));
    if (least + wholeBits >= cost) break;
    if (both + wholeBits >= cost) continue;
    const reached = (apart + 1) * FAR_UNIT;
    if (reached < distance) cost = Math.min(cost, both + PROGRESS_MS_PER_BIT * Math.log2(reached));
  }
  return cost;
}

/** Bits of a distance that a told link does not tell. */
const FAR_BITS = 8;

/** The distance that a told link counts in. A power takes as long as a search: it is taken once. */
const FAR_UNIT = 2 ** FAR_BITS;

/** How many times as far as the closest peer the next hop may be. */
const MAX_DETOUR = 2 ** DETOUR_MAX_BITS;
