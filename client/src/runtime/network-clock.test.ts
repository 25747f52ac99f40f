import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashToId, type NodeId } from '../../../shared/src/ids.ts';
import { ManualClock } from '../adapters/memory/manual-clock.ts';
import { NetworkClock } from './network-clock.ts';

const HOUR_MS = 3_600_000;

/** What the clock of a device shows when the test begins. [ms since the epoch] */
const START = 1_800_000_000_000;

/** A device whose owner can set its clock. */
class Device extends ManualClock {
  setBy = 0;

  override wallNow(): number {
    return super.wallNow() + this.setBy;
  }
}

/** A device, and how often its network clock told that it jumped. */
class Bench {
  readonly device = new Device(START);
  jumps = 0;
  readonly clock = new NetworkClock(this.device, () => this.jumps++);

  /** Clocks of peers, how far each is ahead. [ms] */
  hear(...aheadMs: number[]): void {
    aheadMs.forEach((ms, index) => this.clock.heard(peer(index), ms));
  }

  /** How far the network clock is ahead of the device's. [ms] */
  get corrected(): number {
    return this.clock.wallNow() - this.device.wallNow();
  }
}

function peer(index: number): NodeId {
  return hashToId(Uint8Array.of(index));
}

test('alone, a device goes by its own clock', () => {
  expect(new Bench().corrected).toBe(0);
});

test('a device that is hours off goes by the others as soon as two agree, of whom one may be the server', () => {
  const bench = new Bench();
  bench.clock.heard('server', -3 * HOUR_MS);
  expect([bench.corrected, bench.jumps]).toEqual([0, 0]);
  bench.hear(-3 * HOUR_MS + 200);
  expect(bench.corrected).toBe(-3 * HOUR_MS + 200);
  expect(bench.jumps).toBe(1);
});

test('a device that is right stays so, whatever its server and one peer of three show', () => {
  const bench = new Bench();
  bench.clock.heard('server', -48 * HOUR_MS);
  bench.hear(5 * HOUR_MS, 300, -400);
  expect([bench.corrected, bench.jumps]).toEqual([0, 0]);
});

test('seconds are not corrected: readings are that rough', () => {
  const bench = new Bench();
  bench.hear(8_000, 9_000, 9_500);
  expect(bench.corrected).toBe(0);
});

test('as many lying peers as true clocks, our own and the server among them, move nobody', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -(2 ** 45), max: 2 ** 45 }), { maxLength: 5 }), (lies) => {
      const bench = new Bench();
      bench.clock.heard('server', 0);
      bench.hear(...lies, ...Array.from(lies.slice(2), () => 0));
      expect(bench.corrected).toBe(0);
    }),
  );
});

test('a peer that has gone has no say', () => {
  const bench = new Bench();
  bench.hear(HOUR_MS, HOUR_MS, HOUR_MS);
  bench.clock.forget(peer(0));
  expect(bench.corrected).toBe(HOUR_MS);
  bench.clock.forget(peer(1));
  expect([bench.corrected, bench.jumps]).toEqual([0, 2]);
});

test('a device whose clock is put right is not corrected for what it showed before', () => {
  const bench = new Bench();
  bench.hear(HOUR_MS, HOUR_MS);
  expect(bench.corrected).toBe(HOUR_MS);
  bench.device.setBy = HOUR_MS;
  expect(bench.corrected).toBe(0);
  bench.hear(0, 0);
  expect(bench.corrected).toBe(0);
});

test('a clock that is adjusted by seconds, as clocks are all the time, keeps its correction', () => {
  const bench = new Bench();
  bench.hear(HOUR_MS, HOUR_MS);
  bench.device.setBy = 2_000;
  expect(bench.corrected).toBe(HOUR_MS);
});
