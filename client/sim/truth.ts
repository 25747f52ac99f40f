import type { Key, NodeId } from '../../shared/src/ids.ts';
import type { SimNode } from './sim-node.ts';
import type { World } from './world.ts';

/** Ids in order: who really is closest to a key. Used by workloads and checkers only; no peer sees it. */
export class Truth {
  readonly #ids: NodeId[];

  constructor(ids: Iterable<NodeId>) {
    this.#ids = [...ids].sort();
  }

  static of(nodes: readonly SimNode[]): Truth {
    return new Truth(nodes.map(({ contact }) => contact.id));
  }

  /** The living peers of all shards, as `World.gather`. */
  static ofAll(world: Pick<World, 'alive' | 'gather'>): Truth {
    return new Truth(world.gather(world.alive.map(({ contact }) => contact.id)).flat());
  }

  get size(): number {
    return this.#ids.length;
  }

  has(id: NodeId): boolean {
    return this.#ids[this.#indexOf(id)] === id;
  }

  add(id: NodeId): void {
    const at = this.#indexOf(id);
    if (this.#ids[at] !== id) this.#ids.splice(at, 0, id);
  }

  remove(id: NodeId): void {
    const at = this.#indexOf(id);
    if (this.#ids[at] === id) this.#ids.splice(at, 1);
  }

  /** The id closest to `key`. */
  closest(key: Key): NodeId | undefined {
    return this.nearest(key, 1)[0];
  }

  /** The `count` ids closest to `key`, nearest first: a walk down the tree of prefixes, the key's side first. */
  nearest(key: Key, count: number): NodeId[] {
    const found: NodeId[] = [];
    this.#collect(key, 0, this.#ids.length, 0, count, found);
    return found;
  }

  #collect(key: Key, low: number, high: number, bit: number, count: number, found: NodeId[]): void {
    if (low === high || found.length >= count) return;
    if (high - low === 1) {
      found.push(this.#ids[low] as NodeId);
      return;
    }
    const middle = this.#firstOne(low, high, bit);
    if (bitAt(key, bit) === 1) {
      this.#collect(key, middle, high, bit + 1, count, found);
      this.#collect(key, low, middle, bit + 1, count, found);
    } else {
      this.#collect(key, low, middle, bit + 1, count, found);
      this.#collect(key, middle, high, bit + 1, count, found);
    }
  }

  /** First index in [low, high) whose id has a one at `bit`; `high` when none has. */
  #firstOne(low: number, high: number, bit: number): number {
    return firstIndex(low, high, (index) => bitAt(this.#ids[index] as NodeId, bit) === 1);
  }

  /** Where `id` stands, or would stand. */
  #indexOf(id: NodeId): number {
    return firstIndex(0, this.#ids.length, (index) => (this.#ids[index] as NodeId) >= id);
  }
}

/** The first index in [low, high) for which `isAfter` holds; it holds for all behind it. */
function firstIndex(low: number, high: number, isAfter: (index: number) => boolean): number {
  let from = low;
  let to = high;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (isAfter(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

function bitAt(id: NodeId, bit: number): number {
  const code = id.charCodeAt(bit >> 2);
  return ((code < 58 ? code - 48 : code - 87) >> (3 - (bit & 3))) & 1;
}
