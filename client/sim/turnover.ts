import type { Millis } from '../../shared/src/machine.ts';
import { type Upkeep, percentiles, startUpkeep } from './phases.ts';
import type { Population } from './population.ts';
import type { RecordLedger } from './records.ts';
import { shareOf } from './statistics.ts';
import { Truth } from './truth.ts';
import { type LookupTally, abandon, drain, evenly } from './workload.ts';
import type { World } from './world.ts';

/** What a run is about: who comes and goes, and what is asked meanwhile. */
export interface Turnover {
  readonly population: Population;
  readonly tally: LookupTally;
  readonly ledger: RecordLedger;
  readonly spanMs: Millis;
  /** Time between two looks at who holds the records. [ms] */
  readonly censusMs: Millis;
}

/** Runs a population through its span, which others have filled with questions, to the last answer. */
export function runTurnover(
  world: World,
  { population, tally, ledger, spanMs, censusMs }: Turnover,
): { readonly upkeep: Upkeep; readonly extra: Readonly<Record<string, unknown>> } {
  const upkeepSoFar = startUpkeep(world);
  evenly(world, Math.ceil(spanMs / censusMs), spanMs, () => ledger.count(Truth.of(world.alive)));
  world.run(world.now + spanMs);
  const upkeep = upkeepSoFar();
  drain(world, () => tally.open + ledger.tally.open);
  population.stop();
  abandon(tally);
  ledger.abandon();
  const { records } = ledger;
  const lost = records.filter((record) => record.lost === 'with its holders');
  const extra = {
    left: population.left,
    joinMs: percentiles(population.joinMs),
    stranded: population.stranded,
    recordsPut: records.length,
    recordsLostWithHolders: shareOf(lost.length, records.length),
    upkeepByType: upkeep.byType,
  };
  return { upkeep, extra };
}
