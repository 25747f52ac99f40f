import { type Key, type NodeId, parseNodeId } from '../../../shared/src/ids.ts';
import { MAX_LANES } from '../../../shared/src/limits/overlay.ts';
import { type Millis, shuffle } from '../../../shared/src/machine.ts';
import type { LookupMode, TableEntry } from '../../src/overlay/types.ts';
import { Coalition, contactNear } from '../adversary.ts';
import { choice, count, share } from '../options.ts';
import { grow, measureUpkeep, routedFrames } from '../phases.ts';
import { RecordLedger } from '../records.ts';
import { defineScenario } from '../scenario.ts';
import type { SimNode } from '../sim-node.ts';
import { rounded, shareOf } from '../statistics.ts';
import { Truth } from '../truth.ts';
import { LOOKUP_TIMEOUT_MS, type LookupTally, drain, evenly, newTally, pick, randomKey } from '../workload.ts';
import type { World } from '../world.ts';

/** Lookups start within this. [ms] */
const SPAN_MS = 20_000;

/** Keys that a sybil tries for its id. [keys] Some seconds of one core's work; it gets about 12 bits by it. */
const SYBIL_TRIES = 4_096;

/** Bits by which sybils want to be closer than the closest honest peer. [bits] */
const SYBIL_LEAD_BITS = 2;

/** How long attackers work on a victim's table, and how often they dial it. [ms] */
const SIEGE_MS = 120_000;
const SIEGE_STEP_MS = 10_000;

/** A record is put and read for so many lookups. */
const LOOKUPS_PER_RECORD = 5;

/** Puts and gets end within this, those that look beside their key included. [ms] */
const RECORDS_WITHIN_MS = 30_000;

/** How a run looks keys up. */
interface Asking {
  readonly mode: LookupMode;
  readonly disjoint: number;
  readonly askers: readonly SimNode[];
  readonly key: () => Key;
}

/** What lookups came to beside the tally. */
interface Findings {
  /** Lookups that named somebody who does not live, or never did. */
  ghosts: number;
  /** Lookups whose first peer is a colluder. Not wrong by itself: colluders are peers of the network. */
  colluders: number;
}

/** A share of the peers colludes; honest ones look keys up. */
export const adversary = defineScenario({
  name: 'adversary',
  about: 'a share of the peers colludes against lookups',
  options: {
    share: share(0.2, 'of the peers that collude'),
    kind: choice(['drop', 'misroute', 'lie', 'sybil', 'eclipse'], 'what they do'),
    disjoint: count(8, 'disjoint paths of each lookup', 1, MAX_LANES),
    ghosts: count(0, 'peers that liars make up', 0),
    mode: choice(['recursive', 'iterative'], 'of the lookups'),
  },
  run(world, { nodes, lookups, share: part, kind, disjoint, mode, ghosts }) {
    const coalition = new Coalition(kind, ghosts, world.rng);
    const victimKey = randomKey(world.rng);
    populate(world, nodes, part, coalition, victimKey);
    const honest = world.alive.filter(({ contact, joinedAt }) => !coalition.has(contact.id) && joinedAt !== undefined);
    const victim = kind === 'eclipse' ? besiege(world, coalition, honest) : undefined;
    const upkeep = measureUpkeep(world);
    const tally = newTally();
    const findings = { ghosts: 0, colluders: 0 };
    const before = routedFrames(world);
    const startedAt = world.now;
    const key = kind === 'sybil' ? () => victimKey : () => randomKey(world.rng);
    const keys = (index: number): Key => (kind === 'sybil' ? besideKey(victimKey, index) : randomKey(world.rng));
    lookUpAll(world, lookups, coalition, { mode, disjoint, askers: victim ? [victim] : honest, key }, tally, findings);
    const background = (upkeep.routedPerSecond * (world.now - startedAt)) / 1000;
    const messages = Math.max(0, routedFrames(world) - before - background) / Math.max(1, tally.lookups);
    const extra = {
      share: rounded(coalition.size / world.alive.length, 3),
      disjoint,
      honestJoined: honest.length,
      namedDead: rounded(findings.ghosts / Math.max(1, tally.lookups), 4),
      namedColluder: rounded(findings.colluders / Math.max(1, tally.lookups), 4),
      records: storeAndRead(world, lookups, coalition, { askers: honest, readers: victim ? [victim] : honest, keys }),
      colludersInTable: rounded(colludersIn(victim ? [victim] : honest, coalition), 3),
      colludersAmongLinks: rounded(
        colludersIn(victim ? [victim] : honest, coalition, ({ isLinked }) => isLinked),
        3,
      ),
    };
    return {
      tally,
      messagesPerLookup: messages,
      upkeepBytesPerNodePerSecond: upkeep.bytesPerNodePerSecond,
      extra,
    };
  },
});

/** Colluders join among the others; sybils once they know the key that they are after. */
function populate(world: World, nodes: number, part: number, coalition: Coalition, key: Key): void {
  const wanted = Math.round(part * nodes);
  if (coalition.kind === 'sybil') {
    grow(world, nodes - wanted);
    const bits = Math.ceil(Math.log2(nodes)) + SYBIL_LEAD_BITS;
    for (let i = 0; i < wanted; i++) {
      coalition.recruit(world.spawn(undefined, contactNear(key, bits, SYBIL_TRIES, world.rng)));
      world.run(world.now + 100);
    }
    world.run(world.now + SIEGE_MS);
    return;
  }
  const chosen = new Set(
    shuffle(
      world.rng,
      Array.from({ length: nodes }, (_, i) => i),
    ).slice(0, wanted),
  );
  grow(world, nodes, undefined, (node, index) => {
    if (chosen.has(index)) coalition.recruit(node);
  });
}

/** The colluders learn of one honest peer, dial it again and again, and tell it of nobody but themselves. */
function besiege(world: World, coalition: Coalition, honest: readonly SimNode[]): SimNode | undefined {
  const victim = pick(world.rng, honest);
  coalition.victim = victim?.contact.id;
  if (!victim) return undefined;
  for (let spent: Millis = 0; spent < SIEGE_MS; spent += SIEGE_STEP_MS) {
    for (const node of world.alive) {
      const isAway = coalition.has(node.contact.id) && !node.links.has(victim.contact.id);
      if (isAway && !node.dials.has(victim.contact.id)) world.dial(node, victim.contact);
    }
    world.run(world.now + SIEGE_STEP_MS);
  }
  return victim;
}

/** A lookup succeeds when the first honest peer it names is the honest peer closest to the key, and nobody named is dead. */
function lookUpAll(
  world: World,
  lookups: number,
  coalition: Coalition,
  { mode, disjoint, askers, key }: Asking,
  tally: LookupTally,
  findings: Findings,
): void {
  const honest = Truth.of(world.alive.filter(({ contact }) => !coalition.has(contact.id)));
  evenly(world, lookups, SPAN_MS, () => {
    const asker = pick(world.rng, askers);
    if (!asker) return;
    const wanted = key();
    tally.lookups++;
    tally.open++;
    world.operate(asker, { kind: 'lookup', key: wanted, mode, disjoint, timeoutMs: LOOKUP_TIMEOUT_MS }, (result) => {
      tally.open--;
      if (result.kind !== 'lookup') return;
      const named = result.closest.map(({ id }) => id);
      const isClean = named.every((id) => isLiving(world, id));
      if (!isClean) findings.ghosts++;
      if (named[0] !== undefined && coalition.has(named[0])) findings.colluders++;
      const best = named.find((id) => !coalition.has(id));
      if (isClean && best !== undefined && best === honest.closest(wanted)) tally.succeeded++;
      tally.hops.add(result.hops);
      tally.latencies.add(result.elapsedMs);
    });
  });
  world.run(world.now + SPAN_MS);
  drain(world, () => tally.open);
}

function isLiving(world: World, id: NodeId): boolean {
  return world.nodes.get(id)?.isAlive === true;
}

/** A key that begins with as many digits of `key` as sybils can match by far. */
function besideKey(key: Key, index: number): Key {
  const end = index.toString(16).padStart(8, '0');
  return parseNodeId(key.slice(0, -end.length) + end) ?? key;
}

/** Honest peers put records, and others read them; the answers of colluders to authors and readers are lies too. */
function storeAndRead(
  world: World,
  lookups: number,
  coalition: Coalition,
  { askers, readers, keys }: { askers: readonly SimNode[]; readers: readonly SimNode[]; keys: (index: number) => Key },
): Readonly<Record<string, number | null>> {
  const ledger = new RecordLedger(world);
  const widened = (): number =>
    [...new Set([...askers, ...readers])].reduce((sum, { overlay }) => sum + overlay.counters.widened, 0);
  const before = widened();
  const records = Math.ceil(lookups / LOOKUPS_PER_RECORD);
  evenly(world, records, SPAN_MS, (index) => {
    const author = pick(world.rng, askers);
    if (author) ledger.put(author, keys(index));
  });
  world.run(world.now + SPAN_MS);
  drain(world, () => ledger.tally.open, RECORDS_WITHIN_MS);
  const kept = ledger.records.filter(({ key }) =>
    world.alive.some(({ contact, overlay }) => !coalition.has(contact.id) && overlay.keeps(key)),
  );
  for (const record of ledger.records) {
    const reader = pick(world.rng, readers);
    if (reader) ledger.get(reader, record);
    world.run(world.now + SPAN_MS / records);
  }
  drain(world, () => ledger.tally.open, RECORDS_WITHIN_MS);
  const { puts, stored, putMs, getMs } = ledger.tally;
  return {
    puts,
    stored: shareOf(stored, puts),
    kept: shareOf(kept.length, puts),
    found: ledger.found,
    widened: widened() - before,
    putP95Ms: rounded(putMs.percentile(0.95), 0),
    getP95Ms: rounded(getMs.percentile(0.95), 0),
  };
}

/** Mean share of colluders in the tables of `nodes`, of the entries that count. */
function colludersIn(
  nodes: readonly SimNode[],
  coalition: Coalition,
  counts: (entry: TableEntry) => boolean = () => true,
): number {
  let sum = 0;
  for (const { overlay } of nodes) {
    const entries = overlay.snapshot().entries.filter(counts);
    sum += entries.filter(({ contact }) => coalition.has(contact.id)).length / Math.max(1, entries.length);
  }
  return sum / Math.max(1, nodes.length);
}
