import { concatBytes } from '../../../shared/src/bytes.ts';
import type { Shard } from './shard.ts';

/**
 * What one shard hands another in one step. [bytes] Of 100,000 peers in two shards a window has about 0.4 MB, by what 300
 * send; what is longer goes in several steps.
 */
const CAPACITY = 1 << 20;

/** Looks at another shard's state before the thread goes to sleep. When they are in vain they cost 15 µs, measured. */
const SPINS = 2_000;

/** Memory that the threads of a run have in common. */
export interface SharedMemory {
  readonly count: number;
  /** By shard: steps for which it has written its parts. */
  readonly steps: SharedArrayBuffer;
  /** By parity of the step, sender and receiver: how much is still to be handed over, this step included. [bytes] */
  readonly rests: SharedArrayBuffer;
  /** By sender and receiver: room for a part of each parity of a step. */
  readonly areas: readonly SharedArrayBuffer[];
}

/** `capacity`: how long a part is at most. [bytes] */
export function shareMemory(count: number, capacity = CAPACITY): SharedMemory {
  const pairs = count * count;
  return {
    count,
    steps: new SharedArrayBuffer(count * Int32Array.BYTES_PER_ELEMENT),
    rests: new SharedArrayBuffer(2 * pairs * Int32Array.BYTES_PER_ELEMENT),
    areas: Array.from({ length: pairs }, () => new SharedArrayBuffer(2 * capacity)),
  };
}

/**
 * A shard in a thread. An exchange is one step or more, until everything is handed over: each shard writes its parts,
 * says so, and waits until all others have said so. Parts lie in two places by turns: a shard cannot be two steps ahead,
 * so it never writes over what another one still reads.
 */
export class ThreadShard implements Shard {
  readonly index: number;
  readonly count: number;
  readonly #steps: Int32Array;
  readonly #rests: Int32Array;
  readonly #areas: readonly Uint8Array[];
  readonly #capacity: number;
  #step = 0;

  constructor({ count, steps, rests, areas }: SharedMemory, index: number) {
    this.index = index;
    this.count = count;
    this.#steps = new Int32Array(steps);
    this.#rests = new Int32Array(rests);
    this.#areas = areas.map((area) => new Uint8Array(area));
    this.#capacity = (areas[0]?.byteLength ?? 0) >> 1;
  }

  exchange(outgoing: readonly Uint8Array[]): readonly Uint8Array[] {
    const parts: Uint8Array[][] = outgoing.map(() => []);
    for (let start = 0; ; start += this.#capacity) {
      this.#write(outgoing, start);
      this.#meet();
      const isOver = this.#longestRest() <= this.#capacity;
      for (let from = 0; from < this.count; from++) {
        const part = this.#partOf(from);
        // A part is overwritten two steps later, what `exchange` returns must hold until the next call.
        parts[from]?.push(start === 0 && isOver ? part : part.slice());
      }
      if (isOver) return parts.map(joined);
    }
  }

  /** Writes the part at `start` of what is for each shard. */
  #write(outgoing: readonly Uint8Array[], start: number): void {
    this.#step++;
    for (let to = 0; to < this.count; to++) {
      const rest = outgoing[to]?.subarray(start) ?? NOTHING;
      const pair = this.index * this.count + to;
      this.#rests[this.#restsAt + pair] = rest.length;
      this.#areas[pair]?.set(rest.subarray(0, this.#capacity), this.#areaAt);
    }
  }

  /** Says that our parts are there, and waits for those of the others. */
  #meet(): void {
    Atomics.store(this.#steps, this.index, this.#step);
    Atomics.notify(this.#steps, this.index);
    for (let other = 0; other < this.count; other++) {
      for (let spins = 0; ; spins++) {
        const reached = Atomics.load(this.#steps, other);
        if (reached >= this.#step) break;
        if (spins >= SPINS) Atomics.wait(this.#steps, other, reached);
      }
    }
  }

  /** The most that any shard had left for any other before this step. All see the same. */
  #longestRest(): number {
    let longest = 0;
    for (let pair = 0; pair < this.count ** 2; pair++)
      longest = Math.max(longest, this.#rests[this.#restsAt + pair] as number);
    return longest;
  }

  #partOf(from: number): Uint8Array {
    const pair = from * this.count + this.index;
    const length = Math.min(this.#rests[this.#restsAt + pair] as number, this.#capacity);
    return this.#areas[pair]?.subarray(this.#areaAt, this.#areaAt + length) ?? NOTHING;
  }

  get #restsAt(): number {
    return (this.#step & 1) * this.count ** 2;
  }

  get #areaAt(): number {
    return (this.#step & 1) * this.#capacity;
  }
}

const NOTHING = new Uint8Array(0);

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? (parts[0] ?? NOTHING) : concatBytes(...parts);
}
