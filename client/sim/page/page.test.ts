import { expect, test } from 'vitest';
import { parseCommand } from '../command.ts';
import { reportOf } from '../report.fixture.ts';
import { SCENARIOS } from '../scenarios/index.ts';
import { FULL, MODERATE, narrowed } from '../suite.ts';
import { BARS, isReached, runsFor } from './bars.ts';
import { formatBar, formatFigure, table } from './format.ts';
import { summariesOf, writePage } from './page.ts';
import { plotsOf } from './plots.ts';

const RUNS = [
  reportOf({ nodes: 1_000, seed: 1, hops: { mean: 3, p50: 3, p99: 5 } }),
  reportOf({ nodes: 1_000, seed: 2, hops: { mean: 3.2, p50: 3, p99: 5 } }),
  reportOf({ nodes: 100, seed: 1 }),
  reportOf({
    scenario: 'static',
    success: 0.5,
    options: { linkTarget: 32, dead: 0.3 },
    violations: ['a frame vanished'],
  }),
];

test.each([
  ['moderate', MODERATE],
  ['full', FULL],
])('every run of the %s suite is a command that the simulator takes', (_name, { runs }) => {
  for (const run of runs) expect(parseCommand(run, SCENARIOS)).toMatchObject({ kind: 'run' });
  expect([...SCENARIOS.keys()].filter((name) => !runs.some(([scenario]) => scenario === name))).toEqual([]);
});

test('every bar is about a scenario and the options that it has, and the full suite runs it', () => {
  for (const { scenario, nodes, options = {}, what } of BARS) {
    const isRun = FULL.runs.some((run) => {
      const command = parseCommand(run, SCENARIOS);
      if (command.kind === 'problem') return false;
      const { settings } = command;
      const told: Record<string, unknown> = { ...settings.own, linkTarget: settings.world.linkTarget };
      const isSize = nodes === undefined || settings.nodes === nodes;
      return (
        command.scenario.name === scenario &&
        isSize &&
        Object.keys(options).every((name) => told[name] === options[name])
      );
    });
    expect({ what, isRun }).toEqual({ what, isRun: true });
  }
});

test('a suite can be narrowed to some scenarios', () => {
  expect(new Set(narrowed(FULL, ['churn', 'storm']).runs.map(([name]) => name))).toEqual(new Set(['churn', 'storm']));
  expect(narrowed(FULL, [])).toEqual(FULL);
});

test('a bar is judged by the mean of the runs of its size', () => {
  const bar = { what: '', scenario: 'growth', nodes: 1_000, figure: 'hops.mean', unit: 'hops', published: '' } as const;
  const runs = runsFor(bar, summariesOf(RUNS));
  expect(runs?.seeds).toEqual([1, 2]);
  expect(isReached({ ...bar, atMost: 3.1 }, runs)).toBe(true);
  expect(isReached({ ...bar, atMost: 3.0 }, runs)).toBe(false);
  expect(isReached({ ...bar, atLeast: 3.2 }, runs)).toBe(false);
  expect(isReached({ ...bar, atLeast: 3.2 }, undefined)).toBeUndefined();
});

test('a bar in seconds is compared with milliseconds', () => {
  const bar = { what: '', scenario: 'growth', figure: 'wallMs', unit: 'seconds', published: '' } as const;
  const runs = runsFor(bar, summariesOf(RUNS));
  expect(isReached({ ...bar, atMost: 1 }, runs)).toBe(true);
  expect(isReached({ ...bar, atMost: 0.9 }, runs)).toBe(false);
});

test('without a size the largest network counts, and only runs with the options asked for', () => {
  const summaries = summariesOf(RUNS);
  expect(runsFor({ scenario: 'growth' }, summaries)?.nodes).toBe(1_000);
  expect(runsFor({ scenario: 'static', options: { dead: 0.5 } }, summaries)).toBeUndefined();
});

test('the page says what was measured, what was missed, what nobody ran, and what was violated', () => {
  const page = writePage(RUNS, []);
  expect(page).toMatch(/mean hops, 1,000 peers, 32 links \| +1,000 × 2 \| +≤ 3.2 \| +3.10 ± 0.10 \| +yes/);
  expect(page).toMatch(/30 % die at once, 60 s later \| +100 × 1 \| +≥ 99.9 % \| +50.0 % \| +\*\*no\*\*/);
  expect(page).toMatch(/100,000 peers, 32 links \| +\| +≤ 6.6 \| +not run/);
  expect(page).toContain('- static, 100 × 1, seed 1: a frame vanished');
});

test('a page without any run says so everywhere', () => {
  const page = writePage([], plotsOf([], []));
  expect(page).toContain('not run');
  expect(page).toContain('None in any run.');
});

test('there are plots of hops, of both distributions and of success', () => {
  const plots = plotsOf(RUNS, summariesOf(RUNS));
  expect(plots.map(({ name }) => name)).toEqual([
    'hops-by-size',
    'hops-distribution',
    'latency-distribution',
    'success-by-scenario',
  ]);
  for (const { svg } of plots) expect(svg).not.toMatch(/NaN|Infinity|undefined/);
});

test('figures are written with as many digits as tell them apart from all and none', () => {
  expect(formatFigure({ mean: 0.99987, spread: 0.00012 }, 'share', 5)).toBe('99.987 ± 0.012 %');
  expect(formatFigure({ mean: 1, spread: 0 }, 'share', 1)).toBe('100 %');
  expect(formatFigure({ mean: 0.813, spread: 0 }, 'share', 1)).toBe('81.3 %');
  expect(formatFigure({ mean: 12_345, spread: 0 }, 'ms', 1)).toBe('12,345 ms');
  expect(formatFigure({ mean: 61_250, spread: 0 }, 'seconds', 1)).toBe('61.3 s');
  expect(formatBar(0.995, 'share')).toBe('99.5 %');
});

test('a cell cannot break its table', () => {
  expect(table(['a', 'b'], [['x|y', '1']])).toBe('| a | b |\n| --- | ---: |\n| x\\|y | 1 |');
});
