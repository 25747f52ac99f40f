import {
  getRecords,
  grow,
  joinTimes,
  measureLookups,
  measureUpkeep,
  percentiles,
  putRecords,
  spansFor,
} from '../phases.ts';
import { RecordLedger } from '../records.ts';
import { quantity } from '../options.ts';
import { defineScenario } from '../scenario.ts';
import { rounded } from '../statistics.ts';
import { SHARDS } from '../shards/choice.ts';
import { Truth } from '../truth.ts';
import { drain, newTally, startLookups, successOf, tallyOfAll } from '../workload.ts';

/** Most lookups of the other mode, most records put and read: enough for a percentile. */
const SAMPLE = 1_000;

/** A network grows by joins alone; then everyone looks random keys up, in both modes, and stores and reads records. */
export const growth = defineScenario({
  name: 'growth',
  about: 'a network grows by joins alone; then everyone looks keys up',
  options: {
    shards: SHARDS,
    settle: quantity(
      0,
      'seconds after the last join; 0: as long as joins cause work, 240: as long as links are replaced, too',
    ),
  },
  run(world, { nodes, lookups, settle }) {
    grow(world, nodes, settle === 0 ? spansFor(nodes).settleMs : settle * 1000);
    const upkeep = measureUpkeep(world);
    const { tally, messagesPerLookup } = measureLookups(world, lookups, upkeep);
    const lookedUpAt = performance.now();
    const sample = Math.min(SAMPLE, lookups);
    const iterative = newTally();
    startLookups(world, sample, spansFor(nodes).recordsMs, iterative, { mode: 'iterative' });
    const ledger = new RecordLedger(world);
    putRecords(world, ledger, sample);
    drain(world, () => iterative.open);
    const { amongClosest } = ledger.count(Truth.ofAll(world));
    getRecords(world, ledger, sample);
    const { putMs, getMs, replicas, stored, puts } = ledger.tallyOfAll();
    const stepwise = tallyOfAll(world, iterative);
    const extra = {
      joinMs: percentiles(joinTimes(world)),
      iterative: {
        success: successOf(stepwise),
        hops: rounded(stepwise.hops.mean),
        ms: percentiles(stepwise.latencies),
      },
      putMs: percentiles(putMs),
      getMs: percentiles(getMs),
      stored: rounded(stored / Math.max(1, puts), 5),
      replicas: rounded(replicas.mean),
      holdersAmongClosest: rounded(amongClosest),
      upkeepByType: upkeep.byType,
    };
    const { bytesPerNodePerSecond: upkeepBytesPerNodePerSecond } = upkeep;
    return { tally, messagesPerLookup, upkeepBytesPerNodePerSecond, ledger, lookedUpAt, extra };
  },
});
