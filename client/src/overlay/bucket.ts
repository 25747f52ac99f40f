import type { NodeId } from '../../../shared/src/ids.ts';
import { BUCKET_CAPACITY, REPLACEMENT_CAPACITY } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Entry } from './entry.ts';

/** What became of a contact that was offered to a bucket. */
export type BucketOutcome =
  | { readonly kind: 'added'; readonly evicted: Entry | undefined }
  | { readonly kind: 'cached' };

/**
 * One k-bucket. Entries with a link, and entries being dialled, are never evicted. Others make room for a linked
 * newcomer, or when their proof of life is older than `staleBefore`. Who finds no room waits in the replacement cache.
 */
export class Bucket {
  /** BOUNDED: by BUCKET_CAPACITY, or by the number of links when more of them fall into this bucket. */
  readonly entries: Entry[] = [];
  /** Newest last. BOUNDED: by REPLACEMENT_CAPACITY. */
  readonly replacements: Entry[] = [];
  linkedCount = 0;

  /** Offers an entry that the bucket does not hold yet. */
  add(entry: Entry, staleBefore: Millis): BucketOutcome {
    this.#forgetReplacement(entry.contact.id);
    if (this.entries.length < BUCKET_CAPACITY) {
      this.entries.push(entry);
      return { kind: 'added', evicted: undefined };
    }
    const victim = this.#stalest(entry.link !== undefined);
    if (victim && (entry.link || (victim.lastProof < staleBefore && entry.lastProof > victim.lastProof))) {
      this.entries[this.entries.indexOf(victim)] = entry;
      return { kind: 'added', evicted: victim };
    }
    if (entry.link) {
      this.entries.push(entry);
      return { kind: 'added', evicted: undefined };
    }
    this.replacements.push(entry);
    if (this.replacements.length > REPLACEMENT_CAPACITY) this.replacements.shift();
    return { kind: 'cached' };
  }

  /** Takes an entry out; the newest replacement that is still fresh moves up and is returned. */
  remove(entry: Entry, freshAfter: Millis): Entry | undefined {
    const at = this.entries.indexOf(entry);
    if (at < 0) return undefined;
    this.entries.splice(at, 1);
    if (this.entries.length >= BUCKET_CAPACITY) return undefined;
    for (let next = this.replacements.pop(); next; next = this.replacements.pop()) {
      if (next.lastProof < freshAfter) continue;
      this.entries.push(next);
      return next;
    }
    return undefined;
  }

  /** Takes out and returns an entry too many, after one lost its link. */
  takeExcess(): Entry | undefined {
    const victim = this.entries.length > BUCKET_CAPACITY ? this.#stalest(true) : undefined;
    if (victim) this.entries.splice(this.entries.indexOf(victim), 1);
    return victim;
  }

  replacement(id: NodeId): Entry | undefined {
    return this.replacements.find((entry) => entry.contact.id === id);
  }

  #forgetReplacement(id: NodeId): void {
    const at = this.replacements.findIndex((entry) => entry.contact.id === id);
    if (at >= 0) this.replacements.splice(at, 1);
  }

  /** The entry with the oldest proof of life among those that may be evicted; a dialled one only for a linked one. */
  #stalest(isForLink: boolean): Entry | undefined {
    let stalest: Entry | undefined;
    for (const entry of this.entries) {
      if (entry.link || (entry.dialingSince !== undefined && !isForLink)) continue;
      if (!stalest || entry.lastProof < stalest.lastProof) stalest = entry;
    }
    return stalest;
  }
}
