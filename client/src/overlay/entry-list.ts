import type { NodeId } from '../../../shared/src/ids.ts';
import type { Entry } from './entry.ts';

/**
 * Entries with the first 32 bits of their ids beside them. Searches run over the small numbers and touch an entry only
 * when it may be the one: in a process with many tables most of their time goes to memory that is not in the cache.
 */
export class EntryList {
  readonly items: Entry[] = [];
  /** `items[i].contact.prefix`, for every i. */
  readonly prefixes: number[] = [];

  get length(): number {
    return this.items.length;
  }

  find(id: NodeId, prefix: number): Entry | undefined {
    const { prefixes } = this;
    for (let i = 0; i < prefixes.length; i++) {
      if (prefixes[i] === prefix && this.items[i]?.contact.id === id) return this.items[i];
    }
    return undefined;
  }

  push(entry: Entry): void {
    this.items.push(entry);
    this.prefixes.push(entry.contact.prefix);
  }

  /** Puts `entry` in the place of `old`. */
  replace(old: Entry, entry: Entry): void {
    const at = this.items.indexOf(old);
    if (at < 0) return;
    this.items[at] = entry;
    this.prefixes[at] = entry.contact.prefix;
  }

  /** False when it was not there. The order of the others stays. */
  remove(entry: Entry): boolean {
    const at = this.items.indexOf(entry);
    if (at < 0) return false;
    this.items.splice(at, 1);
    this.prefixes.splice(at, 1);
    return true;
  }

  /** Takes the newest out. */
  pop(): Entry | undefined {
    this.prefixes.pop();
    return this.items.pop();
  }

  /** Takes the oldest out. */
  shift(): Entry | undefined {
    this.prefixes.shift();
    return this.items.shift();
  }
}
