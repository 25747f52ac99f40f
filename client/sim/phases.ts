import type { Millis } from '../../shared/src/machine.ts';
import type { RecordLedger } from './records.ts';
import type { SimNode } from './sim-node.ts';
import { FRAME_NAMES, type FrameName, SentTotals } from './sent-totals.ts';
import { Samples, rounded } from './statistics.ts';
import { type LookupTally, drain, evenly, newTally, pick, runLookups, samplesOfAll, tallyOfAll } from './workload.ts';
import type { World } from './world.ts';

/** Peers that join per second of virtual time while a network grows, as a share of those there: 100,000 in 90 s. */
const GROWTH_PER_SECOND = 0.1;

/** Slowest growth. [peers/s] */
const GROWTH_MIN_PER_SECOND = 5;

/** Gaps between joins from which on it does not matter that the clock rounds them up. [ms] Reached with 5,000 peers. */
const COARSE_GAP_MS = 2;

/** From this size on networks are measured over shorter spans: more peers make up for less time. [peers] */
const LARGE = 5_000;

/** How long the phases of a run take. [ms] */
interface Spans {
  /** The last newcomers get this long to link up. Measured at 300 peers: what joins cause has faded after 40 s. */
  readonly settleMs: Millis;
  /** Upkeep is measured over this. */
  readonly upkeepMs: Millis;
  /** Lookups that are measured start within this. */
  readonly lookupsMs: Millis;
  /** Puts, after them gets, and lookups of the other mode start within this. */
  readonly recordsMs: Millis;
}

/** The spans for a network of `count` peers. */
export function spansFor(count: number): Spans {
  return count < LARGE
    ? { settleMs: 40_000, upkeepMs: 20_000, lookupsMs: 10_000, recordsMs: 5_000 }
    : { settleMs: 30_000, upkeepMs: 5_000, lookupsMs: 5_000, recordsMs: 2_000 };
}

/** What peers send without being asked. */
export interface Upkeep {
  readonly bytesPerNodePerSecond: number;
  /** The same by type of frame. */
  readonly byType: Readonly<Record<FrameName, number>>;
  /** Of the whole network. */
  readonly routedPerSecond: number;
}

/** Lets a network grow to `count` peers through introductions, then gives the last ones time to settle. */
export function grow(
  world: World,
  count: number,
  settleMs: Millis = spansFor(count).settleMs,
  onBorn?: (node: SimNode, index: number) => void,
): void {
  const growthMs = startGrowth(world, count, onBorn);
  world.run(world.now + growthMs + settleMs);
}

/** The same without waiting; says how long it takes until the last peer is there. [ms] */
export function startGrowth(
  world: Pick<World, 'now' | 'at' | 'spawnNext'>,
  count: number,
  onBorn?: (node: SimNode, index: number) => void,
): Millis {
  let there = 0;
  let gap = 0;
  const next = (): void => {
    do {
      const node = world.spawnNext();
      if (node) onBorn?.(node, there);
      gap += joinGap(++there);
    } while (gap < 1 && there < count);
    if (there >= count) return;
    // The clock counts in whole milliseconds: where a join takes hardly one, what is left of it counts for the next.
    const wait = gap < COARSE_GAP_MS ? Math.floor(gap) : gap;
    gap -= wait;
    world.at(world.now + wait, next);
  };
  world.at(world.now, next);
  let growthMs = 0;
  for (let peers = 1; peers < count; peers++) growthMs += joinGap(peers);
  return growthMs;
}

/** From one join to the next when `there` peers are there. [ms] */
function joinGap(there: number): Millis {
  return 1000 / Math.max(GROWTH_MIN_PER_SECOND, there * GROWTH_PER_SECOND);
}

/** What peers send while nobody asks for anything. */
export function measureUpkeep(world: World, spanMs = spansFor(world.sum(world.nodes.size)).upkeepMs): Upkeep {
  const stop = startUpkeep(world);
  world.run(world.now + spanMs);
  return stop();
}

/** Starts to measure what peers send; the function returned ends it. The number of peers must stay about the same. */
export function startUpkeep(world: World): () => Upkeep {
  const start = world.now;
  const before = sentSoFar(world);
  return () => {
    const seconds = (world.now - start) / 1000;
    const nodeSeconds = seconds * Math.max(1, world.sum(world.alive.length));
    const after = sentSoFar(world);
    const perNode = (name: FrameName): number => (after.bytes[name] - before.bytes[name]) / nodeSeconds;
    const byType = Object.fromEntries(FRAME_NAMES.map((name) => [name, rounded(perNode(name), 1)]));
    return {
      bytesPerNodePerSecond: FRAME_NAMES.reduce((sum, name) => sum + perNode(name), 0),
      byType: byType as Upkeep['byType'],
      routedPerSecond: (after.routedFrames - before.routedFrames) / seconds,
    };
  };
}

/** Lookups over some seconds, and the frames that each cost beyond upkeep: routed messages, acknowledgements and replies. */
export function measureLookups(
  world: World,
  count: number,
  upkeep: Pick<Upkeep, 'routedPerSecond'> = { routedPerSecond: 0 },
): { readonly tally: LookupTally; readonly messagesPerLookup: number } {
  const own = newTally();
  const start = world.now;
  const before = routedFrames(world);
  runLookups(world, count, spansFor(world.sum(world.nodes.size)).lookupsMs, own);
  const tally = tallyOfAll(world, own);
  const background = (upkeep.routedPerSecond * (world.now - start)) / 1000;
  const caused = Math.max(0, routedFrames(world) - before - background);
  return { tally, messagesPerLookup: caused / Math.max(1, tally.lookups) };
}

/** Random peers put `count` records. */
export function putRecords(world: World, ledger: RecordLedger, count: number): void {
  const authors = joined(world);
  const { recordsMs } = spansFor(world.sum(world.nodes.size));
  evenly(world, count, recordsMs, (index) => {
    const author = world.isOurs(index) && pick(world.rng, authors);
    if (author) ledger.put(author);
  });
  world.run(world.now + recordsMs);
  drain(world, () => ledger.tally.open);
  ledger.share();
}

/** Random peers read `count` of the records that were put. */
export function getRecords(world: World, ledger: RecordLedger, count: number): void {
  const readers = joined(world);
  const { recordsMs } = spansFor(world.sum(world.nodes.size));
  evenly(world, count, recordsMs, (index) => {
    const reader = world.isOurs(index) && pick(world.rng, readers);
    if (reader) ledger.get(reader);
  });
  world.run(world.now + recordsMs);
  drain(world, () => ledger.tally.open);
}

/** Median, 95th and 99th percentile, as a report has them. */
export function percentiles(samples: Samples): { readonly p50: number; readonly p95: number; readonly p99: number } {
  const at = (share: number): number => Math.round(samples.percentile(share));
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** From the appearance of each peer that is there to the end of its first self-lookup. [ms] */
export function joinTimes(world: World): Samples {
  const times = new Samples();
  for (const { bornAt, joinedAt } of world.nodes.values()) if (joinedAt !== undefined) times.add(joinedAt - bornAt);
  return samplesOfAll(world, times);
}

function joined(world: World): World['alive'] {
  return world.alive.filter(({ joinedAt }) => joinedAt !== undefined);
}

/** What all peers sent so far, the living and the dead. */
function sentSoFar(world: World): SentTotals {
  const totals = SentTotals.of([world.gone]);
  for (const { overlay } of world.alive) totals.add(overlay.counters);
  return SentTotals.of(world.gather(totals));
}

/** Routed messages, acknowledgements and replies that all peers sent so far. */
export function routedFrames(world: World): number {
  return sentSoFar(world).routedFrames;
}
