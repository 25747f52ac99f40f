import { expect, test } from 'vitest';
import type { Report } from '../report.ts';
import { runScenario } from '../run.ts';
import { SCENARIOS } from '../scenarios/index.ts';
import type { Scenario, Settings } from '../scenario.ts';
import { DEFAULT_WORLD } from '../world.ts';
import { type RunTask, runThreads } from './threads.ts';
import { bundled } from './worker-bundle.fixture.ts';

/** Runs of ten seconds of two cores each; on busy ones they take minutes. [ms] */
const LONG = 600_000;

const worker = await bundled('worker.ts');

const settings: Settings = { nodes: 200, seed: 3, lookups: 1_000, own: { shards: 2, settle: 0 }, world: DEFAULT_WORLD };

const inThreads = (): Promise<Report[]> => runThreads<RunTask, Report>(worker, 2, { scenario: 'growth', settings });

const first = await inThreads();

/** What a run tells of the network, and not of the machine. */
function networkOf({ wallMs: _, peakRssMb: __, lookedUpWallMs: ___, ...report }: Report): Partial<Report> {
  return report;
}

test(
  'both threads of a run make the same report, and the same seed gives it again',
  async () => {
    const [report] = first.map(networkOf);
    expect(first.map(networkOf)).toEqual([report, report]);
    expect((await inThreads()).map(networkOf)).toEqual([report, report]);
  },
  LONG,
);

test('all of 200 peers join, every lookup finds the closest peer, every record is found, and no rule is broken', () => {
  const [report] = first;
  expect(report).toMatchObject({ joined: 200, lookups: 1_000, success: 1, recordsFound: 1, violations: [] });
  expect(report).toMatchObject({ extra: { iterative: { success: 1 }, stored: 1 }, options: { shards: 2 } });
});

test(
  'the figures are those of one thread, but for chance',
  () => {
    const alone = runScenario(SCENARIOS.get('growth') as Scenario, { ...settings, own: { shards: 1, settle: 0 } });
    const [together] = first as [Report];
    const ratio = (figure: (report: Report) => number | null): number =>
      (figure(together) ?? 0) / (figure(alone) ?? Number.NaN);
    const ratios = {
      hops: ratio(({ hops }) => hops.mean),
      latency: ratio(({ latencyMs }) => latencyMs.p50),
      links: ratio(({ links }) => links),
      upkeep: ratio((report) => report.upkeepBytesPerNodePerSecond),
      time: ratio(({ virtualMs }) => virtualMs),
    };
    expect(Object.entries(ratios).filter(([, value]) => !(value > 0.85 && value < 1.15))).toEqual([]);
  },
  LONG,
);
