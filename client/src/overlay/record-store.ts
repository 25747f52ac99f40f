import { equalBytes } from '../../../shared/src/bytes.ts';
import type { Key, NodeId } from '../../../shared/src/ids.ts';
import {
  MAX_BYTES_PER_AUTHOR,
  MAX_RECORDS,
  MAX_RECORDS_PER_AUTHOR,
  MAX_RECORD_STORE_BYTES,
  MAX_RECORD_TTL_MS,
  MAX_RECORD_VALUE_BYTES,
} from '../../../shared/src/limits/records.ts';
import { RECORD_HEADER_BYTES } from './record-payloads.ts';
import { hasRightKey, isOwned, outranks } from './record-key.ts';
import type { ReplyStatus } from './reply-frame.ts';
import { SequenceFloors } from './sequence-floors.ts';
import { type Bringer, type Brought, Shares, farthestSpare } from './shares.ts';
import type { SignedRecord } from './types.ts';

/** A record held for others. */
export interface HeldRecord extends Brought {
  readonly record: SignedRecord;
  /** Peers known to hold it too. BOUNDED: by the replicas of a key over its life; cleared with the record. */
  readonly replicas: Set<NodeId>;
}

/** Why a record is not kept; `ok` when nothing is wrong with it. */
export type Judgement = Extract<
  ReplyStatus,
  'ok' | 'too-large' | 'expired' | 'wrong-key' | 'cas-mismatch' | 'stale-sequence' | 'quota'
>;

/**
 * The signed records this peer keeps. One author per key while its record lives: the owner of the key if it has one,
 * whoever came before, or else the first. A higher sequence number replaces a lower one, which does not come back after it,
 * and a put may name the sequence number that it replaces (BEP 44). A full store makes room by records that are farther from
 * us than the newcomer and that we are no replica of, and else by what a neighbour brought beyond a fair share to what others
 * bring: whoever floods it cannot choose what is lost, and keeps nobody out.
 */
export class RecordStore {
  readonly #self: NodeId;
  readonly #isReplica: (key: Key) => boolean;
  readonly #capacity: number;
  /** Oldest first, by when their keys were taken. BOUNDED: by MAX_RECORD_STORE_BYTES and MAX_RECORDS over all, MAX_RECORDS_PER_AUTHOR and MAX_BYTES_PER_AUTHOR per author. */
  readonly #held = new Map<Key, HeldRecord>();
  readonly #floors = new SequenceFloors();
  /** By bringer, in bytes. */
  readonly #shares = new Shares();
  /** BOUNDED: by the records. */
  readonly #authors = new Map<NodeId, { count: number; bytes: number }>();
  #bytes = 0;
  /** Counts changes. */
  version = 0;

  /** `isReplica`: whether a record must be kept as long as it lives. */
  constructor(self: NodeId, isReplica: (key: Key) => boolean, capacity = MAX_RECORD_STORE_BYTES) {
    this.#self = self;
    this.#isReplica = isReplica;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#held.size;
  }

  /** Of all records, as encoded; small ones count for more. */
  get bytes(): number {
    return this.#bytes;
  }

  values(): IterableIterator<HeldRecord> {
    return this.#held.values();
  }

  /**
   * What is wrong with keeping `record`, before its signature is checked. `expected`: the sequence it must replace. `from`:
   * who answers for it; undefined: ourselves.
   */
  judge(record: SignedRecord, wallNow: number, expected?: number, from?: Bringer): Judgement {
    if (record.value.length > MAX_RECORD_VALUE_BYTES) return 'too-large';
    if (record.expiresAt <= wallNow || record.expiresAt > wallNow + MAX_RECORD_TTL_MS) return 'expired';
    if (!hasRightKey(record)) return 'wrong-key';
    const rival = this.get(record.key, wallNow)?.record;
    const held = rival && outranks(record, rival) ? undefined : rival;
    if (held && (held.author.id !== record.author.id || outranks(held, record))) return 'wrong-key';
    if (held && isSameVersion(held, record)) return 'ok';
    if (held && expected !== undefined && held.sequence !== expected) return 'cas-mismatch';
    if (held && record.sequence <= held.sequence) return 'stale-sequence';
    if (this.#floors.isBelow(record, wallNow)) return 'stale-sequence';
    const author = this.#authors.get(record.author.id);
    if (!held && (author?.count ?? 0) >= MAX_RECORDS_PER_AUTHOR) return 'quota';
    if ((author?.bytes ?? 0) + bytesOf(record) - (held ? bytesOf(held) : 0) > MAX_BYTES_PER_AUTHOR) return 'quota';
    const growth = this.#growth(record, held);
    if (this.#bytes + growth <= this.#capacity || this.#shares.crowding(from, growth)) return 'ok';
    return this.#spare(record.key, this.#held.keys()) === undefined ? 'quota' : 'ok';
  }

  /** Keeps a record whose signature is good. */
  put(record: SignedRecord, wallNow: number, expected?: number, from?: Bringer): Judgement {
    const judgement = this.judge(record, wallNow, expected, from);
    if (judgement !== 'ok') return judgement;
    const held = this.#held.get(record.key);
    if (held && isSameVersion(held.record, record)) return 'ok';
    const growth = this.#growth(record, held?.record);
    const victims = this.#victims(record.key, from, growth);
    if (!victims) return 'quota';
    for (const victim of victims) this.delete(victim);
    if (held) {
      this.#account(held, -1);
      this.#floors.note(held.record, record, from);
    }
    const newest = { record, replicas: new Set<NodeId>(), from };
    this.#held.set(record.key, newest);
    this.#account(newest, 1);
    return 'ok';
  }

  /** The live record under `key`. */
  get(key: Key, wallNow: number): HeldRecord | undefined {
    const held = this.#held.get(key);
    if (held && held.record.expiresAt > wallNow) return held;
    this.delete(key);
    return undefined;
  }

  delete(key: Key): void {
    const held = this.#held.get(key);
    if (held && this.#held.delete(key)) this.#account(held, -1);
  }

  /** Takes back a version that the other replicas refused. */
  retract(record: SignedRecord): void {
    const held = this.#held.get(record.key);
    if (!held || !isSameVersion(held.record, record)) return;
    this.delete(record.key);
    this.#floors.retract(record);
  }

  expire(wallNow: number): void {
    for (const { record } of this.#held.values()) if (record.expiresAt <= wallNow) this.delete(record.key);
    this.#floors.expire(wallNow);
  }

  /** A peer is gone: it holds nothing for anyone any more. */
  forgetReplica(id: NodeId): void {
    for (const { replicas } of this.#held.values()) replicas.delete(id);
  }

  #account({ record, from }: HeldRecord, sign: 1 | -1): void {
    const { id } = record.author;
    const author = this.#authors.get(id) ?? { count: 0, bytes: 0 };
    author.count += sign;
    author.bytes += sign * bytesOf(record);
    this.#bytes += sign * this.#roomOf(record);
    this.#shares.change(from, sign * this.#roomOf(record));
    this.version++;
    if (author.count > 0) this.#authors.set(id, author);
    else this.#authors.delete(id);
  }

  /** What gives way to `growth` bytes of `from` for `key`: nothing while there is room, undefined when it does not suffice. */
  #victims(key: Key, from: Bringer | undefined, growth: number): Key[] | undefined {
    const victims: Key[] = [];
    let missing = this.#bytes + growth - this.#capacity;
    if (missing <= 0) return victims;
    const left = new Map(this.#held);
    const largest = this.#shares.crowding(from, growth);
    while (missing > 0) {
      const victim = this.#spare(key, left.keys()) ?? (largest && newestOf(largest, left, key));
      const held = victim === undefined ? undefined : left.get(victim);
      if (victim === undefined || !held) return undefined;
      left.delete(victim);
      victims.push(victim);
      missing -= this.#roomOf(held.record);
    }
    return victims;
  }

  /** How much more room `record` takes than what it replaces. */
  #growth(record: SignedRecord, held: SignedRecord | undefined): number {
    return this.#roomOf(record) - (held ? this.#roomOf(held) : 0);
  }

  /** What a record counts for: as many of the smallest as fit are no more than MAX_RECORDS. */
  #roomOf(record: SignedRecord): number {
    return Math.max(bytesOf(record), this.#capacity / MAX_RECORDS);
  }

  #spare(key: Key, among: Iterable<Key>): Key | undefined {
    return farthestSpare(this.#self, among, key, this.#isReplica);
  }
}

/** The newest of what `from` brought, other than under `key`. `held`: oldest first. */
function newestOf({ from }: Brought, held: ReadonlyMap<Key, HeldRecord>, key: Key): Key | undefined {
  let newest: Key | undefined;
  for (const [each, its] of held) if (its.from === from && each !== key) newest = each;
  return newest;
}

function bytesOf(record: SignedRecord): number {
  return RECORD_HEADER_BYTES + (record.salt?.length ?? 0) + record.value.length;
}

/** True when `a` replaces `b`: a later version by the same author, or the first by the key's owner. */
export function isSuccessor(a: SignedRecord, b: SignedRecord): boolean {
  return outranks(a, b) || (a.author.id === b.author.id && a.sequence > b.sequence && !outranks(b, a));
}

/** True when both are the same put. */
export function isSameVersion(a: SignedRecord, b: SignedRecord): boolean {
  return (
    a.author.id === b.author.id &&
    isOwned(a) === isOwned(b) &&
    a.sequence === b.sequence &&
    a.expiresAt === b.expiresAt &&
    equalBytes(a.value, b.value)
  );
}
