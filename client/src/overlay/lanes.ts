import type { NodeId } from '../../../shared/src/ids.ts';
import { LANE_SLACK_BITS, MAX_LANES } from '../../../shared/src/limits/overlay.ts';
import { commonPrefixBits, compareDistance, isCloser } from '../../../shared/src/xor.ts';
import type { Entry } from './entry.ts';
import { ROUTE_LANE_MASK, ROUTE_LANE_SHIFT } from './route-frame.ts';
import type { RoutingTable } from './routing-table.ts';

/** The route flags of copy number `lane` of `lanes`: 2, 4 or 8 ways (the next that is enough) plus the copy's own. */
export function laneFlags(lane: number, lanes: number): number {
  if (lanes < 2) return 0;
  const ways = lanes > 4 ? MAX_LANES : lanes > 2 ? 4 : 2;
  return (ways + lane) << ROUTE_LANE_SHIFT;
}

/** True when the copy with these flags is to keep to its own lane. */
export function hasLane(flags: number): boolean {
  return (flags & ROUTE_LANE_MASK) >> ROUTE_LANE_SHIFT > 1;
}

/** True when `id` belongs to the lane: the low bits of ids deal all peers out evenly. */
export function isInLane(id: NodeId, flags: number): boolean {
  const value = (flags & ROUTE_LANE_MASK) >> ROUTE_LANE_SHIFT;
  const ways = 1 << (31 - Math.clz32(value));
  return (Number.parseInt(id.charAt(id.length - 1), 16) & (ways - 1)) === value - ways;
}

/**
 * Where a copy in a lane goes on to: the closest linked peer, or one of the lane that is almost as close, so that the
 * copies of one lookup pass different peers. It ends at the first peer that has the target among its siblings: copies
 * that went on to the closest peer of all would all pass the same few. Undefined: it ends here.
 */
export function nextLaneHop(
  table: RoutingTable,
  target: NodeId,
  flags: number,
  excluded: readonly NodeId[],
  origin: NodeId,
): Entry | undefined {
  const { self, siblings } = table;
  const last = siblings.at(-1);
  if (last && compareDistance(self, target, last.contact.id) <= 0) return undefined;
  let best: Entry | undefined;
  let inLane: Entry | undefined;
  for (const entry of table.linked) {
    const { id } = entry.contact;
    if (entry.link?.isSuspect || id === origin || excluded.includes(id)) continue;
    if (!isCloser(target, id, best ? best.contact.id : self)) {
      if (!isCloser(target, id, inLane ? inLane.contact.id : self)) continue;
    } else best = entry;
    if (isInLane(id, flags) && isCloser(target, id, inLane ? inLane.contact.id : self)) inLane = entry;
  }
  if (!best || !inLane) return best;
  const slack = commonPrefixBits(target, best.contact.id) - commonPrefixBits(target, inLane.contact.id);
  return slack <= LANE_SLACK_BITS ? inLane : best;
}
