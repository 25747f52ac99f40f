import type { NodeId } from '../../../shared/src/ids.ts';
import { REPLICATION } from '../../../shared/src/limits/records.ts';
import { shuffle } from '../../../shared/src/machine.ts';
import { share } from '../options.ts';
import { getRecords, grow, measureLookups, measureUpkeep, putRecords } from '../phases.ts';
import { RecordLedger } from '../records.ts';
import { defineScenario } from '../scenario.ts';
import type { SimNode } from '../sim-node.ts';
import { mean, rounded } from '../statistics.ts';
import { Truth } from '../truth.ts';
import { successOf } from '../workload.ts';
import type { World } from '../world.ts';

/** Records put per run, at most one per lookup. */
const RECORDS = 500;

/** The last newcomers get this long until upkeep is measured. [ms] Every pair near each other has tried once. */
const SETTLE_MS = 90_000;

/** For how long upkeep is measured. [ms] Several rounds of every exchange. */
const UPKEEP_MS = 120_000;

/** From the puts, and later from the deaths, to the look at what is where. [ms] */
const REPAIR_MS = 60_000;

/** Share of the peers that die without a word before everything is looked at again. */
const DEATHS = 0.1;

/** Pairs of peers that can never connect: lookups, sibling sets and the ownership of records, before and after deaths. */
export const brokenPairs = defineScenario({
  name: 'broken-pairs',
  about: 'pairs of peers that can never connect: lookups, siblings, owners of records',
  options: { share: share(0.3, 'of pairs that cannot connect') },
  defaults: { nodes: 200, links: 32 },
  world: ({ share: brokenPairs }) => ({ brokenPairs }),
  run(world, { nodes, lookups }) {
    grow(world, nodes, SETTLE_MS);
    const upkeep = measureUpkeep(world, UPKEEP_MS);
    const ledger = new RecordLedger(world);
    const sample = Math.min(RECORDS, lookups);
    putRecords(world, ledger, sample);
    world.run(world.now + REPAIR_MS);
    const placesBefore = placesOf(world, ledger);
    const { tally, messagesPerLookup } = measureLookups(world, lookups, upkeep);
    getRecords(world, ledger, sample);
    const foundBefore = ledger.found;
    for (const victim of shuffle(world.rng, world.alive).slice(0, Math.round(DEATHS * nodes))) world.kill(victim);
    world.run(world.now + REPAIR_MS);
    const placesAfter = placesOf(world, ledger);
    const late = measureLookups(world, lookups).tally;
    getRecords(world, ledger, sample);
    const extra = {
      ...placesBefore,
      recordsFoundBeforeDeaths: foundBefore,
      upkeepByType: upkeep.byType,
      afterDeaths: { ...placesAfter, success: successOf(late) },
    };
    return { tally, messagesPerLookup, upkeepBytesPerNodePerSecond: upkeep.bytesPerNodePerSecond, ledger, extra };
  },
});

/** Whether everything is where it belongs. */
interface Places {
  readonly [figure: string]: number;
  /** Share of the eight true closest peers of each record that hold it. */
  readonly ownersHolding: number;
  /** Share of each peer's true siblings that it takes for its siblings. */
  readonly siblingsRight: number;
  /** Share of the siblings without a link, direct or virtual. */
  readonly siblingsUnlinked: number;
  /** Virtual links per peer. */
  readonly virtualLinks: number;
}

function placesOf(world: World, ledger: RecordLedger): Places {
  const { alive } = world;
  const truth = Truth.of(alive);
  const siblings = alive.map((node) => siblingsOf(node, truth));
  const unlinked = siblings.reduce((sum, each) => sum + each.unlinked, 0);
  return {
    ownersHolding: rounded(ledger.count(truth).amongClosest / REPLICATION, 5),
    siblingsRight: rounded(mean(siblings.map(({ right }) => right)), 5),
    siblingsUnlinked: rounded(
      unlinked /
        Math.max(
          1,
          siblings.reduce((sum, { count }) => sum + count, 0),
        ),
      5,
    ),
    virtualLinks: rounded(mean(siblings.map(({ virtual }) => virtual))),
  };
}

/** How one peer's siblings compare with the truth. */
function siblingsOf(
  { contact, overlay }: SimNode,
  truth: Truth,
): { readonly count: number; readonly right: number; readonly unlinked: number; readonly virtual: number } {
  const { entries } = overlay.snapshot();
  const siblings = entries.filter(({ isSibling }) => isSibling);
  const named = new Set<NodeId>(siblings.map((entry) => entry.contact.id));
  const wanted = truth.nearest(contact.id, siblings.length + 1).filter((id) => id !== contact.id);
  return {
    count: siblings.length,
    right: wanted.filter((id) => named.has(id)).length / Math.max(1, wanted.length),
    unlinked: siblings.filter(({ isLinked, isVirtual }) => !isLinked && isVirtual !== true).length,
    virtual: entries.filter(({ isVirtual }) => isVirtual).length,
  };
}
