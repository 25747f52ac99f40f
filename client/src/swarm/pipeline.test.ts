import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { INITIAL_PIPELINE, MAX_PIPELINE, MIN_PIPELINE } from '../../../shared/src/limits/swarm.ts';
import { Pipeline } from './pipeline.ts';
import { RateMeter } from './rate-meter.ts';

/** A peer that answers each request after `rttMs`, at no more than `bytesPerSecond`. */
function deliver(pipeline: Pipeline, bytesPerSecond: number, rttMs: number, seconds: number): void {
  let free = 0;
  for (let now = 0; now < seconds * 1000; now += rttMs) {
    const limit = Math.min(pipeline.depth, (bytesPerSecond * rttMs) / 1000 / BLOCK_BYTES + free);
    free = limit - Math.floor(limit);
    for (let i = 0; i < Math.floor(limit); i++) pipeline.onBlock(BLOCK_BYTES, now + rttMs);
    if (Math.floor((now + rttMs) / 1000) > Math.floor(now / 1000)) pipeline.tick(now + rttMs);
  }
}

test('it starts with a few requests and doubles them every round trip', () => {
  const pipeline = new Pipeline();
  expect(pipeline.depth).toBe(INITIAL_PIPELINE);
  for (let i = 0; i < INITIAL_PIPELINE; i++) pipeline.onBlock(BLOCK_BYTES, 100);
  expect(pipeline.depth).toBe(2 * INITIAL_PIPELINE);
});

test('it settles at three seconds of the rate', () => {
  for (const [rate, rtt] of [
    [200_000, 100],
    [1_000_000, 50],
    [2_000_000, 250],
  ] as const) {
    const pipeline = new Pipeline();
    deliver(pipeline, rate, rtt, 20);
    expect(pipeline.depth / ((3 * rate) / BLOCK_BYTES)).toBeGreaterThan(0.8);
    expect(pipeline.depth / ((3 * rate) / BLOCK_BYTES)).toBeLessThan(1.25);
  }
});

test('at 10 MB/s several megabytes are outstanding, and never more than the cap', () => {
  const pipeline = new Pipeline();
  deliver(pipeline, 10_000_000, 10, 5);
  expect(pipeline.depth).toBe(MAX_PIPELINE);
  pipeline.setPeerLimit(100);
  expect(pipeline.depth).toBe(100);
});

test('a peer that stops gets few requests, a snubbed one a single one until it delivers', () => {
  const pipeline = new Pipeline();
  deliver(pipeline, 1_000_000, 50, 5);
  for (let now = 5000; now < 15_000; now += 1000) pipeline.tick(now);
  expect(pipeline.depth).toBe(MIN_PIPELINE);
  pipeline.isSnubbed = true;
  expect(pipeline.depth).toBe(1);
  pipeline.onBlock(BLOCK_BYTES, 16_000);
  expect([pipeline.isSnubbed, pipeline.depth]).toEqual([false, MIN_PIPELINE]);
});

test('a rate is that of the last seconds and falls to nothing', () => {
  const meter = new RateMeter();
  for (let now = 10_000; now < 20_000; now += 10) meter.add(1000, now);
  expect(meter.perSecond(20_000)).toBeGreaterThan(90_000);
  expect(meter.perSecond(20_000)).toBeLessThan(110_000);
  expect(meter.perSecond(25_000)).toBe(0);
  expect(meter.total).toBe(1_000_000);
});

test('a peer that sends the short blocks of small files is asked for as many as one that sends whole ones', () => {
  const depthAt = (bytes: number): number => {
    const pipeline = new Pipeline();
    for (let now = 0; now <= 10_000; now += 10) {
      pipeline.onBlock(bytes, now);
      if (now % 1000 === 0) pipeline.tick(now);
    }
    return pipeline.depth;
  };
  expect(depthAt(1000)).toBe(depthAt(BLOCK_BYTES));
  expect(depthAt(1000)).toBeGreaterThan(250);
});
