import { ID_BYTES, type NodeId } from '../../../shared/src/ids.ts';
import { MAX_CANDIDATES, MAX_DETOURS, MAX_FRAME_BYTES, MAX_VIA } from '../../../shared/src/limits/overlay.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import type { Core } from './core.ts';
import type { Entry } from './entry.ts';
import type { Forward } from './forward.ts';
import { hasLane, nextLaneHop } from './lanes.ts';
import { ROUTE_KIND } from './route-frame.ts';
import type { RoutingTable } from './routing-table.ts';
import type { Targets } from './targets.ts';
import type { VirtualLinks } from './virtual-links.ts';

/**
 * Chooses the next hop of a routed message. Distance to the target falls with every hop; only the first hop and a few
 * steps next to an exact target are exempt.
 */
export class NextHops {
  readonly #core: Core;
  readonly #table: RoutingTable;
  readonly #targets: Targets;
  #virtualLinks: VirtualLinks | undefined;

  constructor(core: Core, table: RoutingTable, targets: Targets) {
    this.#core = core;
    this.#table = table;
    this.#targets = targets;
  }

  /** Names who knows the ways to peers that we cannot connect to. Called once, while the machine is put together. */
  attach(virtualLinks: VirtualLinks): void {
    this.#virtualLinks = virtualLinks;
  }

  /** The next hop, and in `forward.throughTo` whom it is to hand the message to; undefined when there is none. */
  choose(forward: Forward): Entry | undefined {
    forward.throughTo = undefined;
    if (forward.isStrict) return this.#namedHop(forward);
    return forward.isExact ? this.#exactHop(forward) : this.#closestHop(forward);
  }

  /** The named peer over our link to it, or back. */
  #namedHop({ leg, excluded }: Forward): Entry | undefined {
    return excluded.includes(leg) ? undefined : this.#table.link(leg);
  }

  #closestHop(forward: Forward): Entry | undefined {
    if (forward.candidateCount >= MAX_CANDIDATES) return undefined;
    const { leg, excluded, origin } = forward;
    const isFirst = forward.from === undefined;
    if (!isFirst && !forward.isExact && hasLane(forward.flags))
      return nextLaneHop(this.#table, leg, forward.flags, excluded, origin.id);
    const direct = this.#table.nextHop(leg, excluded, origin.id, !isFirst);
    const bar = direct?.contact.id ?? (isFirst ? undefined : this.#core.self.id);
    const through = hasRoomForVia(forward) && this.#virtualLinks?.closerHop(leg, bar, excluded, origin.id);
    if (!through) return direct;
    forward.throughTo = forward.isExact ? undefined : through.peer;
    return through.relay;
  }

  #exactHop(forward: Forward): Entry | undefined {
    const { leg, excluded } = forward;
    const direct = this.#table.link(leg);
    if (direct && !excluded.includes(leg)) return direct;
    const relayed = this.#virtualLinks?.exactHop(leg, excluded);
    if (relayed && forward.candidateCount < MAX_CANDIDATES) return relayed.relay;
    const isLastLeg = forward.via.length === 0;
    if (isLastLeg && !forward.isCounted) {
      if (!this.#targets.admits(leg, this.#core.now)) return undefined;
      // Nobody answers a reply: it would count until it is forgotten, and keep others out as long.
      if (forward.kind !== ROUTE_KIND.reply) {
        forward.isCounted = true;
        this.#targets.started(leg);
      }
    }
    if (this.#table.isBelievedDead(leg, this.#core.now)) forward.endDetours();
    const told = this.#referrerHop(forward, leg);
    if (told) return told;
    const closer = this.#closestHop(forward);
    if (closer || !isLastLeg || forward.detours >= MAX_DETOURS || forward.candidateCount >= 2) return closer;
    return this.#isNear(leg) ? this.#table.nextHop(leg, excluded, forward.origin.id, false) : undefined;
  }

  /** A linked peer that told us of `target`, and so most likely has a link to it: the way between two islands. */
  #referrerHop(forward: Forward, target: NodeId): Entry | undefined {
    if (forward.detours >= MAX_DETOURS || forward.candidateCount >= MAX_CANDIDATES) return undefined;
    for (const id of this.#table.get(target)?.referrers ?? []) {
      const entry = id === forward.origin.id || forward.excluded.includes(id) ? undefined : this.#table.link(id);
      if (entry && !entry.link?.isSuspect) return entry;
    }
    return undefined;
  }

  /** True when a living `target` would be among our siblings. */
  #isNear(target: NodeId): boolean {
    const { siblings } = this.#table;
    const last = siblings.at(-1);
    return !last || compareDistance(this.#core.self.id, target, last.contact.id) <= 0 || siblings.length < 4;
  }
}

/** True when one more intermediate target fits: no link takes a frame that has outgrown the limit. */
function hasRoomForVia({ via, bytes }: Forward): boolean {
  return via.length < MAX_VIA && (bytes?.length ?? 0) + ID_BYTES <= MAX_FRAME_BYTES;
}
