import type { NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { count } from '../options.ts';
import { grow, percentiles } from '../phases.ts';
import { RecordLedger } from '../records.ts';
import { defineScenario } from '../scenario.ts';
import type { SimNode } from '../sim-node.ts';
import { Samples, rounded, shareOf } from '../statistics.ts';
import { drain, evenly, newTally, pick, randomKey, startLookups } from '../workload.ts';
import type { World } from '../world.ts';

/** All readers come within this. [ms] */
const READ_MS = 60_000;

/** Lookups of other keys while the readers come. */
const LOOKUPS = 1_000;

/** Everybody reads the same record within a minute, and then everybody asks for the same providers. */
export const hotKey = defineScenario({
  name: 'hot-key',
  about: 'one record and one provider key are read by everybody within a minute',
  options: { readers: count(10_000, 'reads of each, by as many peers as there are') },
  run(world, { nodes, lookups, readers }) {
    grow(world, nodes);
    const ledger = new RecordLedger(world);
    const author = pick(world.rng, world.alive);
    if (author) ledger.put(author);
    drain(world, () => ledger.tally.open);
    const tally = newTally();
    startLookups(world, Math.min(LOOKUPS, lookups), READ_MS, tally);
    const servedBefore = servedOf(world.alive);
    readAll(world, readers, (reader) => ledger.get(reader));
    drain(world, () => ledger.tally.open + tally.open);
    const served = servedOf(world.alive).map((each, i) => each - (servedBefore[i] ?? 0));
    const providers = new Trails(world);
    const providersFound = readProviders(world, readers, providers);
    const extra = {
      record: { ...loadOf(served, readers), ms: percentiles(ledger.tally.getMs) },
      providers: { ...loadOf(providers.counts, readers), ...providersFound },
    };
    return { tally, ledger, extra };
  },
});

/** One peer provides a key, and `readers` peers ask for it. */
function readProviders(
  world: World,
  readers: number,
  trails: Trails,
): { readonly found: number | null; readonly ms: ReturnType<typeof percentiles> } {
  const provider = pick(world.rng, world.alive);
  const key = randomKey(world.rng);
  const open = new Set<Millis>();
  if (provider) {
    open.add(0);
    world.operate(provider, { kind: 'publish', key }, () => open.delete(0));
  }
  drain(world, () => open.size);
  const times = new Samples();
  let answered = 0;
  readAll(world, readers, (reader) => {
    const start = world.now;
    trails.watch(reader);
    world.operate(reader, { kind: 'findProviders', key }, (result) => {
      answered++;
      const isFound = result.kind === 'findProviders' && result.providers.some(({ id }) => id === provider?.contact.id);
      if (isFound) times.add(world.now - start);
    });
  });
  drain(world, () => readers - answered);
  return { found: shareOf(times.size, readers), ms: percentiles(times) };
}

/** `readers` reads over a minute, every peer in turn. */
function readAll(world: World, readers: number, read: (reader: SimNode) => void): void {
  const peers = world.alive.filter(({ joinedAt }) => joinedAt !== undefined);
  evenly(world, readers, READ_MS, (index) => {
    const reader = peers[index % peers.length];
    if (reader) read(reader);
  });
  world.run(world.now + READ_MS);
}

/** Answers that carried a record, by each peer so far. */
function servedOf(peers: readonly SimNode[]): number[] {
  return peers.map(({ overlay }) => overlay.counters.recordsServed);
}

/** How `reads` were spread over those who answered them, so often each. */
function loadOf(answersOfEach: readonly number[], reads: number): Readonly<Record<string, number | null>> {
  const answers = answersOfEach.reduce((sum, each) => sum + each, 0);
  const busiest = Math.max(0, ...answersOfEach);
  return {
    reads,
    servers: answersOfEach.filter((each) => each > 0).length,
    answersPerRead: rounded(answers / Math.max(1, reads)),
    largestShare: shareOf(busiest, reads),
    largestShareOfAnswers: shareOf(busiest, answers),
  };
}

/** Who answers the reads that it watches: an answer comes from the end of the path that its reader is told. */
class Trails {
  readonly #answers = new Map<NodeId, number>();
  /** Operations watched, by peer and number. */
  readonly #watched = new Set<string>();

  constructor(world: World) {
    world.onEvent = (node, event) => {
      if (event.kind !== 'trail' || !this.#watched.has(nameOf(node, event.op))) return;
      const server = event.path.at(-1) ?? node.contact.id;
      this.#answers.set(server, (this.#answers.get(server) ?? 0) + 1);
    };
  }

  /** Answers of each peer that gave any. */
  get counts(): number[] {
    return [...this.#answers.values()];
  }

  /** The next operation of `reader` is a read. */
  watch(reader: SimNode): void {
    this.#watched.add(nameOf(reader, reader.nextOp));
  }
}

function nameOf({ index }: SimNode, op: number): string {
  return `${index}:${op}`;
}
