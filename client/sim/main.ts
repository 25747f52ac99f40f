import { type Command, parseCommand, usage } from './command.ts';
import { measureForwarding } from './forwarding.ts';
import { type Report, formatReport } from './report.ts';
import { runScenario } from './run.ts';
import type { Scenario } from './scenario.ts';
import { shardsOf } from './shards/choice.ts';
import type { RunTask } from './shards/threads.ts';
import { formatSummary, summarize } from './summary.ts';
import { type SwarmSurroundings, swarmCommand } from './swarm/command.ts';

/** What the command line has to do with the outside. */
export interface Surroundings extends SwarmSurroundings {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Runs the simulator once more, in a process of its own, so that runs do not share memory. */
  readonly runApart: (args: readonly string[]) => Promise<Report>;
  readonly cores: number;
  /** Runs a scenario in several threads that have a part of the peers each. */
  readonly runSharded: (shards: number, task: RunTask) => Promise<Report>;
  /** Adds a run to those that REPORT.md is written from. */
  readonly keep: (report: Report) => void;
}

/** `npm run sim -- …`: returns the exit code, 1 when something was wrong with the command or with the network. */
export async function main(
  args: readonly string[],
  scenarios: ReadonlyMap<string, Scenario>,
  surroundings: Surroundings,
): Promise<number> {
  if (args[0] === 'forwarding') return forwarding(surroundings);
  if (args[0] === 'swarm') return swarmCommand(args.slice(1), surroundings);
  const command = parseCommand(args, scenarios);
  if (command.kind === 'problem') {
    surroundings.complain(`${command.sentence}\n\n${usage(scenarios)}`);
    return 1;
  }
  if (command.seeds > 1) return runSeeds(args, command, surroundings);
  const report = await runOnce(command, surroundings);
  if (command.isKept) surroundings.keep(report);
  surroundings.print(command.isJson ? JSON.stringify(report) : formatReport(report));
  return report.violations.length > 0 ? 1 : 0;
}

function runOnce(
  { scenario, settings }: Extract<Command, { kind: 'run' }>,
  { cores, runSharded }: Surroundings,
): Report | Promise<Report> {
  const shards = shardsOf(settings, cores);
  return shards === 1 ? runScenario(scenario, settings) : runSharded(shards, { scenario: scenario.name, settings });
}

/** One run after another; as JSON a line for each and one for all of them. */
async function runSeeds(
  args: readonly string[],
  { settings, seeds, isJson }: Extract<Command, { kind: 'run' }>,
  { print, runApart }: Surroundings,
): Promise<number> {
  const reports: Report[] = [];
  for (let seed = settings.seed; seed < settings.seed + seeds; seed++) {
    // The last value given for an option counts.
    const report = await runApart([...args, '--json', '--seeds', '1', '--seed', String(seed)]);
    reports.push(report);
    if (isJson) print(JSON.stringify(report));
  }
  const summary = summarize(reports);
  print(isJson ? JSON.stringify(summary) : formatSummary(summary));
  return summary.violations.length > 0 ? 1 : 0;
}

/** What a routed message costs the peer that forwards it, without a network. */
function forwarding({ print }: Surroundings): number {
  const clock = (): number => performance.now();
  measureForwarding(100_000, clock);
  const { microsPerMessage } = measureForwarding(300_000, clock);
  print(JSON.stringify({ scenario: 'forwarding', microsPerMessage: Number(microsPerMessage.toFixed(2)) }));
  return 0;
}
