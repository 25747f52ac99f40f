import type { NodeId } from '../../../shared/src/ids.ts';
import { MAX_SEQUENCE_FLOORS } from '../../../shared/src/limits/records.ts';
import { type Bringer, type Brought, crowdedOut } from './shares.ts';
import type { SignedRecord } from './types.ts';

interface Floor extends Brought {
  readonly sequence: number;
  /** Wall-clock time at which the last version below it is over. */
  readonly until: number;
}

/**
 * The sequence numbers below which an author's record of a key is not taken again. A version may be over before the one
 * that it replaced would have been; whoever kept that could bring it back otherwise.
 */
export class SequenceFloors {
  /** By key and author, oldest first. BOUNDED: by MAX_SEQUENCE_FLOORS; what a neighbour brought beyond a fair share gives way. */
  readonly #floors = new Map<string, Floor>();

  /** `newest` takes the place of `replaced`; `from` answers for it. */
  note(replaced: SignedRecord, newest: SignedRecord, from: Bringer | undefined): void {
    if (replaced.author.id !== newest.author.id) return;
    const name = nameOf(newest);
    const until = Math.max(replaced.expiresAt, this.#floors.get(name)?.until ?? 0);
    this.#floors.delete(name);
    if (until > newest.expiresAt && this.#makeRoom(from))
      this.#floors.set(name, { sequence: newest.sequence, until, from });
  }

  /** True for a version older than one that was here, and that was put while this one lived. */
  isBelow(record: SignedRecord, wallNow: number): boolean {
    const floor = this.#floors.get(nameOf(record));
    return floor !== undefined && floor.until > wallNow && record.sequence < floor.sequence;
  }

  /** A version was taken back. */
  retract(record: SignedRecord): void {
    if (this.#floors.get(nameOf(record))?.sequence === record.sequence) this.#floors.delete(nameOf(record));
  }

  expire(wallNow: number): void {
    for (const [name, { until }] of this.#floors) if (until <= wallNow) this.#floors.delete(name);
  }

  #makeRoom(from: Bringer | undefined): boolean {
    if (this.#floors.size < MAX_SEQUENCE_FLOORS) return true;
    const named = Array.from(this.#floors, ([name, floor]) => ({ name, from: floor.from }));
    const gone = crowdedOut(named, from);
    return gone !== undefined && this.#floors.delete(gone.name);
  }
}

function nameOf({ key, author }: SignedRecord): `${NodeId} ${NodeId}` {
  return `${key} ${author.id}`;
}
