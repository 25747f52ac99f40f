import type { Counters } from '../src/overlay/counters.ts';

/** What several peers sent, by type of frame. */
export class SentTotals {
  readonly frames: number[] = Array.from({ length: 16 }, () => 0);
  readonly bytes: number[] = Array.from({ length: 16 }, () => 0);

  add({ sentFrames, sentBytesOf }: Pick<Counters, 'sentFrames' | 'sentBytesOf'>): this {
    this.#add(sentFrames, sentBytesOf);
    return this;
  }

  copy(): SentTotals {
    const copied = new SentTotals();
    copied.#add(this.frames, this.bytes);
    return copied;
  }

  #add(frames: ArrayLike<number>, bytes: ArrayLike<number>): void {
    for (let type = 0; type < this.frames.length; type++) {
      this.frames[type] = (this.frames[type] as number) + (frames[type] ?? 0);
      this.bytes[type] = (this.bytes[type] as number) + (bytes[type] ?? 0);
    }
  }
}
