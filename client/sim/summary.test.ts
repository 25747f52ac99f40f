import { expect, test } from 'vitest';
import { reportOf } from './report.fixture.ts';
import { formatSummary, summarize } from './summary.ts';

const RUNS = [
  reportOf({ seed: 1, success: 1, extra: { putMs: { p50: 400 } } }),
  reportOf({ seed: 2, success: 0.98, extra: { putMs: { p50: 500 } }, violations: ['something is wrong'] }),
];

test('several seeds give the mean and the population spread of each figure, parts of the extra figures among them', () => {
  const { seeds, figures, violations } = summarize(RUNS);
  expect(seeds).toEqual([1, 2]);
  expect(figures).toMatchObject({
    success: { mean: 0.99, spread: 0.01 },
    'hops.mean': { mean: 2, spread: 0 },
    'putMs.p50': { mean: 450, spread: 50 },
  });
  expect(violations).toEqual(['seed 2: something is wrong']);
});

test('what a run did not measure does not count', () => {
  const { figures } = summarize([reportOf({ success: 1 }), reportOf({ success: null })]);
  expect(figures['success']).toEqual({ mean: 1, spread: 0 });
  expect(figures).not.toHaveProperty('messagesPerLookup');
});

test('options and histograms are no figures', () => {
  const names = Object.keys(summarize(RUNS).figures);
  expect(names.filter((name) => name.startsWith('options') || name.startsWith('histograms'))).toEqual([]);
});

test('people read mean ± spread', () => {
  expect(formatSummary(summarize(RUNS))).toMatch(/success +0.99 ± 0.01/);
});
