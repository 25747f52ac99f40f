import type { NodeId } from '../../../shared/src/ids.ts';
import { DETOUR_MAX_BITS, PROGRESS_MS_PER_BIT } from '../../../shared/src/limits/overlay.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import type { Entry } from './entry.ts';
import type { EntryList } from './entry-list.ts';

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
  if (rtt === undefined) return best;
  const { items, prefixes } = linked;
  const bestDistance = ((best.contact.prefix ^ prefix) >>> 0) + 1;
  const limit = Math.min(bar, bestDistance * 2 ** DETOUR_MAX_BITS);
  let choice = best;
  let cost = rtt + PROGRESS_MS_PER_BIT * Math.log2(bestDistance);
  for (let i = 0; i < prefixes.length; i++) {
    const distance = ((prefixes[i] as number) ^ prefix) >>> 0;
    if (distance >= limit) continue;
    const entry = items[i] as Entry;
    const least = entry.link?.rtt.least;
    if (least === undefined || entry.link?.isSuspect) continue;
    const its = least + PROGRESS_MS_PER_BIT * Math.log2(distance + 1);
    if (its >= cost || entry.contact.id === origin || excluded.includes(entry.contact.id)) continue;
    choice = entry;
    cost = its;
  }
  return choice;
}
