import { expect, test } from 'vitest';
import {
  INITIAL_RTT_MS,
  MAX_HOP_TIMEOUT_MS,
  MIN_HOP_DEVIATION_MS,
  MIN_HOP_TIMEOUT_MS,
} from '../../../shared/src/limits/overlay.ts';
import { RttEstimator } from './rtt.ts';

function estimatorOf(samples: readonly number[]): RttEstimator {
  const estimator = new RttEstimator();
  for (const sample of samples) estimator.sample(sample);
  return estimator;
}

test('before the first sample the timeout is four times the round trip assumed', () => {
  expect(estimatorOf([]).timeout).toBe(4 * INITIAL_RTT_MS);
});

test('a round trip that never varies leaves room for the answer that takes exactly as long as all others', () => {
  const estimator = estimatorOf(Array.from({ length: 500 }, () => 311));
  expect(estimator.mean).toBe(311);
  expect(estimator.timeout).toBe(311 + MIN_HOP_DEVIATION_MS);
});

test('the timeout follows mean and deviation within its caps', () => {
  expect(estimatorOf([200]).timeout).toBe(200 + 4 * 100);
  expect(estimatorOf([4]).timeout).toBe(MIN_HOP_TIMEOUT_MS);
  expect(estimatorOf([3_000]).timeout).toBe(MAX_HOP_TIMEOUT_MS);
});

test('each answer that does not come doubles the timeout, up to its cap, and the next sample ends that', () => {
  const rtt = estimatorOf(Array.from({ length: 500 }, () => 311));
  const before = rtt.timeout;
  rtt.backOff();
  expect(rtt.timeout).toBe(2 * before);
  for (let i = 0; i < 100; i++) rtt.backOff();
  expect(rtt.timeout).toBe(MAX_HOP_TIMEOUT_MS);
  rtt.sample(311);
  expect(rtt.timeout).toBe(before);
});

test('the least round trip hardly follows a busy half minute, and follows a way that got longer within the hour', () => {
  const rtt = new RttEstimator();
  rtt.sample(4);
  for (let i = 0; i < 12; i++) rtt.sample(104);
  expect(rtt.least).toBeLessThan(10);
  rtt.sample(3);
  expect(rtt.least).toBe(3);
  for (let i = 0; i < 1440; i++) rtt.sample(103);
  expect(rtt.least).toBeGreaterThan(100);
});
