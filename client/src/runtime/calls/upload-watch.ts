import { YIELD_PERIOD_MS } from '../../../../shared/src/limits/calls.ts';
import { UploadYield } from '../../calls/upload-yield.ts';
import type { CallHost } from './host.ts';
import type { RoundTrip } from './media-stats.ts';

/** Has uploads leave room for a call as long as that goes on: looks at the call's round trips, and caps them by those. */
export class UploadWatch {
  readonly #host: Pick<CallHost, 'clock' | 'uploads'>;
  readonly #read: () => Promise<RoundTrip | undefined>;
  #yielding: UploadYield | undefined;
  /** Round trips that were measured up to the last look. */
  #count = 0;
  #cancel: (() => void) | undefined;

  /** `read` gives the newest round trip of the call, and never rejects. */
  constructor(host: Pick<CallHost, 'clock' | 'uploads'>, read: () => Promise<RoundTrip | undefined>) {
    this.#host = host;
    this.#read = read;
  }

  start(): void {
    this.#yielding = new UploadYield(this.#rate);
    this.#tell();
  }

  /** Uploads are free again. */
  stop(): void {
    if (!this.#yielding) return;
    this.#yielding = undefined;
    this.#cancel?.();
    this.#host.uploads()?.capUploads(undefined);
  }

  /** The call goes another way, whose round trips are not to be compared with those of the one before. */
  wayChanged(): void {
    if (this.#yielding) this.#yielding = new UploadYield(this.#rate);
  }

  get #rate(): number {
    return this.#host.uploads()?.uploadRate ?? 0;
  }

  #tell(): void {
    const { clock } = this.#host;
    if (!this.#yielding) return;
    // Told each time: the code of swarms may have come since.
    this.#host.uploads()?.capUploads(this.#yielding.cap);
    this.#cancel = clock.setTimer(clock.now() + YIELD_PERIOD_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const yielding = this.#yielding;
    const trip = await this.#read();
    // A browser that measures nothing anew says the same as before. Another connection counts from the beginning.
    if (yielding && yielding === this.#yielding && trip && trip.count !== this.#count) {
      this.#count = trip.count;
      yielding.measured(this.#host.clock.now(), trip.ms, this.#rate);
    }
    this.#tell();
  }
}
