import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runApart } from './apart.ts';
import { SOURCES } from './folders.ts';
import { count, readOption } from './options.ts';
import { writePage, summariesOf } from './page/page.ts';
import { plotsOf } from './page/plots.ts';
import { Results } from './results.ts';
import { SwarmResults, swarmSection } from './swarm/report.ts';
import { FULL, MODERATE, type SuiteChoice, narrowed, runSuite } from './suite.ts';

const USAGE = `Usage: npm run sim:report -- [--full] [--only-write] [--scenario NAME]… [--seeds N] [--seed FIRST] [--jobs N]
  Runs every scenario, keeps the runs in client/sim/results and writes client/sim/REPORT.md with its plots.
  --full         the sizes at which the bars stand: hours. Without it: about twenty minutes
  --only-write   write the report from the runs that are kept
  --scenario     only this one, may come several times
  --seeds        runs of each, by default 3, with --full 5
  --seed         the first of them, by default 1
  --jobs         runs at the same time, by default 1: more are faster, and their wall clock says less`;

const { values } = parseArgs({
  options: {
    full: { type: 'boolean', default: false },
    'only-write': { type: 'boolean', default: false },
    scenario: { type: 'string', multiple: true, default: [] },
    seeds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

const results = new Results(SOURCES.results);
const suite = narrowed(values.full ? FULL : MODERATE, values.scenario);
const choice = readChoice();

if (values.help || typeof choice === 'string') {
  process.stdout.write(`${typeof choice === 'string' ? `${choice}\n\n` : ''}${USAGE}\n`);
  process.exitCode = values.help ? 0 : 1;
} else {
  if (!values['only-write']) await runSuite(suite, choice, runOne);
  write();
}

/** A sentence when a number is none. */
function readChoice(): SuiteChoice | string {
  const given = { seed: values.seed, seeds: values.seeds ?? String(suite.seeds), jobs: values.jobs };
  const numbers = { seed: 0, seeds: 0, jobs: 0 };
  for (const name of ['seed', 'seeds', 'jobs'] as const) {
    const read = readOption(name, count(1, '', name === 'seed' ? 0 : 1), given[name]);
    if ('problem' in read) return read.problem;
    numbers[name] = Number(read.value);
  }
  return numbers;
}

async function runOne(args: readonly string[]): Promise<void> {
  const report = await runApart(args);
  results.keep(report);
  const { success, wallMs, violations } = report;
  process.stdout.write(`${args.join(' ')}: ${success} in ${wallMs} ms, ${violations.length} violations\n`);
}

function write(): void {
  const reports = results.read();
  const plots = plotsOf(reports, summariesOf(reports));
  mkdirSync(SOURCES.plots, { recursive: true });
  for (const { name, svg } of plots) writeFileSync(join(SOURCES.plots, `${name}.svg`), svg);
  const swarms = new SwarmResults(SOURCES.swarmResults).read();
  writeFileSync(SOURCES.report, writePage(reports, plots, swarmSection(swarms)));
  process.stdout.write(`${SOURCES.report} is written from ${reports.length} runs.\n`);
}
