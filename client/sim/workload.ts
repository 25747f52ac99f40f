import { ID_BYTES, type Key, type NodeId, nodeIdFromBytes } from '../../shared/src/ids.ts';
import { type Millis, type Rng, randomBelow, randomBytes } from '../../shared/src/machine.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import type { LookupMode } from '../src/overlay/types.ts';
import type { OpRequest, SimNode } from './sim-node.ts';
import { Samples, shareOf } from './statistics.ts';
import { Truth } from './truth.ts';
import type { World } from './world.ts';

/** What a round of lookups came to. */
export interface LookupTally {
  lookups: number;
  succeeded: number;
  /** Asked and not yet answered. */
  open: number;
  readonly hops: Samples;
  readonly latencies: Samples;
}

/** How lookups are made. */
export interface LookupChoice {
  readonly mode?: LookupMode;
  /** Further fields of the command, such as the number of disjoint paths. */
  readonly command?: Partial<Extract<OpRequest, { kind: 'lookup' }>>;
  /** Who asks, of this shard. Default: every joined living peer. */
  readonly askers?: readonly SimNode[];
  /** Who counts as an answer. Default: every living peer. */
  readonly truth?: Truth;
}

/** Deadline of a lookup: what the page's lookups have. [ms] Later answers count as failures. */
export const LOOKUP_TIMEOUT_MS = 10_000;

/** How long `drain` runs between two looks at what is open. [ms] */
const DRAIN_STEP_MS = 100;

export function newTally(): LookupTally {
  return { lookups: 0, succeeded: 0, open: 0, hops: new Samples(), latencies: new Samples() };
}

/** Share of lookups that succeeded, null when there were none. */
export function successOf({ succeeded, lookups }: LookupTally): number | null {
  return shareOf(succeeded, lookups);
}

/** What the lookups of all shards came to, as `World.gather`. */
export function tallyOfAll(world: World, { lookups, succeeded, open, hops, latencies }: LookupTally): LookupTally {
  return {
    lookups: world.sum(lookups),
    succeeded: world.sum(succeeded),
    open: world.sum(open),
    hops: samplesOfAll(world, hops),
    latencies: samplesOfAll(world, latencies),
  };
}

/** What all shards measured, as `World.gather`. */
export function samplesOfAll(world: World, samples: Samples): Samples {
  return Samples.of(world.gather(samples.values).flat());
}

/** Runs `count` lookups of random keys from random peers, evenly over `spanMs`, until all of them are answered. */
export function runLookups(
  world: World,
  count: number,
  spanMs: Millis,
  tally: LookupTally,
  choice: LookupChoice = {},
): void {
  startLookups(world, count, spanMs, tally, choice);
  world.run(world.now + spanMs);
  drain(world, () => tally.open);
}

/** The same without waiting: the lookups start while the world runs on. */
export function startLookups(
  world: World,
  count: number,
  spanMs: Millis,
  tally: LookupTally,
  choice: LookupChoice = {},
): void {
  const askers = choice.askers ?? world.alive.filter(({ joinedAt }) => joinedAt !== undefined);
  const withTruth = { ...choice, truth: choice.truth ?? Truth.ofAll(world) };
  evenly(world, count, spanMs, (index) => {
    const asker = world.isOurs(index) && pick(world.rng, askers);
    if (asker) lookUp(world, asker, tally, withTruth);
  });
}

/** Looks a random key up; it succeeds when the peer named as the closest lives, and no peer of `truth` that lives is closer. */
export function lookUp(
  world: World,
  asker: SimNode,
  tally: LookupTally,
  { mode = 'recursive', command, truth }: LookupChoice & { readonly truth: Truth },
  key: Key = randomKey(world.rng),
): void {
  if (!asker.isAlive) return;
  tally.lookups++;
  tally.open++;
  const request = { kind: 'lookup', key, mode, timeoutMs: LOOKUP_TIMEOUT_MS, ...command } as const;
  world.operate(asker, request, (result) => {
    tally.open--;
    if (result.kind !== 'lookup') return;
    const expected = truth.closest(key);
    const named = result.closest[0]?.id;
    const isBest =
      expected === undefined ||
      !isLiving(world, expected, truth) ||
      !named ||
      compareDistance(key, named, expected) <= 0;
    if (named !== undefined && isBest && isLiving(world, named, truth)) tally.succeeded++;
    tally.hops.add(expected === asker.contact.id ? 0 : result.hops);
    tally.latencies.add(result.elapsedMs);
  });
}

/** Forgets lookups still open when every deadline has passed: their askers died, and nobody waits for the answer. */
export function abandon(tally: LookupTally): void {
  tally.lookups -= tally.open;
  tally.open = 0;
}

/** Does something `count` times, evenly over the next `spanMs`. */
export function evenly(world: World, count: number, spanMs: Millis, action: (index: number) => void): void {
  const start = world.now;
  const next = (index: number): void => {
    if (index + 1 < count) world.at(start + ((index + 1) * spanMs) / count, () => next(index + 1));
    action(index);
  };
  if (count > 0) world.at(start, () => next(0));
}

/** Runs on until nothing is open in any shard, at the latest until every deadline has passed. */
export function drain(world: World, open: () => number, limitMs: Millis = LOOKUP_TIMEOUT_MS + DRAIN_STEP_MS): void {
  const until = world.now + limitMs;
  while (world.sum(open()) > 0 && world.now < until) world.run(Math.min(until, world.now + DRAIN_STEP_MS));
}

/** One of `items` at random. */
export function pick<T>(rng: Rng, items: readonly T[]): T | undefined {
  return items.length === 0 ? undefined : items[randomBelow(rng, items.length)];
}

export function randomKey(rng: Rng): Key {
  return nodeIdFromBytes(randomBytes(rng, ID_BYTES));
}

/** Whether a peer of this shard lives; one of another, where nobody dies, when `truth` has it. */
function isLiving({ nodes, shard }: World, id: NodeId, truth: Truth): boolean {
  return nodes.get(id)?.isAlive ?? (shard.count > 1 && truth.has(id));
}
