import { parseArgs } from 'node:util';
import { count, readOption } from '../options.ts';
import { KINDS, type SwarmKind } from './kinds.ts';
import { type SwarmReport, runSwarm, swarmUsage } from './report.ts';

/** What the command has to do with the outside. */
export interface SwarmSurroundings {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Adds a run to those that REPORT.md is written from. */
  readonly keepSwarm: (report: SwarmReport) => void;
}

/** `npm run sim -- swarm …`: returns the exit code, 1 when the command was wrong or a swarm did not finish. */
export function swarmCommand(args: readonly string[], { print, complain, keepSwarm }: SwarmSurroundings): number {
  const command = readCommand(args);
  if (typeof command === 'string') {
    complain(`${command}\n\n${swarmUsage()}`);
    return 1;
  }
  const { kind, nodes, mib, seed, seeds, isJson, isKept } = command;
  let isSound = true;
  for (let i = 0; i < seeds; i++) {
    const report = runSwarm(kind, { nodes, mib, seed: seed + i });
    if (isKept) keepSwarm(report);
    print(isJson ? JSON.stringify(report) : formatReport(report));
    isSound &&= report.violations.length === 0;
  }
  return isSound ? 0 : 1;
}

interface SwarmCommand {
  readonly kind: SwarmKind;
  readonly nodes: number;
  readonly mib: number;
  readonly seed: number;
  readonly seeds: number;
  readonly isJson: boolean;
  readonly isKept: boolean;
}

/** A sentence when the arguments are no command. */
function readCommand(args: readonly string[]): SwarmCommand | string {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean', default: false } as const;
  let given;
  try {
    const options = { kind: text, nodes: text, mib: text, seed: text, seeds: text, json: flag, keep: flag };
    given = parseArgs({ args: [...args], options }).values;
  } catch (error) {
    return error instanceof Error ? error.message : 'That is no command.';
  }
  const kind = KINDS.get(given.kind ?? '');
  if (!kind) return given.kind === undefined ? 'swarm needs a --kind.' : `There is no kind '${given.kind}'.`;
  const specs = {
    nodes: count(kind.nodes, 'leechers', 1, 1000),
    mib: count(kind.mib, 'size of the file [MiB]', 1, 1024),
    seed: count(1, 'of all randomness', 0, 2 ** 31),
    seeds: count(1, 'runs, with as many seeds'),
  };
  const numbers = { nodes: 0, mib: 0, seed: 0, seeds: 0 };
  for (const name of ['nodes', 'mib', 'seed', 'seeds'] as const) {
    const read = readOption(name, specs[name], given[name] ?? String(specs[name].default));
    if ('problem' in read) return read.problem;
    numbers[name] = Number(read.value);
  }
  return { kind, ...numbers, isJson: given.json, isKept: given.keep };
}

function formatReport({ kind, nodes, mib, seed, figures, violations, virtualMs, cpuMs }: SwarmReport): string {
  const head = `${kind}: ${nodes} leechers, ${mib} MiB, seed ${seed}: ${(virtualMs / 1000).toFixed(1)} s of virtual time`;
  return [
    `${head}, ${(cpuMs / 1000).toFixed(1)} s of processor time`,
    `  ${JSON.stringify(figures)}`,
    ...violations,
  ].join('\n');
}
