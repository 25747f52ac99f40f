import type { Measured } from '../report.ts';
import { type ScenarioOptions, grow, meanJoinMs, measureLookups, measureUpkeep } from '../scenario.ts';
import { rounded } from '../statistics.ts';
import { newTally, runLookups } from '../workload.ts';
import type { World } from '../world.ts';

/** A network grows by joins alone; then everyone looks random keys up, in both modes. */
export function growth(world: World, { nodes, lookups }: ScenarioOptions): Measured {
  grow(world, nodes);
  const upkeep = measureUpkeep(world, 30_000);
  const { tally, messagesPerLookup } = measureLookups(world, lookups);
  const iterative = newTally();
  runLookups(world, Math.ceil(lookups / 10), 10_000, iterative, 'iterative');
  const extra = {
    joinMs: rounded(meanJoinMs(world), 0),
    iterativeSuccess: rounded(iterative.succeeded / Math.max(1, iterative.lookups), 4),
  };
  return { tally, messagesPerLookup, upkeepBytesPerNodePerSecond: upkeep, recordsFound: null, extra };
}
