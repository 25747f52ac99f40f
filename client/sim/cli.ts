import { parseArgs } from 'node:util';
import { measureForwarding } from './forwarding.ts';
import { formatReport, makeReport } from './report.ts';
import { DEFAULT_SCENARIO, type ScenarioOptions } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { World } from './world.ts';

const USAGE = `Usage: npm run sim -- <${[...SCENARIOS.keys(), 'forwarding'].join(' | ')}> [--nodes N] [--seed S] [--lookups L]
  [--dead SHARE] [--session SECONDS] [--latency MS] [--links TARGET] [--broken SHARE] [--json]`;

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string' },
    seed: { type: 'string' },
    lookups: { type: 'string' },
    dead: { type: 'string' },
    session: { type: 'string' },
    latency: { type: 'string' },
    links: { type: 'string' },
    broken: { type: 'string' },
    json: { type: 'boolean' },
  },
});

const name = positionals[0] ?? '';
if (name === 'forwarding') {
  measureForwarding(100_000, () => performance.now());
  const { microsPerMessage } = measureForwarding(300_000, () => performance.now());
  process.stdout.write(
    `${JSON.stringify({ scenario: name, microsPerMessage: Number(microsPerMessage.toFixed(2)) })}\n`,
  );
  process.exit(0);
}
const scenario = SCENARIOS.get(name);
if (!scenario) {
  process.stderr.write(`${USAGE}\n`);
  process.exit(1);
}

const linkTarget = Number(values.links ?? DEFAULT_SCENARIO.world.linkTarget);
const options: ScenarioOptions = {
  nodes: Number(values.nodes ?? DEFAULT_SCENARIO.nodes),
  seed: Number(values.seed ?? DEFAULT_SCENARIO.seed),
  lookups: Number(values.lookups ?? DEFAULT_SCENARIO.lookups),
  dead: Number(values.dead ?? DEFAULT_SCENARIO.dead),
  session: Number(values.session ?? DEFAULT_SCENARIO.session),
  world: {
    ...DEFAULT_SCENARIO.world,
    latencyMs: Number(values.latency ?? DEFAULT_SCENARIO.world.latencyMs),
    brokenPairs: Number(values.broken ?? DEFAULT_SCENARIO.world.brokenPairs),
    linkTarget,
    linkHard: Math.max(linkTarget, Math.round(1.6 * linkTarget)),
  },
};

const startedAt = performance.now();
const world = new World({ ...options.world, seed: options.seed });
const measured = scenario(world, options);
const peakRssMb = process.resourceUsage().maxRSS / 1024;
const run = { scenario: name, nodes: options.nodes, seed: options.seed, linkHard: options.world.linkHard };
const report = makeReport(run, world, measured, performance.now() - startedAt, peakRssMb);
process.stdout.write(`${values.json ? JSON.stringify(report) : formatReport(report)}\n`);
if (report.violations.length > 0) process.exitCode = 1;
