import type { Millis } from '../../shared/src/machine.ts';
import type { Measured } from './report.ts';
import { mean } from './statistics.ts';
import { type LookupTally, newTally, runLookups } from './workload.ts';
import { type World, DEFAULT_WORLD, type WorldOptions } from './world.ts';

/** What the command line sets. */
export interface ScenarioOptions {
  readonly nodes: number;
  readonly seed: number;
  readonly lookups: number;
  /** Share of peers that die at once in `static`. */
  readonly dead: number;
  /** Mean session in `churn`. [s] */
  readonly session: number;
  readonly world: Omit<WorldOptions, 'seed'>;
}

export const DEFAULT_SCENARIO: ScenarioOptions = {
  nodes: 100,
  seed: 1,
  lookups: 1_000,
  dead: 0.3,
  session: 600,
  world: DEFAULT_WORLD,
};

/** Runs a world and measures it. */
export type Scenario = (world: World, options: ScenarioOptions) => Measured;

/** Peers that join per second of virtual time while a network grows, as a share of those there. */
const GROWTH_PER_SECOND = 0.1;

/** Slowest growth. [peers/s] */
const GROWTH_MIN_PER_SECOND = 5;

/** Lets a network grow to `count` peers through introductions, then gives the last ones time to settle. */
export function grow(world: World, count: number, settleMs: Millis = 30_000): void {
  let at = world.now;
  for (let there = 0; there < count; there++) {
    world.at(at, () => world.spawn());
    at += 1000 / Math.max(GROWTH_MIN_PER_SECOND, there * GROWTH_PER_SECOND);
  }
  world.run(at + settleMs);
}

/** Bytes each peer sends per second when nobody asks for anything, over `spanMs`. */
export function measureUpkeep(world: World, spanMs: Millis): number {
  const before = sentBytes(world);
  world.run(world.now + spanMs);
  return (sentBytes(world) - before) / world.alive.length / (spanMs / 1000);
}

/** Lookups over 10 s, and the frames that each cost beyond upkeep: routed messages, acknowledgements and replies. */
export function measureLookups(world: World, count: number): { tally: LookupTally; messagesPerLookup: number } {
  const tally = newTally();
  const before = routedFrames(world);
  runLookups(world, count, 10_000, tally);
  return { tally, messagesPerLookup: (routedFrames(world) - before) / Math.max(1, tally.lookups) };
}

/** From a peer's appearance to the end of its first self-lookup. [ms] */
export function meanJoinMs(world: World): number {
  return mean(world.alive.flatMap(({ bornAt, joinedAt }) => (joinedAt === undefined ? [] : [joinedAt - bornAt])));
}

function sentBytes(world: World): number {
  return world.alive.reduce((sum, { overlay }) => sum + overlay.counters.sentBytes, 0);
}

function routedFrames(world: World): number {
  const count = (frames: readonly number[]): number => (frames[5] ?? 0) + (frames[6] ?? 0) + (frames[7] ?? 0);
  return world.alive.reduce((sum, { overlay }) => sum + count(overlay.counters.sentFrames), 0);
}
