import { availableParallelism } from 'node:os';
import { runApart } from './apart.ts';
import { SOURCES } from './folders.ts';
import { main } from './main.ts';
import { Results } from './results.ts';
import type { Report } from './report.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { type RunTask, runThreads } from './shards/threads.ts';
import { SwarmResults } from './swarm/report.ts';

/** Every shard makes the report of the whole run. */
async function runSharded(shards: number, task: RunTask): Promise<Report> {
  const [report] = await runThreads<RunTask, Report>(new URL('shards/worker.js', import.meta.url), shards, task);
  return report as Report;
}

process.exitCode = await main(process.argv.slice(2), SCENARIOS, {
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  runApart,
  cores: availableParallelism(),
  runSharded,
  keep: (report) => new Results(SOURCES.results).keep(report),
  keepSwarm: (report) => new SwarmResults(SOURCES.swarmResults).keep(report),
});
