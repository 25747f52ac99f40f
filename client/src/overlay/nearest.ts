import { type NodeId, idPrefix } from '../../../shared/src/ids.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Bucket } from './bucket.ts';
import type { Entry } from './entry.ts';

/** Which contacts are looked for. */
export interface Selection {
  readonly isLinkedOnly?: boolean;
  /** Only contacts with a proof of life at or after this instant, and not under suspicion. */
  readonly provenSince?: Millis;
  readonly except?: NodeId;
}

/**
 * The entries nearest to a target, gathered in groups of which each is farther than the one before: nearest first, up
 * to `count`. Distances are compared by their first 32 bits, which decide nearly always, without a look at the entries.
 */
export class Nearest {
  /** First 32 bits of the target. */
  readonly prefix: number;
  readonly entries: Entry[] = [];
  readonly #target: NodeId;
  readonly #count: number;
  /** First 32 bits of the distances of `entries`. */
  readonly #distances: number[] = [];
  /** Where the present group begins. */
  #start = 0;

  constructor(target: NodeId, count: number) {
    this.prefix = idPrefix(target);
    this.#target = target;
    this.#count = count;
  }

  get isFull(): boolean {
    return this.entries.length >= this.#count;
  }

  /** Adds the entries of a bucket as a group of their own, behind those that are there. */
  gather(bucket: Bucket | undefined, { isLinkedOnly, provenSince, except }: Selection): void {
    if (!bucket || (isLinkedOnly && bucket.linkedCount === 0)) return;
    const { entries, prefixes } = bucket;
    this.#start = this.entries.length;
    for (let i = 0; i < entries.length; i++) {
      const distance = ((prefixes[i] as number) ^ this.prefix) >>> 0;
      if (!this.#admits(distance)) continue;
      const entry = entries[i] as Entry;
      const { link } = entry;
      if (isLinkedOnly && !link) continue;
      if (provenSince !== undefined && (entry.proof < provenSince || link?.isSuspect)) continue;
      if (entry.contact.id !== except) this.#add(entry, distance);
    }
  }

  /** False when an entry at `distance` would find no place. */
  #admits(distance: number): boolean {
    const last = this.entries.length - 1;
    return !this.isFull || (last >= this.#start && distance <= (this.#distances[last] as number));
  }

  /** Adds an entry of the present group; `distance` is the first 32 bits of its distance. */
  #add(entry: Entry, distance: number): void {
    if (this.isFull) {
      if (!this.#admits(distance) || !this.#isCloser(entry, distance, this.entries.length - 1)) return;
      this.entries.pop();
      this.#distances.pop();
    }
    let at = this.entries.length;
    this.entries.push(entry);
    this.#distances.push(distance);
    for (; at > this.#start && this.#isCloser(entry, distance, at - 1); at--) {
      this.entries[at] = this.entries[at - 1] as Entry;
      this.#distances[at] = this.#distances[at - 1] as number;
    }
    this.entries[at] = entry;
    this.#distances[at] = distance;
  }

  /** True when `entry` is closer than the one at `index`. */
  #isCloser(entry: Entry, distance: number, index: number): boolean {
    const other = this.#distances[index] as number;
    if (distance !== other) return distance < other;
    return compareDistance(this.#target, entry.contact.id, (this.entries[index] as Entry).contact.id) < 0;
  }
}
