import type { NodeId } from '../../../shared/src/ids.ts';
import { DETOUR_MAX_BITS, PROGRESS_MS_PER_BIT } from '../../../shared/src/limits/overlay.ts';
import type { Entry } from './entry.ts';
import type { EntryList } from './entry-list.ts';

/** The way that a message is to take on. */
export interface Step {
  /** First 32 bits of the target. */
  readonly prefix: number;
  /** The next hop must be closer than this. [first 32 bits of the distance] */
  readonly bar: number;
  readonly excluded: readonly NodeId[];
  readonly origin: NodeId;
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
