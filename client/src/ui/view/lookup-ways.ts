/** One hop of a drawn lookup. */
export interface Hop {
  readonly from: string;
  readonly to: string;
  /** How many hops of its way come before it: it is drawn after them. */
  readonly rank: number;
  /** On the way to the answer that counts; the others are asked beside it. */
  readonly isMain: boolean;
}

/** Hops drawn of one lookup. [hops] More lines cannot be told apart. */
const MAX_HOPS = 48;

/**
 * The hops of all `paths` from `self`, each once: where two ways run together, one line is drawn. The main way is the
 * one that ends nearest to the key, as far as `closest` (nearest first) says; without it all are. BOUNDED: by MAX_HOPS.
 */
export function hopsOf(self: string, paths: readonly (readonly string[])[], closest: readonly string[] = []): Hop[] {
  const hops = new Map<string, Hop>();
  const nearest = closest.find((id) => paths.some((path) => path.at(-1) === id));
  const isMain = (path: readonly string[]): boolean => nearest === undefined || path.at(-1) === nearest;
  for (const path of paths.toSorted((a, b) => Number(isMain(b)) - Number(isMain(a)))) {
    path.forEach((to, rank) => {
      const from = path[rank - 1] ?? self;
      const line = `${from}>${to}`;
      if (from !== to && !hops.has(line) && hops.size < MAX_HOPS)
        hops.set(line, { from, to, rank, isMain: isMain(path) });
    });
  }
  return [...hops.values()];
}
