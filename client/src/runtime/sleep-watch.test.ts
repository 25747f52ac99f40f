import { expect, test } from 'vitest';
import { DOUBT_STALL_MS } from '../../../shared/src/limits/overlay.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { ManualClock } from '../adapters/memory/manual-clock.ts';
import { SleepWatch } from './sleep-watch.ts';

const HOUR_MS = 3_600_000;

/** A device whose monotonic clock does not count its sleep. */
class Device extends ManualClock {
  sleptMs: Millis = 0;

  override wallNow(): number {
    return super.wallNow() + this.sleptMs;
  }
}

test('a sleep that the monotonic clock did not count shows at the next look, and no more after it', async () => {
  const device = new Device();
  const watch = new SleepWatch(device);
  await device.advance(1_000);
  expect(watch.look()).toBe(0);
  device.sleptMs += DOUBT_STALL_MS + 1;
  expect([watch.look(), watch.look()]).toEqual([DOUBT_STALL_MS + 1, 0]);
});

test('a nap, a clock that is set back, and a standstill that the monotonic clock counts are no such sleep', async () => {
  const device = new Device();
  const watch = new SleepWatch(device);
  device.sleptMs += DOUBT_STALL_MS;
  expect(watch.look()).toBe(0);
  device.sleptMs -= HOUR_MS;
  expect(watch.look()).toBe(0);
  await device.advance(HOUR_MS);
  expect(watch.look()).toBe(0);
});
