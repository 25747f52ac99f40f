import type { NodeId } from '../../../shared/src/ids.ts';
import { MAX_CONTACTS_PER_SOURCE } from '../../../shared/src/limits/overlay-links.ts';
import { BUCKET_CAPACITY, REPLACEMENT_CAPACITY } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Entry } from './entry.ts';
import { EntryList } from './entry-list.ts';

/** What became of a contact that was offered to a bucket. */
export type BucketOutcome =
  | { readonly kind: 'added'; readonly evicted: Entry | undefined }
  | { readonly kind: 'cached' };

/** What a round trip to a contact takes, measured or predicted. [ms] */
export type RttOf = (entry: Entry) => Millis;

/**
 * Contacts of a full bucket that stay however far they are: the older half. Whoever claims to be near can only take the
 * places of the others. [contacts]
 */
const STAYING = BUCKET_CAPACITY / 2;

/**
 * One k-bucket. Entries with a link, and entries being dialled, are never evicted. Others make room for a linked
 * newcomer, or when their proof of life is older than `staleBefore`. Who finds no room waits in the replacement cache,
 * and so does whoever only a source named of which a half-full bucket holds enough. In the younger half of a full bucket
 * nearer contacts take the places of farther ones: links are chosen from what is known (Gummadi et al. 2003: PNS).
 */
export class Bucket {
  /** BOUNDED: by BUCKET_CAPACITY, or by the number of links when more of them fall into this bucket. */
  readonly #entries = new EntryList();
  /** Newest last. BOUNDED: by REPLACEMENT_CAPACITY. */
  readonly #replacements = new EntryList();
  linkedCount = 0;

  get entries(): readonly Entry[] {
    return this.#entries.items;
  }

  /** `entries[i].contact.prefix`, for every i. */
  get prefixes(): readonly number[] {
    return this.#entries.prefixes;
  }

  get replacements(): readonly Entry[] {
    return this.#replacements.items;
  }

  get(id: NodeId, prefix: number): Entry | undefined {
    return this.#entries.find(id, prefix);
  }

  /**
   * False when an unlinked newcomer with this proof of life would find neither a place nor a slot in the cache: both
   * are full of contacts that nobody has reason to give up, and a flood of new ones must not wash them out.
   */
  admits(lastProof: Millis, staleBefore: Millis): boolean {
    if (this.entries.length < BUCKET_CAPACITY || this.replacements.length < REPLACEMENT_CAPACITY) return true;
    const oldest = this.replacements[0] as Entry;
    if (oldest.lastProof < staleBefore) return true;
    const victim = this.#stalest(false);
    return victim !== undefined && victim.lastProof < staleBefore && lastProof > victim.lastProof;
  }

  /** True when a contact at `rttMs` would take the place of one that is farther. */
  hasFarther(rttMs: Millis, rttOf: RttOf): boolean {
    return this.#farthest(rttMs, rttOf) !== undefined;
  }

  /** Offers an entry that the bucket does not hold yet. */
  add(entry: Entry, staleBefore: Millis, rttOf?: RttOf): BucketOutcome {
    const waiting = this.replacement(entry.contact.id, entry.contact.prefix);
    if (waiting) this.#replacements.remove(waiting);
    if (this.#entries.length < BUCKET_CAPACITY && !this.#isOverrepresented(entry)) {
      this.#entries.push(entry);
      return ADDED;
    }
    const victim = this.#entries.length < BUCKET_CAPACITY ? undefined : this.#stalest(entry.link !== undefined);
    if (victim && (entry.link || (victim.lastProof < staleBefore && entry.lastProof > victim.lastProof))) {
      this.#entries.replace(victim, entry);
      return { kind: 'added', evicted: victim };
    }
    if (entry.link) {
      this.#entries.push(entry);
      return ADDED;
    }
    const farther = rttOf && !this.#isOverrepresented(entry) ? this.#farthest(rttOf(entry), rttOf) : undefined;
    if (farther) {
      this.#entries.replace(farther, entry);
      return { kind: 'added', evicted: farther };
    }
    this.#replacements.push(entry);
    if (this.#replacements.length > REPLACEMENT_CAPACITY) this.#replacements.shift();
    return { kind: 'cached' };
  }

  /** Takes an entry out; the newest replacement that is still fresh moves up and is returned. */
  remove(entry: Entry, freshAfter: Millis): Entry | undefined {
    if (!this.#entries.remove(entry) || this.#entries.length >= BUCKET_CAPACITY) return undefined;
    for (let next = this.#replacements.pop(); next; next = this.#replacements.pop()) {
      if (next.lastProof < freshAfter) continue;
      this.#entries.push(next);
      return next;
    }
    return undefined;
  }

  /** Takes out and returns an entry too many, after one lost its link. */
  takeExcess(): Entry | undefined {
    const victim = this.#entries.length > BUCKET_CAPACITY ? this.#stalest(true) : undefined;
    if (victim) this.#entries.remove(victim);
    return victim;
  }

  replacement(id: NodeId, prefix: number): Entry | undefined {
    return this.#replacements.find(id, prefix);
  }

  /** True when the half-full bucket holds enough unlinked contacts that nobody but the source of `entry` named. */
  #isOverrepresented(entry: Entry): boolean {
    const { soleSource } = entry;
    if (soleSource === undefined || entry.link || this.#entries.length < BUCKET_CAPACITY / 2) return false;
    let count = 0;
    for (const held of this.#entries.items) if (!held.link && held.soleSource === soleSource) count++;
    return count >= MAX_CONTACTS_PER_SOURCE;
  }

  /** The farthest of the younger half beyond `rttMs` that has no link. */
  #farthest(rttMs: Millis, rttOf: RttOf): Entry | undefined {
    let farthest: Entry | undefined;
    let worst = rttMs + NEARER_BY_MS;
    for (let i = STAYING; i < this.entries.length; i++) {
      const entry = this.entries[i] as Entry;
      if (entry.link || entry.isDialing) continue;
      const rtt = rttOf(entry);
      if (rtt <= worst) continue;
      farthest = entry;
      worst = rtt;
    }
    return farthest;
  }

  /** The entry with the oldest proof of life among those that may be evicted; a dialled one only for a linked one. */
  #stalest(isForLink: boolean): Entry | undefined {
    let stalest: Entry | undefined;
    for (const entry of this.entries) {
      if (entry.link || (entry.isDialing && !isForLink)) continue;
      if (!stalest || entry.lastProof < stalest.lastProof) stalest = entry;
    }
    return stalest;
  }
}

/** A contact gives way to one that is nearer by more than this. [ms] Predictions are off by as much. */
const NEARER_BY_MS = 20;

const ADDED: BucketOutcome = { kind: 'added', evicted: undefined };
