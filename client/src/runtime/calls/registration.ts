import {
  LOCATION_REFRESH_MS,
  LOCATION_RETRY_MS,
  LOCATION_TTL_MS,
  RESOLVE_WITHIN_MS,
} from '../../../../shared/src/limits/calls.ts';
import type { NodeId } from '../../../../shared/src/ids.ts';
import { randomUnit, type Millis } from '../../../../shared/src/machine.ts';
import { LOCATION_SALT, decodeLocation, encodeLocation, locationKey, type Location } from '../../calls/registrar.ts';
import type { CallHost } from './host.ts';

/** Fraction by which refreshes vary, so that peers that joined together do not refresh together. */
const REFRESH_JITTER = 0.1;

/** Keeps this device's location record alive (REGISTER), and finds those of others. */
export class Registration {
  readonly #host: CallHost;
  #cancelTimer: (() => void) | undefined;
  #isActive = false;

  constructor(host: CallHost) {
    this.#host = host;
  }

  /** True from `start` to `stop`. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Registers now, and again before each expiry. Called again, it refreshes the record at once. */
  start(): void {
    this.#isActive = true;
    void this.#register();
  }

  /** Registers anew when registered, e.g. under a new name. */
  refresh(): void {
    if (this.#isActive) this.start();
  }

  /** Takes the record back, if there is one. Best effort: without it the record expires. Never rejects. */
  async stop(): Promise<void> {
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#cancelTimer?.();
    const { self, log, records } = this.#host;
    try {
      await records.remove(locationKey(self.id), LOCATION_SALT);
    } catch (error) {
      log.log('debug', 'unregistering failed', { error: String(error) });
    }
  }

  /** Where the devices of an address are; undefined when no valid record is found in time. Never rejects. */
  async resolve(address: NodeId): Promise<Location | undefined> {
    const { clock, records } = this.#host;
    let cancel: (() => void) | undefined;
    const timeout = new Promise<undefined>((resolve) => {
      cancel = clock.setTimer(clock.now() + RESOLVE_WITHIN_MS, () => resolve(undefined));
    });
    const reading = records.get(locationKey(address), false, address).catch(() => undefined);
    const record = await Promise.race([reading, timeout]);
    cancel?.();
    // Anyone can write under any key: only the owner's own signature makes it a registration.
    return record?.author.id === address ? decodeLocation(record.value) : undefined;
  }

  async #register(): Promise<void> {
    this.#cancelTimer?.();
    const { self, name, records, log, rng } = this.#host;
    const value = encodeLocation({ devices: [self.id], capabilities: { audio: true, video: true }, name: name() });
    try {
      await records.put(locationKey(self.id), value, { ttlMs: LOCATION_TTL_MS, salt: LOCATION_SALT });
      this.#scheduleNext(LOCATION_REFRESH_MS * (1 - REFRESH_JITTER * randomUnit(rng)));
    } catch (error) {
      log.log('debug', 'registering failed', { error: String(error) });
      this.#scheduleNext(LOCATION_RETRY_MS);
    }
  }

  #scheduleNext(afterMs: Millis): void {
    this.#cancelTimer?.();
    if (!this.#isActive) return;
    const { clock } = this.#host;
    this.#cancelTimer = clock.setTimer(clock.now() + afterMs, () => void this.#register());
  }
}
