import { Digest } from './digest.ts';
import { inspect } from './inspect.ts';
import { tellProgress } from './progress.ts';
import { type Report, makeReport } from './report.ts';
import type { Scenario, Settings } from './scenario.ts';
import { ALONE, type Shard } from './shards/shard.ts';
import { OperationWatch } from './watch.ts';
import { World } from './world.ts';

/** Runs a scenario once and every checker after it. Each shard of a run makes the same report. */
export function runScenario(scenario: Scenario, settings: Settings, shard: Shard = ALONE): Report {
  const startedAt = performance.now();
  const options = scenario.worldOf(settings);
  const world = new World({ ...options, seed: settings.seed }, shard);
  const watch = new OperationWatch(world);
  if (settings.isTold && shard.index === 0) tellProgress(world);
  const measured = scenario.run(world, settings);
  const end = { digest: Digest.of(world.gather(world.digest.hex)), virtualMs: world.now };
  const inspection = inspect(world, options, watch, measured.ledger);
  const run = {
    ...end,
    scenario: scenario.name,
    nodes: settings.nodes,
    seed: settings.seed,
    options: { ...settings.own, ...shardsTold(settings, shard), ...told(options) },
    startedAt,
    endedAt: performance.now(),
    peakRssMb: process.resourceUsage().maxRSS / 1024,
  };
  return makeReport(run, measured, inspection);
}

/** The number of shards that it came to, in scenarios where one can be chosen. */
function shardsTold({ own }: Settings, { count }: Shard): Report['options'] {
  return own['shards'] === undefined ? {} : { shards: count };
}

/** The world's options as a report tells them. */
function told({ linkTarget, latencyMs, brokenPairs, frameLoss }: Settings['world']): Report['options'] {
  return { linkTarget, latencyMs, brokenPairs, frameLoss };
}
