import type { Key, NodeId } from '../../../shared/src/ids.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import type { Forward } from './forward.ts';

/**
 * Who answers for what is held here: the link over which it came, told apart by whether it was of that peer itself or
 * only passed it on. Origins are claims and cost nothing; links are few, and have proven who they are.
 */
export type Bringer = string;

/** Something held; undefined: it is of ourselves. */
export interface Brought {
  readonly from: Bringer | undefined;
}

/** Who answers for what came with `forward`. */
export function bringerOf({ from, origin }: Pick<Forward, 'from' | 'origin'>): Bringer | undefined {
  return from === undefined || from === origin.id ? from : `via ${from}`;
}

/** How much each has brought of what is held. */
export class Shares {
  /** BOUNDED: by what is held. */
  readonly #sizes = new Map<Bringer | undefined, number>();

  change(from: Bringer | undefined, by: number): void {
    const size = (this.#sizes.get(from) ?? 0) + by;
    if (size > 0) this.#sizes.set(from, size);
    else this.#sizes.delete(from);
  }

  /** Whose share, the largest, gives way to something of `from`: as long as it exceeds what `from` has then. Undefined: nobody's. */
  crowding(from: Bringer | undefined, size: number): Brought | undefined {
    let largest: { readonly from: Bringer | undefined; readonly size: number } | undefined;
    for (const [each, its] of this.#sizes) if (!largest || its > largest.size) largest = { from: each, size: its };
    return largest && (this.#sizes.get(from) ?? 0) + size < largest.size ? largest : undefined;
  }
}

/**
 * What gives way to something of `from` where no room is left: the newest of the largest share. So everybody has a fair
 * share however much others bring; whoever floods displaces at most what exceeds it, and what was there before the flood
 * last. `held`: oldest first. Undefined: the newcomer has to go.
 */
export function crowdedOut<T extends Brought>(held: readonly T[], from: Bringer | undefined): T | undefined {
  const shares = new Shares();
  for (const item of held) shares.change(item.from, 1);
  const largest = shares.crowding(from, 1);
  return largest && held.findLast((item) => item.from === largest.from);
}

/** The key of `held` that is farthest from `self`, when it is farther than `key` and none that must be kept. */
export function farthestSpare(
  self: NodeId,
  held: Iterable<Key>,
  key: Key,
  isKept: (key: Key) => boolean,
): Key | undefined {
  let farthest = key;
  for (const each of held) if (compareDistance(self, each, farthest) > 0) farthest = each;
  return farthest === key || isKept(farthest) ? undefined : farthest;
}
