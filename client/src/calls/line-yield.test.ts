import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  YIELD_FLOOR_UP,
  YIELD_HOLD_UP_MS,
  YIELD_RELEASE_MS,
  YIELD_TARGET_MS,
} from '../../../shared/src/limits/calls.ts';
import { LineYield, YIELD_DOWN, YIELD_UP } from './line-yield.ts';

/** A line that sends so much, with a queue of so much in front of it, shared by a call and uploads that take what they may. */
class Line {
  readonly #perSecond: number;
  readonly #queueBytes: number;
  readonly #callPerSecond: number;
  #queued = 0;
  #now = 0;
  readonly caps: number[] = [];
  readonly waits: number[] = [];

  constructor(perSecond: number, queueBytes: number, callPerSecond: number) {
    this.#perSecond = perSecond;
    this.#queueBytes = queueBytes;
    this.#callPerSecond = callPerSecond;
  }

  /** A round trip is measured each second, on a way of 40 ms. */
  run(yielding: LineYield, seconds: number, wanted = Number.POSITIVE_INFINITY): void {
    for (let i = 0; i < seconds; i++) {
      this.#now += 1000;
      const asked = Math.min(wanted, yielding.cap);
      this.#queued += asked + this.#callPerSecond - this.#perSecond;
      this.#queued = Math.min(this.#queueBytes, Math.max(0, this.#queued));
      const waitMs = (1000 * this.#queued) / this.#perSecond;
      yielding.measured(this.#now, 40 + waitMs, Math.min(asked, this.#perSecond));
      this.caps.push(yielding.cap);
      this.waits.push(waitMs);
    }
  }
}

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, each) => sum + each, 0) / numbers.length;

describe('uploads beside a call', () => {
  test('begin with what they are given, and with the floor at least', () => {
    expect(new LineYield(YIELD_UP, 0).cap).toBe(YIELD_FLOOR_UP);
    expect(new LineYield(YIELD_UP, 500_000).cap).toBe(500_000);
  });

  test('use most of a narrow line, and what is sent hardly waits', () => {
    const line = new Line(250_000, 128_000, 60_000);
    line.run(new LineYield(YIELD_UP, 0), 120);
    const [caps, waits] = [line.caps.slice(20), line.waits.slice(20)];
    expect(mean(caps)).toBeGreaterThan(0.6 * 190_000);
    expect(mean(waits)).toBeLessThan(YIELD_TARGET_MS);
    expect(waits.filter((wait) => wait > 2 * YIELD_TARGET_MS).length).toBeLessThan(0.2 * waits.length);
  });

  test('are as fast as a wide line within a minute', () => {
    const line = new Line(12_500_000, 1_000_000, 300_000);
    line.run(new LineYield(YIELD_UP, 0), 60);
    expect(line.caps.at(-1)).toBeGreaterThan(5_000_000);
  });

  test('are halved once for one queue, however many round trips tell of it', () => {
    const yielding = new LineYield(YIELD_UP, 200_000);
    yielding.measured(0, 40, 200_000);
    const before = yielding.cap;
    yielding.measured(1000, 400, 200_000);
    expect(yielding.cap).toBe(before);
    yielding.measured(2000, 400, 200_000);
    yielding.measured(3000, 400, 100_000);
    expect(yielding.cap).toBe(100_000);
    yielding.measured(2000 + YIELD_HOLD_UP_MS, 400, 100_000);
    expect(yielding.cap).toBe(50_000);
  });

  test('are not slowed by a single long round trip', () => {
    const yielding = new LineYield(YIELD_UP, 200_000);
    for (const [at, roundTripMs] of [40, 900, 40, 900, 40].entries())
      yielding.measured(1000 * at, roundTripMs, 150_000);
    expect(yielding.cap).toBeGreaterThanOrEqual(200_000);
  });

  test('earn nothing by sending less than they may', () => {
    const line = new Line(12_500_000, 1_000_000, 300_000);
    line.run(new LineYield(YIELD_UP, 0), 60, 10_000);
    expect(line.caps.at(-1)).toBe(YIELD_FLOOR_UP);
  });

  test('are measured against the way as it is after ten minutes, not as it was', () => {
    const yielding = new LineYield(YIELD_UP, 0);
    yielding.measured(0, 20, 0);
    for (let at = 1; at <= 12 * 60; at++) yielding.measured(1000 * at, 120, 30_000);
    const before = yielding.cap;
    for (let at = 0; at < 20; at++) yielding.measured(1000 * (12 * 60 + 1 + at), 120, yielding.cap);
    expect(yielding.cap).toBeGreaterThan(before);
  });

  test('are let go for a while, as fast as before, when slowing them changes nothing', () => {
    const yielding = new LineYield(YIELD_UP, 1_000_000);
    yielding.measured(0, 40, 900_000);
    const before = yielding.cap;
    let at = 1000;
    const waitUntil = (end: number): number[] => {
      const caps: number[] = [];
      for (; at < end; at += 1000) {
        yielding.measured(at, 400, yielding.cap);
        caps.push(yielding.cap);
      }
      return caps;
    };
    const caps = waitUntil(2000 + 3 * YIELD_HOLD_UP_MS);
    expect(Math.min(...caps)).toBeLessThan(before / 3);
    expect(caps.at(-1)).toBeGreaterThanOrEqual(before);
    expect(Math.min(...waitUntil(YIELD_RELEASE_MS))).toBeGreaterThanOrEqual(before);
    // Then it is tried again.
    expect(Math.min(...waitUntil(2 * YIELD_RELEASE_MS))).toBeLessThan(before / 3);
  });

  test('are between the floor and what they sent, whatever is measured', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ now: fc.nat(), roundTripMs: fc.double(), sent: fc.double({ min: 0, noNaN: true }) })),
        (samples) => {
          const yielding = new LineYield(YIELD_UP, 0);
          for (const { now, roundTripMs, sent } of samples) yielding.measured(now, roundTripMs, sent);
          expect(yielding.cap).toBeGreaterThanOrEqual(YIELD_FLOOR_UP);
          const most = Math.max(0, ...samples.map(({ sent }) => sent));
          expect(yielding.cap).toBeLessThanOrEqual(Math.max(YIELD_FLOOR_UP, 2.5 * most));
        },
      ),
    );
  });
});

describe('downloads beside a call', () => {
  test('are not slowed as long as nothing waits, and make way once something does', () => {
    const line = new Line(500_000, 250_000, 100_000);
    const yielding = new LineYield(YIELD_DOWN, Number.POSITIVE_INFINITY);
    line.run(yielding, 5, 300_000);
    expect(yielding.cap).toBe(Infinity);
    line.run(yielding, 120);
    const [caps, waits] = [line.caps.slice(30), line.waits.slice(30)];
    expect(mean(caps)).toBeGreaterThan(0.5 * 400_000);
    expect(mean(waits)).toBeLessThan(YIELD_TARGET_MS);
  });
});
