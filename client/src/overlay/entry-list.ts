import type { NodeId } from '../../../shared/src/ids.ts';
import type { Entry } from './entry.ts';

/**
 * Entries with the first 32 bits of their ids beside them. Searches run over the small numbers and touch an entry only
 * when it may be the one: in a process with many tables most of their time goes to memory that is not in the cache.
 * Lists change seldom and are many, so each change makes arrays of exactly the size that is needed (`concat` and `slice`
 * do, spread and `push` leave room to grow); whoever walks through `items` meanwhile walks through the list as it was.
 */
export class EntryList {
  #items: readonly Entry[] = NO_ENTRIES;
  #prefixes: readonly number[] = NO_PREFIXES;

  get items(): readonly Entry[] {
    return this.#items;
  }

  /** `items[i].contact.prefix`, for every i. */
  get prefixes(): readonly number[] {
    return this.#prefixes;
  }

  get length(): number {
    return this.#items.length;
  }

  find(id: NodeId, prefix: number): Entry | undefined {
    const prefixes = this.#prefixes;
    for (let i = 0; i < prefixes.length; i++) {
      if (prefixes[i] === prefix && this.#items[i]?.contact.id === id) return this.#items[i];
    }
    return undefined;
  }

  push(entry: Entry): void {
    this.#items = this.#items.concat(entry);
    this.#prefixes = this.#prefixes.concat(entry.contact.prefix);
  }

  /** Puts `entry` in the place of `old`. */
  replace(old: Entry, entry: Entry): void {
    this.#set(this.#items.map((held) => (held === old ? entry : held)));
  }

  /** False when it was not there. The order of the others stays. */
  remove(entry: Entry): boolean {
    const at = this.#items.indexOf(entry);
    if (at < 0) return false;
    this.#set(this.#items.slice(0, at).concat(this.#items.slice(at + 1)));
    return true;
  }

  /** Takes the newest out. */
  pop(): Entry | undefined {
    const newest = this.#items.at(-1);
    if (newest) this.#set(this.#items.slice(0, -1));
    return newest;
  }

  /** Takes the oldest out. */
  shift(): Entry | undefined {
    const oldest = this.#items[0];
    if (oldest) this.#set(this.#items.slice(1));
    return oldest;
  }

  #set(items: readonly Entry[]): void {
    this.#items = items.length === 0 ? NO_ENTRIES : items;
    this.#prefixes = items.length === 0 ? NO_PREFIXES : items.map(({ contact }) => contact.prefix);
  }
}

const NO_ENTRIES: readonly Entry[] = [];
const NO_PREFIXES: readonly number[] = [];
