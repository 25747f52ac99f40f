import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { reportOf } from './report.fixture.ts';
import { Results, grouped, newest, parseLines } from './results.ts';

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'results-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

test('runs are kept across processes, a file for each scenario, and read in order of size and seed', () => {
  const path = join(folder(), 'new');
  new Results(path).keep(reportOf({ nodes: 1_000, seed: 1 }));
  new Results(path).keep(reportOf({ nodes: 100, seed: 2 }));
  new Results(path).keep(reportOf({ scenario: 'static', nodes: 100, seed: 1 }));
  const read = new Results(path).read();
  expect(read.map(({ scenario, nodes, seed }) => [scenario, nodes, seed])).toEqual([
    ['static', 100, 1],
    ['growth', 100, 2],
    ['growth', 1_000, 1],
  ]);
});

test('before the first run there is nothing to read', () => {
  expect(new Results(join(folder(), 'none')).read()).toEqual([]);
});

test('what a shell writes between the runs is passed over, and so are summaries', () => {
  const line = JSON.stringify(reportOf({ seed: 9 }));
  expect(parseLines(`> sim\n\n${line}\n{"scenario":"growth","seeds":[1]}\n`).map(({ seed }) => seed)).toEqual([9]);
});

test('of two runs of one command the later counts; other options are another command', () => {
  const reports = [
    reportOf({ success: 0.5 }),
    reportOf({ success: 1 }),
    reportOf({ success: 0.9, options: { linkTarget: 16 } }),
  ];
  expect(newest(reports).map(({ success }) => success)).toEqual([1, 0.9]);
});

test('runs that differ by their seed alone belong together', () => {
  const reports = [reportOf({ seed: 1 }), reportOf({ seed: 1, nodes: 200 }), reportOf({ seed: 2 })];
  expect(grouped(reports).map((group) => group.map(({ seed, nodes }) => [seed, nodes]))).toEqual([
    [
      [1, 100],
      [2, 100],
    ],
    [[1, 200]],
  ]);
});

test('how many threads ran them makes no difference', () => {
  const runs = [1, 2].map((shards) => reportOf({ seed: shards, options: { linkTarget: 32, shards } }));
  expect(grouped(runs)).toEqual([runs]);
});
