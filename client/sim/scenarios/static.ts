import { shuffle } from '../../../shared/src/machine.ts';
import { share } from '../options.ts';
import { getRecords, grow, measureLookups, percentiles, putRecords } from '../phases.ts';
import { RecordLedger } from '../records.ts';
import { defineScenario } from '../scenario.ts';
import { rounded, shareOf } from '../statistics.ts';
import { Truth } from '../truth.ts';
import { newTally, runLookups, successOf } from '../workload.ts';

/** Lookups before repair start within this after the deaths: no peer takes another for dead much sooner. [ms] */
const BEFORE_REPAIR_MS = 5_000;

/** Virtual time between the deaths and the two measurements after repair. [ms] */
const REPAIR_MS = 60_000;
const LONG_REPAIR_MS = 120_000;

/** Records put before the deaths. */
const RECORDS = 1_000;

/** A share of the peers dies at once; lookups right after it, and again after the survivors repaired their tables. */
export const staticDeath = defineScenario({
  name: 'static',
  about: 'a share of the peers dies at once; lookups before and after repair',
  options: { dead: share(0.3, 'of the peers that die at once') },
  run(world, { nodes, lookups, dead }) {
    grow(world, nodes);
    const ledger = new RecordLedger(world);
    putRecords(world, ledger, Math.min(RECORDS, lookups));
    ledger.count(Truth.of(world.alive));
    const victims = shuffle(world.rng, world.alive).slice(0, Math.round(dead * nodes));
    const diedAt = world.now;
    for (const victim of victims) world.kill(victim);
    const before = newTally();
    runLookups(world, Math.min(lookups, 20 * nodes), BEFORE_REPAIR_MS, before);
    world.run(diedAt + REPAIR_MS);
    const { tally, messagesPerLookup } = measureLookups(world, lookups);
    world.run(diedAt + LONG_REPAIR_MS);
    const late = measureLookups(world, lookups).tally;
    const census = ledger.count(Truth.of(world.alive));
    getRecords(world, ledger, ledger.records.length);
    const { records } = ledger;
    const extra = {
      successBeforeRepair: successOf(before),
      msBeforeRepair: percentiles(before.latencies),
      hopsBeforeRepair: rounded(before.hops.mean),
      successAfterLongRepair: successOf(late),
      recordsLostWithHolders: shareOf(records.filter(({ lost }) => lost === 'with its holders').length, records.length),
      holdersAmongClosest: rounded(census.amongClosest),
    };
    return { tally, messagesPerLookup, ledger, extra };
  },
});
