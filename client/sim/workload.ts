import { ID_BYTES, type Key, type NodeId, nodeIdFromBytes } from '../../shared/src/ids.ts';
import { type Millis, randomBelow, randomBytes } from '../../shared/src/machine.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import type { LookupMode } from '../src/overlay/types.ts';
import type { SimNode } from './sim-node.ts';
import { Truth } from './truth.ts';
import type { World } from './world.ts';

/** What a round of lookups came to. */
export interface LookupTally {
  lookups: number;
  succeeded: number;
  readonly hops: number[];
  readonly latencies: number[];
}

/** A lookup of the workload ends at the latest after this. [ms] */
const LOOKUP_TIMEOUT_MS = 20_000;

export function newTally(): LookupTally {
  return { lookups: 0, succeeded: 0, hops: [], latencies: [] };
}

/** Runs `count` lookups of random keys from random joined peers, evenly over `spanMs`, and waits for all of them. */
export function runLookups(
  world: World,
  count: number,
  spanMs: Millis,
  tally: LookupTally,
  mode: LookupMode = 'recursive',
): void {
  const askers = world.alive.filter(({ joinedAt }) => joinedAt !== undefined);
  const truth = new Truth(world.alive.map(({ contact }) => contact.id));
  const start = world.now;
  for (let i = 0; i < count; i++) {
    world.at(start + (i * spanMs) / count, () => {
      const asker = askers[randomBelow(world.rng, askers.length)];
      if (asker) lookUp(world, asker, truth, tally, mode);
    });
  }
  world.run(start + spanMs + LOOKUP_TIMEOUT_MS);
}

/** Looks a random key up; it succeeds when the peer named as the closest lives, and no peer of `truth` that lives is closer. */
export function lookUp(world: World, asker: SimNode, truth: Truth, tally: LookupTally, mode: LookupMode): void {
  if (!asker.isAlive) return;
  const key: Key = nodeIdFromBytes(randomBytes(world.rng, ID_BYTES));
  tally.lookups++;
  world.operate(asker, { kind: 'lookup', key, mode, timeoutMs: LOOKUP_TIMEOUT_MS - 1_000 }, (result) => {
    if (result.kind !== 'lookup') return;
    const expected = truth.closest(key);
    const named = result.closest[0]?.id;
    const isBest =
      expected === undefined || !isLiving(world, expected) || !named || compareDistance(key, named, expected) <= 0;
    if (named !== undefined && isBest && isLiving(world, named)) tally.succeeded++;
    tally.hops.push(expected === asker.contact.id ? 0 : result.hops);
    tally.latencies.push(result.elapsedMs);
  });
}

function isLiving(world: World, id: NodeId): boolean {
  return world.nodes.get(id)?.isAlive === true;
}
