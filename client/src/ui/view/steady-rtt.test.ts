import { expect, test } from 'vitest';
import { withSteadyRtt } from './steady-rtt.ts';

const row = (rttMs: number | undefined, name = 'kim') => ({ id: 'a', name, rttMs });

test('a round trip that changed by a few milliseconds or by less than a quarter stays as it is shown', () => {
  expect(withSteadyRtt([row(2)], [row(6)])).toEqual([row(2)]);
  expect(withSteadyRtt([row(200)], [row(240)])).toEqual([row(200)]);
  expect(withSteadyRtt([row(200)], [row(160)])).toEqual([row(200)]);
});

test('a round trip that changed by more is shown', () => {
  expect(withSteadyRtt([row(2)], [row(8)])).toEqual([row(8)]);
  expect(withSteadyRtt([row(200)], [row(251)])).toEqual([row(251)]);
});

test('small changes that add up are shown, because they are compared with what is shown', () => {
  let shown = [row(10)];
  for (let rttMs = 10; rttMs <= 30; rttMs++) shown = withSteadyRtt(shown, [row(rttMs)]);
  expect(Math.abs((shown[0]?.rttMs ?? 0) - 30)).toBeLessThanOrEqual(5);
});

test('the first round trip of a peer is shown, and that there is none any more', () => {
  expect(withSteadyRtt([row(undefined)], [row(3)])).toEqual([row(3)]);
  expect(withSteadyRtt([row(3)], [row(undefined)])).toEqual([row(undefined)]);
  expect(withSteadyRtt([], [row(3)])).toEqual([row(3)]);
});

test('whatever else changed is shown with the round trip of before', () => {
  expect(withSteadyRtt([row(20)], [row(21, 'lee')])).toEqual([row(20, 'lee')]);
});
