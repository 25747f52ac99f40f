import type { NodeId } from '../../../shared/src/ids.ts';
import { PENDING_GRACE_MS, PENDING_SHARES } from '../../../shared/src/limits/overlay-links.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { type Brought, Shares } from './shares.ts';

/** An offer of another peer that was taken and is no link yet. */
export interface PendingOffer extends Brought {
  /** The neighbour over whose link it came: ids cost nothing, links do. Undefined: the server. */
  readonly from: NodeId | undefined;
  readonly since: Millis;
}

/**
 * Which offer gives its place to one that comes over `from`, where there is no place left: whoever makes offers and never
 * completes them must not keep others out. The oldest that came over the neighbour that brought most, as long as that is
 * more than `from` has then; else the oldest that should have become a link by now. A neighbour that has its share of the
 * places displaces only its own. `pending`: oldest first. Undefined: the newcomer has to go.
 */
export function yieldingOffer<T extends PendingOffer>(
  pending: readonly T[],
  from: NodeId | undefined,
  now: Millis,
): T | undefined {
  const shares = new Shares();
  for (const offer of pending) shares.change(offer.from, 1);
  const crowd = shares.crowding(from, 1);
  if (crowd) return pending.find((offer) => offer.from === crowd.from);
  const hasShare = pending.filter((offer) => offer.from === from).length * PENDING_SHARES >= pending.length;
  return pending.find((offer) => now - offer.since >= PENDING_GRACE_MS && (!hasShare || offer.from === from));
}
