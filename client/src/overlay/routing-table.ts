import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import {
  DIAL_BACKOFF_MS,
  EAGER_LINKS,
  KNOWN_MAX_AGE_MS,
  NEWCOMER_PAUSE_MS,
  PASS_ON_MAX_AGE_MS,
  UNREACHABLE_BAN_MAX_MS,
} from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { commonPrefixBits, compareDistance } from '../../../shared/src/xor.ts';
import { Bucket } from './bucket.ts';
import { type Entry, addReferrer, newEntry, newLink, proofOf } from './entry.ts';
import { Tombstones } from './tombstones.ts';

/** What a table needs to know about a selection of contacts. */
export interface Selection {
  readonly isLinkedOnly?: boolean;
  /** Only contacts with a proof of life at or after this instant, and not under suspicion. */
  readonly provenSince?: Millis;
  readonly except?: NodeId;
}

/**
 * The peers this peer knows, in one bucket per length of common prefix: the paper's tree in which only the bucket
 * around our own id is split. Buckets beyond the network's depth stay unallocated. Linked peers are in the table for
 * as long as the link lives.
 */
export class RoutingTable {
  readonly self: NodeId;
  /** BOUNDED: by 160 buckets. */
  readonly #buckets: (Bucket | undefined)[] = [];
  /** BOUNDED: by the buckets' own bounds. */
  readonly #entries = new Map<NodeId, Entry>();
  /** BOUNDED: by the overlay's hard link limit. */
  readonly #linked: Entry[] = [];
  readonly #tombstones = new Tombstones();
  readonly #siblingCount: number;
  #siblings: readonly Entry[] | undefined;
  /** Counts changes of the sibling set, for those who act on them. */
  siblingVersion = 0;

  constructor(self: NodeId, siblingCount: number) {
    this.self = self;
    this.#siblingCount = siblingCount;
  }

  get size(): number {
    return this.#entries.size;
  }

  get linked(): readonly Entry[] {
    return this.#linked;
  }

  get buckets(): readonly (Bucket | undefined)[] {
    return this.#buckets;
  }

  get(id: NodeId): Entry | undefined {
    return this.#entries.get(id);
  }

  entries(): IterableIterator<Entry> {
    return this.#entries.values();
  }

  /** The entry of a peer with a live link. */
  link(id: NodeId): Entry | undefined {
    const entry = this.#entries.get(id);
    return entry?.link ? entry : undefined;
  }

  /**
   * Takes note that `contact` was alive at `proofAt`, as reported by `referrer`. Ignored: ourselves, proofs too old to
   * pass on, and reports from before a death that we saw. Returns the entry when the table holds the contact.
   */
  learn(contact: Contact, proofAt: Millis, now: Millis, referrer: NodeId | undefined): Entry | undefined {
    const { id } = contact;
    if (id === this.self || now - proofAt > PASS_ON_MAX_AGE_MS) return undefined;
    const held = this.#entries.get(id);
    if (!held && this.#tombstones.refutes(id, proofAt, now)) return undefined;
    const entry = held ?? this.#offer(contact, proofAt, now);
    if (!entry) return undefined;
    if (proofAt > entry.lastProof) entry.lastProof = proofAt;
    if (referrer !== undefined && referrer !== this.self) addReferrer(entry, referrer);
    return held ?? (this.#entries.has(id) ? entry : undefined);
  }

  /** The peer has a link to us now; whatever was heard of its death is void. */
  linkUp(contact: Contact, now: Millis): Entry {
    this.#tombstones.clear(contact.id);
    let entry = this.#entries.get(contact.id);
    if (entry?.link) this.#unlink(entry);
    if (!entry) {
      entry = newEntry(contact, commonPrefixBits(this.self, contact.id), now);
      entry.link = newLink(now);
      this.#place(entry, now);
    }
    entry.link = newLink(now);
    entry.lastProof = now;
    entry.dialingSince = undefined;
    entry.failureCount = 0;
    entry.retryAt = 0;
    this.#linked.push(entry);
    this.#bucketAt(entry.bucket).linkedCount++;
    return entry;
  }

  /** The link is gone but the peer lives: it stays a known contact. */
  unlink(entry: Entry): void {
    if (!entry.link) return;
    entry.lastProof = proofOf(entry);
    this.#unlink(entry);
    const excess = this.#bucketAt(entry.bucket).takeExcess();
    if (!excess) return;
    this.#entries.delete(excess.contact.id);
    this.#touchSiblings(excess);
  }

  /** The peer is believed dead (or is banned): it leaves the table and hearsay does not bring it back. */
  drop(id: NodeId, now: Millis, banMs = 0): void {
    this.#tombstones.add(id, now, banMs);
    const entry = this.#entries.get(id);
    if (entry) this.#remove(entry, now);
  }

  /** Nobody could be dialled under `id`: it leaves the table, each time in a row for longer. */
  dropUnreachable(id: NodeId, now: Millis): void {
    const failureCount = this.#tombstones.failures(id) + 1;
    this.drop(id, now);
    const banMs = Math.min(DIAL_BACKOFF_MS * 2 ** (failureCount - 1), UNREACHABLE_BAN_MAX_MS);
    this.#tombstones.add(id, now, banMs, failureCount);
  }

  /** Forgets that `id` was seen dying: somebody who knows better says that it lives. */
  forgive(id: NodeId): void {
    this.#tombstones.clear(id);
  }

  /** Forgets contacts that nobody proved alive for long. */
  age(now: Millis): void {
    for (const entry of this.#entries.values()) {
      if (!entry.link && entry.dialingSince === undefined && now - entry.lastProof > KNOWN_MAX_AGE_MS)
        this.#remove(entry, now);
    }
  }

  /** The known peers closest to us, nearest first. */
  get siblings(): readonly Entry[] {
    this.#siblings ??= this.closest(this.self, this.#siblingCount);
    return this.#siblings;
  }

  isSibling(entry: Entry): boolean {
    const last = this.siblings.at(-1);
    if (!last || this.siblings.length < this.#siblingCount) return true;
    return compareDistance(this.self, entry.contact.id, last.contact.id) <= 0;
  }

  /** The `count` entries closest to `target`, nearest first. */
  closest(target: NodeId, count: number, selection: Selection = {}): Entry[] {
    const { isLinkedOnly, provenSince, except } = selection;
    const best: Entry[] = [];
    for (const entry of isLinkedOnly ? this.#linked : this.#entries.values()) {
      if (provenSince !== undefined && (proofOf(entry) < provenSince || entry.link?.isSuspect)) continue;
      if (entry.contact.id !== except) insertByDistance(best, entry, target, count);
    }
    return best;
  }

  /**
   * The linked peer closest to `target` that is not in `excluded`; with `mustProgress` only one that is closer than
   * ourselves. Peers under suspicion are chosen only when nobody else is left.
   */
  nextHop(target: NodeId, excluded: readonly NodeId[], origin: NodeId, mustProgress: boolean): Entry | undefined {
    let best: Entry | undefined;
    let suspect: Entry | undefined;
    for (const entry of this.#linked) {
      const { id } = entry.contact;
      const isSuspect = (entry.link as NonNullable<Entry['link']>).isSuspect;
      const rival = isSuspect ? suspect : best;
      const bar = rival ? rival.contact.id : mustProgress ? this.self : undefined;
      if (bar !== undefined && compareDistance(target, id, bar) >= 0) continue;
      if (id === origin || excluded.includes(id)) continue;
      if (isSuspect) suspect = entry;
      else best = entry;
    }
    return best ?? suspect;
  }

  bucketOf(id: NodeId): Bucket | undefined {
    return this.#buckets[commonPrefixBits(this.self, id)];
  }

  #offer(contact: Contact, proofAt: Millis, now: Millis): Entry | undefined {
    const index = commonPrefixBits(this.self, contact.id);
    const cached = this.#buckets[index]?.replacement(contact.id);
    const retryAt = this.#linked.length < EAGER_LINKS ? 0 : now + NEWCOMER_PAUSE_MS;
    const entry = cached ?? newEntry(contact, index, proofAt, retryAt);
    if (cached && proofAt > cached.lastProof) cached.lastProof = proofAt;
    this.#place(entry, now);
    return entry;
  }

  #place(entry: Entry, now: Millis): void {
    const outcome = this.#bucketAt(entry.bucket).add(entry, now - PASS_ON_MAX_AGE_MS);
    if (outcome.kind === 'cached') return;
    if (outcome.evicted) this.#entries.delete(outcome.evicted.contact.id);
    this.#entries.set(entry.contact.id, entry);
    this.#touchSiblings(entry);
  }

  #remove(entry: Entry, now: Millis): void {
    if (entry.link) this.#unlink(entry);
    this.#entries.delete(entry.contact.id);
    const promoted = this.#bucketAt(entry.bucket).remove(entry, now - PASS_ON_MAX_AGE_MS);
    if (promoted) this.#entries.set(promoted.contact.id, promoted);
    this.#siblings = undefined;
    this.siblingVersion++;
  }

  #unlink(entry: Entry): void {
    entry.link = undefined;
    const at = this.#linked.indexOf(entry);
    const last = this.#linked.pop() as Entry;
    if (last !== entry) this.#linked[at] = last;
    this.#bucketAt(entry.bucket).linkedCount--;
  }

  #touchSiblings(entry: Entry): void {
    if (!this.#siblings || this.isSibling(entry)) {
      this.#siblings = undefined;
      this.siblingVersion++;
    }
  }

  #bucketAt(index: number): Bucket {
    let bucket = this.#buckets[index];
    if (!bucket) {
      while (this.#buckets.length < index) this.#buckets.push(undefined);
      bucket = new Bucket();
      this.#buckets[index] = bucket;
    }
    return bucket;
  }
}

/** Keeps `best` sorted by distance to `target` and at most `count` long. */
function insertByDistance(best: Entry[], entry: Entry, target: NodeId, count: number): void {
  let at = best.length;
  if (at >= count) {
    const last = best[at - 1];
    if (!last || compareDistance(target, entry.contact.id, last.contact.id) >= 0) return;
    best.pop();
    at--;
  }
  while (at > 0 && compareDistance(target, entry.contact.id, (best[at - 1] as Entry).contact.id) < 0) at--;
  best.splice(at, 0, entry);
}
