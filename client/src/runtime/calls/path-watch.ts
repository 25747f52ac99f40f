import { PATH_RETRY_MS } from '../../../../shared/src/limits/calls.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LinkPath } from '../../ports/links.ts';

/**
 * Learns which way media goes. Right after connecting the browser may not name the selected pair yet, and it does not
 * say when it does: the watch looks again until it knows.
 */
export class PathWatch {
  readonly #clock: Clock;
  readonly #read: () => Promise<LinkPath | undefined>;
  readonly #tell: (path: LinkPath | undefined) => void;
  /** Counts looks, so that only the newest one is believed. */
  #look = 0;
  #cancelRetry: (() => void) | undefined;

  constructor(clock: Clock, read: () => Promise<LinkPath | undefined>, tell: (path: LinkPath | undefined) => void) {
    this.#clock = clock;
    this.#read = read;
    this.#tell = tell;
  }

  /** The path is new or may have changed. Never rejects as long as `read` does not. */
  async look(): Promise<void> {
    this.stop();
    const look = this.#look;
    const path = await this.#read();
    if (look !== this.#look) return;
    this.#tell(path);
    if (path === undefined) {
      this.#cancelRetry = this.#clock.setTimer(this.#clock.now() + PATH_RETRY_MS, () => void this.look());
    }
  }

  /** Media has no path, or is over: nothing is told until the next look. */
  stop(): void {
    this.#look++;
    this.#cancelRetry?.();
    this.#cancelRetry = undefined;
  }
}
