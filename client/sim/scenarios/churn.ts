import { quantity } from '../options.ts';
import { grow, measureUpkeep, percentiles, putRecords } from '../phases.ts';
import { Population } from '../population.ts';
import { RecordLedger } from '../records.ts';
import { defineScenario } from '../scenario.ts';
import { rounded } from '../statistics.ts';
import { Truth } from '../truth.ts';
import { runTurnover } from '../turnover.ts';
import { evenly, lookUp, newTally, pick } from '../workload.ts';

/** How long it is measured: so many mean sessions, and at least so many seconds. */
const MEAN_SESSIONS = 3;
const MIN_SECONDS = 600;

/** Share of that time for which peers come and go before anybody asks for anything: upkeep is what they send then. */
const QUIET_SHARE = 0.5;

/** Records put before churn starts, and lookups for each record put later. */
const FIRST_RECORDS = 100;
const LOOKUPS_PER_PUT = 10;

/** Lookups for each read. */
const LOOKUPS_PER_GET = 2;

/** Time between two looks at who holds the records. [ms] As often as holders check their replicas. */
const CENSUS_MS = 30_000;

/** Peers come and go at a constant population: first that alone, then with lookups, puts and gets all the while. */
export const churn = defineScenario({
  name: 'churn',
  about: 'peers come and go all the while, with lookups, puts and gets',
  options: {
    session: quantity(600, 'mean session [s]', 1),
    span: quantity(0, 'how long it is measured [s]; 0 for three sessions, at least 600'),
  },
  run(world, { nodes, lookups, session, span }) {
    grow(world, nodes);
    const ledger = new RecordLedger(world);
    putRecords(world, ledger, Math.min(FIRST_RECORDS, lookups));
    const population = new Population(world, session);
    const seconds = span || Math.max(MIN_SECONDS, MEAN_SESSIONS * session);
    const spanMs = 1000 * seconds;
    // All sessions start at once: after a mean one there are peers of every age, as in a network that has always been.
    world.run(world.now + 1000 * session);
    const upkeep = measureUpkeep(world, QUIET_SHARE * spanMs);
    const tally = newTally();
    evenly(world, lookups, spanMs, (i) => {
      const asker = pick(world.rng, population.settled);
      if (asker) lookUp(world, asker, tally, population);
      if (i % LOOKUPS_PER_PUT === 0 && asker) ledger.put(asker);
    });
    evenly(world, Math.ceil(lookups / LOOKUPS_PER_GET), spanMs, () => {
      const reader = pick(world.rng, population.settled);
      if (reader) ledger.get(reader);
    });
    const turnover = runTurnover(world, { population, tally, ledger, spanMs, censusMs: CENSUS_MS });
    const { amongClosest } = ledger.count(Truth.of(world.alive));
    const extra = {
      spanSeconds: seconds,
      putMs: percentiles(ledger.tally.putMs),
      getMs: percentiles(ledger.tally.getMs),
      holdersAmongClosest: rounded(amongClosest),
      ...turnover.extra,
      upkeepByType: upkeep.byType,
      upkeepAsked: Math.round(turnover.upkeep.bytesPerNodePerSecond),
    };
    return { tally, upkeepBytesPerNodePerSecond: upkeep.bytesPerNodePerSecond, ledger, extra };
  },
});
