import type { Key, NodeId } from '../../../shared/src/ids.ts';
import { MAX_RECORDS, MAX_RECORDS_PER_AUTHOR, MAX_RECORD_TTL_MS } from '../../../shared/src/limits/overlay.ts';
import { equalBytes } from '../../../shared/src/bytes.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import type { ReplyStatus } from './reply-frame.ts';
import type { SignedRecord } from './types.ts';

/** A record held for others. */
export interface HeldRecord {
  readonly record: SignedRecord;
  /** Peers that acknowledged a copy from us. BOUNDED: by the replicas of a key over its life; cleared with the record. */
  readonly replicas: Set<NodeId>;
}

/**
 * The signed records this peer keeps. One author per key while its record lives; a higher sequence number replaces a
 * lower one (BEP 44). When full, the record farthest from us makes room for a nearer one.
 */
export class RecordStore {
  readonly #self: NodeId;
  /** BOUNDED: by MAX_RECORDS and MAX_RECORDS_PER_AUTHOR. */
  readonly #held = new Map<Key, HeldRecord>();
  /** BOUNDED: by the records. */
  readonly #perAuthor = new Map<NodeId, number>();

  constructor(self: NodeId) {
    this.#self = self;
  }

  get size(): number {
    return this.#held.size;
  }

  values(): IterableIterator<HeldRecord> {
    return this.#held.values();
  }

  /** What is wrong with keeping `record`, before its signature is checked; `ok` when nothing is. */
  judge(record: SignedRecord, wallNow: number): ReplyStatus {
    if (record.expiresAt <= wallNow || record.expiresAt > wallNow + MAX_RECORD_TTL_MS) return 'invalid';
    const held = this.get(record.key, wallNow);
    if (held) return isNewerOrSame(record, held.record) ? 'ok' : 'refused';
    const { id } = record.author;
    if ((this.#perAuthor.get(id) ?? 0) >= MAX_RECORDS_PER_AUTHOR) return 'full';
    return this.#held.size < MAX_RECORDS || this.#farthest(record.key) !== record.key ? 'ok' : 'full';
  }

  /** Keeps a record whose signature is good. */
  put(record: SignedRecord, wallNow: number): ReplyStatus {
    const status = this.judge(record, wallNow);
    if (status !== 'ok') return status;
    const held = this.#held.get(record.key);
    if (held && isSame(held.record, record)) return 'ok';
    this.delete(record.key);
    if (this.#held.size >= MAX_RECORDS) this.delete(this.#farthest(record.key));
    this.#held.set(record.key, { record, replicas: new Set() });
    this.#perAuthor.set(record.author.id, (this.#perAuthor.get(record.author.id) ?? 0) + 1);
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
    if (!held) return;
    this.#held.delete(key);
    const { id } = held.record.author;
    const left = (this.#perAuthor.get(id) ?? 1) - 1;
    if (left > 0) this.#perAuthor.set(id, left);
    else this.#perAuthor.delete(id);
  }

  expire(wallNow: number): void {
    for (const { record } of this.#held.values()) if (record.expiresAt <= wallNow) this.delete(record.key);
  }

  /** A peer is gone: it holds nothing for anyone any more. */
  forgetReplica(id: NodeId): void {
    for (const { replicas } of this.#held.values()) replicas.delete(id);
  }

  /** The key farthest from us among those held and `key`. */
  #farthest(key: Key): Key {
    let farthest = key;
    for (const held of this.#held.keys()) if (compareDistance(this.#self, held, farthest) > 0) farthest = held;
    return farthest;
  }
}

/** True when `a` may take the place of `b`. */
export function isNewerOrSame(a: SignedRecord, b: SignedRecord): boolean {
  if (a.author.id !== b.author.id) return false;
  return a.sequence > b.sequence || isSame(a, b);
}

function isSame(a: SignedRecord, b: SignedRecord): boolean {
  return (
    a.author.id === b.author.id &&
    a.sequence === b.sequence &&
    a.expiresAt === b.expiresAt &&
    equalBytes(a.value, b.value)
  );
}
