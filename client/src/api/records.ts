/** What became of a `put`. */
export interface PutResult {
  /** The version's number: what `expectedSequence` of the next put may name. */
  readonly sequence: number;
  /** Peers that hold it by now; more follow. */
  readonly replicas: number;
}

/** A record as it is stored. */
export interface StoredRecord {
  readonly bytes: Uint8Array;
  readonly sequence: number;
  /** Id of the peer that signed it. */
  readonly author: string;
  /** [ms since the epoch] */
  readonly expiresAt: number;
}
