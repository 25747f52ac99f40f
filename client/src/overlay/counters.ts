/** Types of frames that are told apart. A power of two above all of them. */
const TYPES = 16;

/** Cheap counts of what a machine did, for diagnostics and for the simulator's reports. */
export class Counters {
  /** Frames sent and their bytes, in turns, by type of frame: side by side, because every frame counts in both. */
  readonly #sent: number[] = Array.from({ length: 2 * TYPES }, () => 0);
  /** Frames of a known type that did not decode, or said what nobody may say. */
  malformed = 0;
  /** Frames of an unknown version or type: ignored. */
  unknown = 0;
  /** Frames ignored because of who sent them or when: no link, an answer nobody waits for, an expired message. */
  dropped = 0;
  duplicates = 0;
  hopTimeouts = 0;
  reroutes = 0;
  unreachable = 0;
  /** Answers to others' reads that carried a record, from the store and from copies. */
  recordsServed = 0;
  /** Those of them that came from copies. */
  copiesServed = 0;
  /** Stores and reads of ours that looked beside their key, because what was named around it was too dense or too sparse. */
  widened = 0;

  sent(bytes: Uint8Array): void {
    const at = 2 * ((bytes[1] as number) & (TYPES - 1));
    this.#sent[at] = (this.#sent[at] as number) + 1;
    this.#sent[at + 1] = (this.#sent[at + 1] as number) + bytes.length;
  }

  /** Frames of this type that were sent. */
  sentFrames(type: number): number {
    return this.#sent[2 * type] ?? 0;
  }

  /** Bytes of the frames of this type that were sent. */
  sentBytes(type: number): number {
    return this.#sent[2 * type + 1] ?? 0;
  }
}
