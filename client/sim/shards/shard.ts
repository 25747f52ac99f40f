/** What one thread of a run has to do with the others. Every shard runs the same program over the peers that it owns. */
export interface Shard {
  readonly index: number;
  readonly count: number;
  /**
   * Hands one array of bytes to each shard, and waits for theirs: place `i` is what shard `i` gets, and in the answer
   * what it gave. The answer is good until the next exchange.
   */
  exchange(outgoing: readonly Uint8Array[]): readonly Uint8Array[];
}

/** A run that one thread does alone. */
export const ALONE: Shard = {
  index: 0,
  count: 1,
  exchange: (outgoing) => outgoing,
};
