/** A block that a web seed is asked for. */
export interface WebBlock {
  readonly piece: number;
  /** Its place among the blocks of the piece. */
  readonly place: number;
  /** [bytes] */
  readonly length: number;
}

/** One web seed. `resting`: it failed and is asked again later; `failed` and `banned` ones are not. */
export interface WebSeedInfo {
  readonly url: string;
  readonly state: 'idle' | 'fetching' | 'resting' | 'failed' | 'banned';
  readonly downBytesPerSecond: number;
  readonly downloadedBytes: number;
}
