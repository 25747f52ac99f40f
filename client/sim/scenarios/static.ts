import { shuffle } from '../../../shared/src/machine.ts';
import type { Measured } from '../report.ts';
import { type ScenarioOptions, grow, measureLookups } from '../scenario.ts';
import { rounded } from '../statistics.ts';
import { newTally, runLookups } from '../workload.ts';
import type { World } from '../world.ts';

/** Virtual time between the death and the second measurement. [ms] */
const REPAIR_MS = 60_000;

/** A share of the peers dies at once; lookups right after it, and again after the survivors repaired their tables. */
export function staticDeath(world: World, { nodes, lookups, dead }: ScenarioOptions): Measured {
  grow(world, nodes);
  const victims = shuffle(world.rng, world.alive).slice(0, Math.round(dead * nodes));
  for (const victim of victims) world.kill(victim);
  const before = newTally();
  runLookups(world, Math.min(lookups, 20 * nodes), 2_000, before);
  world.run(world.now + REPAIR_MS);
  const { tally, messagesPerLookup } = measureLookups(world, lookups);
  const extra = { successBeforeRepair: rounded(before.succeeded / Math.max(1, before.lookups), 4) };
  return { tally, messagesPerLookup, upkeepBytesPerNodePerSecond: null, recordsFound: null, extra };
}
