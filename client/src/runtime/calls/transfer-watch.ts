import { YIELD_PERIOD_MS } from '../../../../shared/src/limits/calls.ts';
import { LineYield, YIELD_DOWN, YIELD_UP } from '../../calls/line-yield.ts';
import type { CallHost } from './host.ts';
import type { Delay, Delays } from './media-stats.ts';

/** The two directions of a call's line. */
interface Yielding {
  readonly up: LineYield;
  readonly down: LineYield;
}

/** Has files leave room for a call as long as that goes on: looks at what its media takes, and caps them by that. */
export class TransferWatch {
  readonly #host: Pick<CallHost, 'clock' | 'transfers'>;
  readonly #read: () => Promise<Delays>;
  #yielding: Yielding | undefined;
  /** What was measured up to the last look. */
  #seen: Delays = {};
  #cancel: (() => void) | undefined;

  /** `read` gives the newest delays of the call, and never rejects. */
  constructor(host: Pick<CallHost, 'clock' | 'transfers'>, read: () => Promise<Delays>) {
    this.#host = host;
    this.#read = read;
  }

  start(): void {
    this.#yielding = this.#begin();
    this.#tell();
  }

  /** Files are free again. */
  stop(): void {
    if (!this.#yielding) return;
    this.#yielding = undefined;
    this.#cancel?.();
    this.#host.transfers()?.cap({});
  }

  /** The call goes another way, whose delays are not to be compared with those of the one before. */
  wayChanged(): void {
    if (this.#yielding) this.#yielding = this.#begin();
  }

  /** Lines send less than they take: uploads begin slowly, downloads only make way once something waits. */
  #begin(): Yielding {
    return {
      up: new LineYield(YIELD_UP, this.#rate('up') / 2),
      down: new LineYield(YIELD_DOWN, Number.POSITIVE_INFINITY),
    };
  }

  #rate(direction: 'up' | 'down'): number {
    return this.#host.transfers()?.rates[direction] ?? 0;
  }

  #tell(): void {
    const { clock } = this.#host;
    if (!this.#yielding) return;
    const { up, down } = this.#yielding;
    // Told each time: the code of swarms may have come since.
    this.#host.transfers()?.cap({ up: up.cap, down: down.cap });
    this.#cancel = clock.setTimer(clock.now() + YIELD_PERIOD_MS, () => void this.#look());
  }

  async #look(): Promise<void> {
    const yielding = this.#yielding;
    const delays = await this.#read();
    if (yielding && yielding === this.#yielding) this.#take(yielding, delays);
    this.#tell();
  }

  /** What waits on its way here is a part of the round trip for which uploads can do nothing. */
  #take({ up, down }: Yielding, delays: Delays): void {
    const { arrival, trip } = delays;
    const now = this.#host.clock.now();
    if (isNew(arrival, this.#seen.arrival)) down.measured(now, arrival.ms, this.#rate('down'));
    if (isNew(trip, this.#seen.trip)) up.measured(now, trip.ms - down.waitedMs, this.#rate('up'));
    this.#seen = delays;
  }
}

/** A browser that measures nothing anew says the same as before. Another connection counts from the beginning. */
function isNew(delay: Delay | undefined, before: Delay | undefined): delay is Delay {
  return delay !== undefined && delay.count !== before?.count;
}
