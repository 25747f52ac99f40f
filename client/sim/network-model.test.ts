import { expect, test } from 'vitest';
import { seededRng, randomBelow } from '../../shared/src/machine.ts';
import { NetworkModel } from './network-model.ts';

/** Peers among whom each end of a pair is drawn. */
const PEERS = 700;

function modelOf(seed: number, latencyMs = 68): NetworkModel {
  return new NetworkModel({ seed, latencyMs, brokenPairs: 0, dialLoss: 0 });
}

/** One-way latencies of every ninth pair of `count` peers, ascending. */
function latencies(model: NetworkModel, count = 3_000): number[] {
  const found: number[] = [];
  for (let a = 0; a < count; a++) for (let b = 0; b < a; b += 9) found.push(model.latency(a, b));
  return found.sort((x, y) => x - y);
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.floor(share * sorted.length)] as number;
}

test.each([1, 2, 3])(
  'half of all pairs are within 68 ms one way, nine in ten within about twice that (seed %i)',
  (seed) => {
    const sorted = latencies(modelOf(seed));
    const median = quantile(sorted, 0.5);
    expect(median).toBeGreaterThan(68 * 0.95);
    expect(median).toBeLessThan(68 * 1.05);
    expect(quantile(sorted, 0.9) / median).toBeGreaterThan(1.85);
    expect(quantile(sorted, 0.9) / median).toBeLessThan(2.15);
    expect(quantile(sorted, 0)).toBeGreaterThanOrEqual(1);
  },
);

test('latencies are in proportion to the median asked for, and none is below a millisecond', () => {
  const [usual, tenth] = [latencies(modelOf(1), 200), latencies(modelOf(1, 6.8), 200)];
  expect(quantile(tenth, 0.5)).toBeCloseTo(quantile(usual, 0.5) / 10, 6);
  expect(tenth[0]).toBeGreaterThanOrEqual(1);
  expect(latencies(modelOf(1, 0), 20).every((latency) => latency === 0)).toBe(true);
});

test('a pair has one latency, both ways and in every run of a seed', () => {
  expect(modelOf(1).latency(3, 8)).toBe(modelOf(1).latency(8, 3));
  expect(modelOf(1).latency(3, 8)).not.toBe(modelOf(2).latency(3, 8));
});

test('a near peer of a near peer is near', () => {
  const model = modelOf(1);
  const ofNear: number[] = [];
  for (let a = 0; a < 100; a++) {
    const others = Array.from({ length: PEERS }, (_, b) => b).filter((b) => b !== a);
    const near = others.sort((b, c) => model.latency(a, b) - model.latency(a, c)).slice(0, 20);
    for (const b of near) for (const c of near) if (b < c) ofNear.push(model.latency(b, c));
  }
  ofNear.sort((x, y) => x - y);
  expect(quantile(ofNear, 0.5)).toBeLessThan(68 / 2);
});

test('about one triangle in eight is violated, and one pair in five has a way through a third peer that is a fifth shorter', () => {
  const model = modelOf(1);
  const rng = seededRng(1);
  let violated = 0;
  const triangles = 20_000;
  for (let i = 0; i < triangles; i++) {
    const a = randomBelow(rng, PEERS);
    const b = PEERS + randomBelow(rng, PEERS);
    const c = 2 * PEERS + randomBelow(rng, PEERS);
    const sides = [model.latency(a, b), model.latency(b, c), model.latency(c, a)].sort((x, y) => x - y);
    if ((sides[2] as number) > (sides[0] as number) + (sides[1] as number)) violated++;
  }
  expect(violated / triangles).toBeGreaterThan(0.08);
  expect(violated / triangles).toBeLessThan(0.2);
  let shortened = 0;
  const pairs = 300;
  for (let i = 0; i < pairs; i++) {
    const [a, b] = [randomBelow(rng, PEERS), PEERS + randomBelow(rng, PEERS)];
    const direct = model.latency(a, b);
    let best = direct;
    for (let via = 2 * PEERS; via < 3 * PEERS; via++)
      best = Math.min(best, model.latency(a, via) + model.latency(via, b));
    if (best < 0.8 * direct) shortened++;
  }
  expect(shortened / pairs).toBeGreaterThan(0.1);
  expect(shortened / pairs).toBeLessThan(0.35);
});
