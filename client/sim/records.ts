import type { Key, NodeId } from '../../shared/src/ids.ts';
import { REPLICATION } from '../../shared/src/limits/records.ts';
import type { Millis } from '../../shared/src/machine.ts';
import type { SimNode } from './sim-node.ts';
import { signRecord } from './signing.ts';
import { Samples, shareOf } from './statistics.ts';
import type { Truth } from './truth.ts';
import { pick, randomKey, samplesOfAll } from './workload.ts';
import { EPOCH, type World } from './world.ts';

/** A record that a run put and that should still be there. */
export interface PutRecord {
  readonly key: Key;
  /** Of the last version of which its author heard that it is stored. */
  readonly sequence: number;
  readonly expiresAt: Millis;
  /** Living peers of this shard near the key that held it at the last census. */
  holders: readonly SimNode[];
  /** How it was lost, once it was. */
  lost: 'with its holders' | 'by a living holder' | undefined;
}

/** Puts and gets of a run. */
export interface RecordTally {
  puts: number;
  stored: number;
  gets: number;
  found: number;
  /** Puts and gets not yet answered. */
  open: number;
  /** The gets among them. */
  openGets: number;
  readonly putMs: Samples;
  readonly getMs: Samples;
  readonly replicas: Samples;
}

/** Who holds the records of a run. */
export interface Census {
  /** Records that should be there. */
  readonly live: number;
  /** Of them: with at least one living holder. */
  readonly held: number;
  /** Mean number of holders among the peers that really are the closest. */
  readonly amongClosest: number;
}

/** Life of a record that a run puts. [ms] The default of the public door. */
const RECORD_TTL_MS = 60 * 60_000;

/** Peers around a key that are asked first whether they hold it. */
const NEIGHBOURHOOD = 5 * REPLICATION;

/** [bytes] About that of a location record. */
const VALUE_BYTES = 200;

/**
 * Every record that a run put, so that the run can read them back and, at its end, nobody can have lost one unnoticed.
 */
export class RecordLedger {
  readonly tally: RecordTally = {
    puts: 0,
    stored: 0,
    gets: 0,
    found: 0,
    open: 0,
    openGets: 0,
    putMs: new Samples(),
    getMs: new Samples(),
    replicas: new Samples(),
  };
  readonly #world: World;
  /** Put by this shard. */
  readonly #own: PutRecord[] = [];
  /** Put by any shard, as far as this one was told. */
  #records: readonly PutRecord[] = this.#own;

  constructor(world: World) {
    this.#world = world;
  }

  get records(): readonly PutRecord[] {
    return this.#records;
  }

  /** Share of the reads that found the last stored version or a later one; null without reads. */
  get found(): number | null {
    return foundOf(this.tally);
  }

  /** Lets all shards read and count the records that each of them put; as `World.gather`, once everything is put. */
  share(): void {
    const { shard } = this.#world;
    if (shard.count === 1) return;
    const facts = this.#own.map(({ key, sequence, expiresAt }) => ({ key, sequence, expiresAt }));
    this.#records = this.#world
      .gather(facts)
      .flatMap((put, from) =>
        from === shard.index ? this.#own : put.map((each) => ({ ...each, holders: [], lost: undefined })),
      );
  }

  /** The puts and gets of all shards, as `World.gather`. */
  tallyOfAll(): RecordTally {
    const world = this.#world;
    const { putMs, getMs, replicas, ...counts } = this.tally;
    const { puts, stored, gets, found, open, openGets } = counts;
    const sums = world.gather([puts, stored, gets, found, open, openGets]).reduce(added);
    return {
      puts: sums[0] ?? 0,
      stored: sums[1] ?? 0,
      gets: sums[2] ?? 0,
      found: sums[3] ?? 0,
      open: sums[4] ?? 0,
      openGets: sums[5] ?? 0,
      putMs: samplesOfAll(world, putMs),
      getMs: samplesOfAll(world, getMs),
      replicas: samplesOfAll(world, replicas),
    };
  }

  /** `author` stores a record of its own under a random key. */
  put(author: SimNode, key = randomKey(this.#world.rng)): void {
    const { rng, now } = this.#world;
    const expiresAt = now + RECORD_TTL_MS;
    const value = new Uint8Array(VALUE_BYTES).fill(rng.nextUint32() & 255);
    const { contact } = author;
    const record = signRecord({ key, author: contact, sequence: 1, expiresAt: EPOCH + expiresAt, value });
    this.tally.puts++;
    this.tally.open++;
    this.#world.operate(author, { kind: 'put', record }, (result) => {
      this.tally.open--;
      if (result.kind !== 'put') return;
      this.tally.stored++;
      this.tally.putMs.add(this.#world.now - now);
      this.tally.replicas.add(result.replicas);
      this.#own.push({ key, sequence: 1, expiresAt, holders: [], lost: undefined });
    });
  }

  /** `reader` reads one of the records that should be there, by default a random one; a lost one is not found. */
  get(reader: SimNode, record = pick(this.#world.rng, this.#unexpired())): void {
    if (!record || !reader.isAlive) return;
    const { now } = this.#world;
    const { sequence } = record;
    this.tally.gets++;
    this.tally.openGets++;
    this.tally.open++;
    this.#world.operate(reader, { kind: 'get', key: record.key }, (result) => {
      this.tally.openGets--;
      this.tally.open--;
      if (result.kind !== 'get' || result.record.sequence < sequence) return;
      this.tally.found++;
      this.tally.getMs.add(this.#world.now - now);
    });
  }

  /** Forgets what is still open when every deadline has passed: the readers died, and nobody waits for the answer. */
  abandon(): void {
    this.tally.gets -= this.tally.openGets;
    this.tally.openGets = 0;
    this.tally.open = 0;
  }

  /**
   * Looks who holds the records now, and takes note of those that are lost. `truth` holds the living ids. Each shard
   * looks at its own peers; as `World.gather`.
   */
  count(truth: Truth): Census {
    const live = this.#unexpired().filter(({ lost }) => lost === undefined);
    const holders = live.map(({ key }) => this.#holders(key, truth));
    const held = this.#world.gather(holders.map(({ length }) => length)).reduce(added);
    this.#judge(live.filter((_, i) => held[i] === 0));
    let closest = 0;
    live.forEach((record, i) => {
      const owners = truth.nearest(record.key, REPLICATION);
      record.holders = holders[i] ?? [];
      closest += record.holders.filter(({ contact }) => owners.includes(contact.id)).length;
    });
    return {
      live: live.length,
      held: held.filter((each) => each > 0).length,
      amongClosest: this.#world.sum(closest) / Math.max(1, live.length),
    };
  }

  /** Says how records were lost that nobody near their keys holds, unless somebody else holds them. */
  #judge(missing: readonly PutRecord[]): void {
    const known = (ask: (record: PutRecord) => boolean): boolean[] =>
      this.#world.gather(missing.map(ask)).reduce((a, b) => a.map((each, i) => each || b[i] === true));
    const isAnywhere = known(({ key }) => this.#isAnywhere(key));
    const hasLivingHolder = known(({ holders }) => holders.some(({ isAlive }) => isAlive));
    missing.forEach((record, i) => {
      if (!isAnywhere[i]) record.lost = hasLivingHolder[i] ? 'by a living holder' : 'with its holders';
    });
  }

  #unexpired(): PutRecord[] {
    return this.#records.filter(({ expiresAt }) => expiresAt > this.#world.now);
  }

  #holders(key: Key, truth: Truth): SimNode[] {
    const near = truth.nearest(key, NEIGHBOURHOOD).map((id: NodeId) => this.#world.nodes.get(id));
    return near.filter((node): node is SimNode => node?.isAlive === true && node.overlay.keeps(key));
  }

  #isAnywhere(key: Key): boolean {
    return this.#world.alive.some(({ overlay }) => overlay.keeps(key));
  }
}

/** Share of the reads of a run that found their record; null without reads. */
export function foundOf({ found, gets }: RecordTally): number | null {
  return shareOf(found, gets);
}

function added(a: readonly number[], b: readonly number[]): number[] {
  return a.map((each, i) => each + (b[i] ?? 0));
}
