/** Cheap counts of what a machine did, for diagnostics and for the simulator's reports. Indexed by frame type. */
export class Counters {
  readonly sentFrames: number[] = Array.from({ length: 16 }, () => 0);
  readonly receivedFrames: number[] = Array.from({ length: 16 }, () => 0);
  readonly sentBytesOf: number[] = Array.from({ length: 16 }, () => 0);
  sentBytes = 0;
  receivedBytes = 0;
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
    const type = (bytes[1] as number) & 15;
    this.sentFrames[type] = (this.sentFrames[type] as number) + 1;
    this.sentBytesOf[type] = (this.sentBytesOf[type] as number) + bytes.length;
    this.sentBytes += bytes.length;
  }

  received(bytes: Uint8Array): void {
    const type = (bytes[1] as number) & 15;
    this.receivedFrames[type] = (this.receivedFrames[type] as number) + 1;
    this.receivedBytes += bytes.length;
  }
}
