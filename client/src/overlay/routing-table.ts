import { type Contact, type NodeId, idPrefix } from '../../../shared/src/ids.ts';
import {
  DIAL_BACKOFF_MS,
  DIAL_PROVEN_MS,
  EAGER_LINKS,
  NEWCOMER_PAUSE_MS,
  UNREACHABLE_BAN_MAX_MS,
} from '../../../shared/src/limits/overlay-links.ts';
import { AGE_CHECK_MS, KNOWN_MAX_AGE_MS, PASS_ON_MAX_AGE_MS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { commonPrefixBits, compareContacts, compareDistance, differsAt } from '../../../shared/src/xor.ts';
import { Bucket } from './bucket.ts';
import { Coordinates, type PackedPlace, UNKNOWN_PLACE, UNKNOWN_RTT_MS } from './coordinates.ts';
import { Entry, newLink } from './entry.ts';
import { EntryList } from './entry-list.ts';
import { Nearest, type Selection } from './nearest.ts';
import { closestHop, quickestHop } from './proximity.ts';
import { Tombstones } from './tombstones.ts';

/**
 * The peers this peer knows, in one bucket per length of common prefix: the paper's tree in which only the bucket
 * around our own id is split. Buckets beyond the network's depth stay unallocated. Linked peers are in the table for
 * as long as the link lives.
 */
export class RoutingTable {
  readonly self: NodeId;
  /** Where we are in the network. */
  readonly coordinates = new Coordinates();
  readonly #prefix: number;
  /** BOUNDED: by 160 buckets. */
  readonly #buckets: (Bucket | undefined)[] = [];
  /** Entries with a live link. BOUNDED: by the overlay's hard link limit. */
  readonly #linked = new EntryList();
  readonly #tombstones = new Tombstones();
  readonly #siblingCount: number;
  /** Whom `link` found last: a frame's sender is asked for again while the frame is handled. */
  #lastLinked: Entry | undefined;
  #size = 0;
  #siblings: readonly Entry[] | undefined;
  /** First 32 bits of the farthest sibling's distance; infinite while there are too few. Good while `#siblings` are. */
  #siblingBar = Number.POSITIVE_INFINITY;
  #agedAt: Millis = 0;
  /** Counts changes of the sibling set, for those who act on them. */
  siblingVersion = 0;
  /** Counts changes of what the table holds, for those who look for somebody to dial. */
  version = 0;

  constructor(self: NodeId, siblingCount: number) {
    this.self = self;
    this.#prefix = idPrefix(self);
    this.#siblingCount = siblingCount;
  }

  get size(): number {
    return this.#size;
  }

  get linked(): readonly Entry[] {
    return this.#linked.items;
  }

  get buckets(): readonly (Bucket | undefined)[] {
    return this.#buckets;
  }

  get(id: NodeId): Entry | undefined {
    return this.#find(id, idPrefix(id));
  }

  *entries(): IterableIterator<Entry> {
    for (const bucket of this.#buckets) if (bucket) yield* bucket.entries;
  }

  /** The entry of a peer with a live link. */
  link(id: NodeId): Entry | undefined {
    if (this.#lastLinked?.contact.id !== id) this.#lastLinked = this.#linked.find(id, idPrefix(id));
    return this.#lastLinked;
  }

  /**
   * Takes note that `contact` was alive at `proofAt`, as reported by `referrer` over the link to `source`. Ignored:
   * ourselves, proofs too old to pass on, and reports from before a death that we saw. Returns the entry when the table
   * holds the contact.
   */
  learn(
    contact: Contact,
    proofAt: Millis,
    now: Millis,
    referrer: NodeId | undefined,
    place: PackedPlace = UNKNOWN_PLACE,
    source: NodeId | undefined = referrer,
  ): Entry | undefined {
    const { id } = contact;
    if (id === this.self || now - proofAt > PASS_ON_MAX_AGE_MS) return undefined;
    const held = this.#find(id, contact.prefix);
    if (!held && this.#tombstones.refutes(id, proofAt, now)) return undefined;
    const entry = held ?? this.#newcomer(contact, proofAt, now, place);
    if (!entry) return undefined;
    if (source !== undefined) entry.addSource(source);
    if (referrer !== undefined && referrer !== this.self) entry.addReferrer(referrer);
    if (!held) this.#place(entry, now);
    if (place !== UNKNOWN_PLACE && !entry.link && entry.place >= 0) entry.place = place;
    if (proofAt > entry.lastProof) {
      // It may be dialled again.
      if (!entry.link && entry.lastProof < now - DIAL_PROVEN_MS) this.version++;
      entry.lastProof = proofAt;
    }
    return held ?? this.#find(id, contact.prefix);
  }

  /** The peer has a link to us now; whatever was heard of its death is void. */
  linkUp(contact: Contact, now: Millis, isOutbound = false): Entry {
    this.#tombstones.clear(contact.id);
    let entry = this.get(contact.id);
    if (entry?.link) this.#unlink(entry);
    if (!entry) {
      entry = new Entry(contact, this.#indexOf(contact.id, contact.prefix), now);
      entry.link = newLink(now, isOutbound);
      this.#place(entry, now);
    }
    entry.link = newLink(now, isOutbound);
    entry.lastProof = now;
    entry.dial = undefined;
    entry.retryAt = 0;
    this.#linked.push(entry);
    this.#bucketAt(entry.bucket).linkedCount++;
    this.version++;
    return entry;
  }

  /** The link is gone but the peer lives: it stays a known contact. */
  unlink(entry: Entry): void {
    if (!entry.link) return;
    entry.lastProof = entry.proof;
    this.#unlink(entry);
    const excess = this.#bucketAt(entry.bucket).takeExcess();
    if (!excess) return;
    this.#size--;
    this.#touchSiblings(excess);
  }

  /** What a round trip to `entry` takes: measured while there is a link or was one, else predicted. [ms] */
  readonly rttTo = ({ link, place }: Entry): Millis => {
    const measured = link?.rtt.least ?? (place < 0 ? -place : undefined);
    return measured ?? this.#predicted(place);
  };

  /** The peer is believed dead (or is banned): it leaves the table and hearsay does not bring it back. */
  drop(id: NodeId, now: Millis, banMs = 0): void {
    this.#tombstones.add(id, now, banMs);
    const entry = this.get(id);
    if (entry) this.#remove(entry, now);
  }

  /** Nobody could be dialled under `id`: it leaves the table, each time in a row for longer. */
  dropUnreachable(id: NodeId, now: Millis): void {
    const failureCount = this.#tombstones.failures(id) + 1;
    this.drop(id, now);
    const banMs = Math.min(DIAL_BACKOFF_MS * 2 ** (failureCount - 1), UNREACHABLE_BAN_MAX_MS);
    this.#tombstones.add(id, now, banMs, failureCount);
  }

  /** True when `id` was seen dying, or could not be dialled, and nobody has told since that it lives. */
  isBelievedDead(id: NodeId, now: Millis): boolean {
    return this.#tombstones.has(id, now) && this.get(id) === undefined;
  }

  /** Forgets that `id` was seen dying: somebody who knows better says that it lives. */
  forgive(id: NodeId): void {
    this.#tombstones.clear(id);
  }

  /** Forgets contacts that nobody proved alive for long; looks through the table now and then. */
  age(now: Millis): void {
    if (now - this.#agedAt < AGE_CHECK_MS) return;
    this.#agedAt = now;
    for (const entry of [...this.entries()]) {
      if (!entry.link && !entry.isDialing && now - entry.lastProof > KNOWN_MAX_AGE_MS) this.#remove(entry, now);
    }
  }

  /** The known peers closest to us, nearest first. */
  get siblings(): readonly Entry[] {
    return this.#siblings ?? this.#findSiblings();
  }

  isSibling({ contact }: Pick<Entry, 'contact'>): boolean {
    if (!this.#siblings) this.#findSiblings();
    const distance = (this.#prefix ^ contact.prefix) >>> 0;
    if (distance !== this.#siblingBar) return distance < this.#siblingBar;
    const last = this.siblings.at(-1);
    return !last || compareContacts(this.self, this.#prefix, contact, last.contact) <= 0;
  }

  #findSiblings(): readonly Entry[] {
    const siblings = this.closest(this.self, this.#siblingCount);
    const last = siblings.length < this.#siblingCount ? undefined : siblings.at(-1);
    this.#siblingBar = last ? (this.#prefix ^ last.contact.prefix) >>> 0 : Number.POSITIVE_INFINITY;
    this.#siblings = siblings;
    return siblings;
  }

  /** Where a peer would be in the table, whether it is there or not. */
  placeOf(contact: Contact): { readonly bucket: number; readonly isSibling: boolean } {
    const bucket = this.#indexOf(contact.id, contact.prefix);
    return { bucket, isSibling: this.isSibling({ contact }) };
  }

  /**
   * The `count` entries closest to `target`, nearest first. Buckets are taken in the order of their distance to the
   * target, every entry of one being closer than every entry of the next, until there are enough.
   */
  closest(target: NodeId, count: number, selection: Selection = {}): Entry[] {
    const best = new Nearest(target, count);
    const shared = this.#indexOf(target, best.prefix);
    const deepest = this.#buckets.length - 1;
    best.gather(this.#buckets[shared], selection);
    for (let index = shared + 1; index <= deepest && !best.isFull; index++) {
      if (differsAt(this.self, target, index)) best.gather(this.#buckets[index], selection);
    }
    for (let index = deepest; index > shared && !best.isFull; index--) {
      if (!differsAt(this.self, target, index)) best.gather(this.#buckets[index], selection);
    }
    for (let index = Math.min(shared, deepest + 1) - 1; index >= 0 && !best.isFull; index--) {
      best.gather(this.#buckets[index], selection);
    }
    return best.entries;
  }

  /**
   * The linked peer closest to `target` that is not in `excluded`, or one almost as close and quicker; with `mustProgress`
   * only one that is closer than ourselves. Peers under suspicion are chosen only when nobody else is left.
   */
  nextHop(target: NodeId, excluded: readonly NodeId[], origin: NodeId, mustProgress: boolean): Entry | undefined {
    const prefix = idPrefix(target);
    const bar = mustProgress ? (this.#prefix ^ prefix) >>> 0 : Number.POSITIVE_INFINITY;
    const step = { target, prefix, bar, than: mustProgress ? this.self : undefined, excluded, origin };
    const best = closestHop(this.#linked, step);
    return !best || best.link?.isSuspect || this.#isNear(target) ? best : quickestHop(this.#linked, best, step);
  }

  /** True when `target` lies among our siblings: the closest peer that we know most likely ends the way. */
  #isNear(target: NodeId): boolean {
    const last = this.siblings.at(-1);
    return !last || compareDistance(this.self, target, last.contact.id) <= 0;
  }

  #indexOf(id: NodeId, prefix: number): number {
    const difference = this.#prefix ^ prefix;
    return difference === 0 ? commonPrefixBits(this.self, id) : Math.clz32(difference);
  }

  #find(id: NodeId, prefix: number): Entry | undefined {
    return this.#buckets[this.#indexOf(id, prefix)]?.get(id, prefix);
  }

  /** An entry for a contact that its bucket may take in; undefined when that has no use for it. */
  #newcomer(contact: Contact, proofAt: Millis, now: Millis, place: PackedPlace): Entry | undefined {
    const index = this.#indexOf(contact.id, contact.prefix);
    const bucket = this.#buckets[index];
    const cached = bucket?.replacement(contact.id, contact.prefix);
    const isCrowded = !cached && bucket !== undefined && !bucket.admits(proofAt, now - PASS_ON_MAX_AGE_MS);
    if (isCrowded && !(this.#prefersNear(index) && bucket.hasFarther(this.#predicted(place), this.rttTo)))
      return undefined;
    const retryAt = this.#linked.length < EAGER_LINKS ? 0 : now + NEWCOMER_PAUSE_MS;
    const entry = cached ?? new Entry(contact, index, proofAt, retryAt);
    if (!cached) entry.place = place;
    if (cached && proofAt > cached.lastProof) cached.lastProof = proofAt;
    return entry;
  }

  #place(entry: Entry, now: Millis): void {
    const rttOf = this.#prefersNear(entry.bucket) ? this.rttTo : undefined;
    const outcome = this.#bucketAt(entry.bucket).add(entry, now - PASS_ON_MAX_AGE_MS, rttOf);
    if (outcome.kind === 'cached') return;
    if (outcome.evicted) this.#touchSiblings(outcome.evicted);
    else this.#size++;
    this.version++;
    this.#touchSiblings(entry);
  }

  #remove(entry: Entry, now: Millis): void {
    const wasSibling = !this.#siblings || this.isSibling(entry);
    if (entry.link) this.#unlink(entry);
    const promoted = this.#bucketAt(entry.bucket).remove(entry, now - PASS_ON_MAX_AGE_MS);
    if (!promoted) this.#size--;
    this.version++;
    if (wasSibling) {
      this.#siblings = undefined;
      this.siblingVersion++;
    } else if (promoted) this.#touchSiblings(promoted);
  }

  /** True for buckets beyond our siblings: within them all are wanted, however far they are. */
  #prefersNear(bucket: number): boolean {
    const { siblings } = this;
    const last = siblings[siblings.length - 1];
    return last !== undefined && siblings.length >= this.#siblingCount && bucket < last.bucket;
  }

  #predicted(place: PackedPlace): Millis {
    return this.coordinates.isSettled ? this.coordinates.rttTo(place) : UNKNOWN_RTT_MS;
  }

  #unlink(entry: Entry): void {
    const least = entry.link?.rtt.least;
    if (least !== undefined) entry.place = -Math.max(1, Math.round(least));
    entry.link = undefined;
    if (this.#lastLinked === entry) this.#lastLinked = undefined;
    this.#linked.remove(entry);
    this.#bucketAt(entry.bucket).linkedCount--;
    this.version++;
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
