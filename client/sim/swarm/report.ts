import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Figures } from '../report.ts';
import { mean, spread } from '../statistics.ts';
import { KINDS, type KindOptions, type SwarmKind } from './kinds.ts';

/** What a run of a swarm prints: one object, on one line with `--json`. */
export interface SwarmReport extends KindOptions {
  readonly scenario: 'swarm';
  readonly kind: string;
  readonly figures: Figures;
  readonly violations: readonly string[];
  readonly virtualMs: number;
  /** Processor time of the run. [ms] */
  readonly cpuMs: number;
}

/** A figure that the project wants to reach. */
interface SwarmBar {
  readonly what: string;
  readonly kind: string;
  /** Leechers; the bar is about runs of this size. */
  readonly nodes: number;
  /** Name among the figures, with dots. */
  readonly figure: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly unit: 'share' | 'times' | 'blocks';
}

/** Every bar that a simulated swarm is measured by. */
export const SWARM_BARS: readonly SwarmBar[] = [
  bar("a free-rider's rate, of a contributor's, after six rounds", 'freeride', 50, 'freeRiderShare', 0.25, 'share'),
  bar('a super-seed uploads until 10 leechers are done', 'seed', 10, 'seedCopies', 1.1, 'times'),
  bar('the same for 100 leechers', 'seed', 100, 'seedCopies', 1.2, 'times'),
  bar('100 leechers are done, of the fluid bound', 'completion', 100, 'timesBound', 1.3, 'times'),
  bar('the same with a seed no better than a leecher', 'scarce', 100, 'timesBound', 1.3, 'times'),
  bar('100 leechers are done in version 2, where each block is verified', 'verified', 100, 'timesBound', 1.3, 'times'),
  bar('last 1 % of a download, of its time (mean)', 'tail', 20, 'tailShare.mean', 0.03, 'share'),
  bar('duplicate bytes', 'tail', 20, 'duplicateShare', 0.005, 'share'),
  bar('a poisoner of version 2 costs a peer at most, in blocks', 'poison', 20, 'mostWastedBlocks', 1, 'blocks'),
  bar('the same with what is lost on its way (mean)', 'poison', 20, 'sentBlocks', 1, 'blocks'),
  bar(
    'one that sends 1, 8 or 64 right blocks first costs a peer at most, of these and one more',
    'betrayal',
    20,
    'mostLostShare',
    1,
    'times',
  ),
  bar(
    'poisoners that give no hashes, and come 5 s before any seed, cost a peer at most, in blocks',
    'refuse',
    20,
    'mostLostBlocks',
    1,
    'blocks',
  ),
  {
    what: 'seeds leave after one copy is out: all finish',
    kind: 'leave',
    nodes: 10,
    figure: 'doneShare',
    atLeast: 1,
    unit: 'share',
  },
];

function bar(
  what: string,
  kind: string,
  nodes: number,
  figure: string,
  atMost: number,
  unit: SwarmBar['unit'],
): SwarmBar {
  return { what, kind, nodes, figure, atMost, unit };
}

/** Runs a kind once. */
export function runSwarm(kind: SwarmKind, options: KindOptions): SwarmReport {
  const before = process.cpuUsage();
  const { figures, violations, virtualMs } = kind.run(options);
  const cpuMs = Math.round(process.cpuUsage(before).user / 1000);
  return { scenario: 'swarm', kind: kind.name, ...options, figures, violations, virtualMs, cpuMs };
}

/** Runs that were kept, one on a line. */
export class SwarmResults {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  keep(report: SwarmReport): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    appendFileSync(this.#file, `${JSON.stringify(report)}\n`);
  }

  /** Of runs that differ in nothing, the last. */
  read(): SwarmReport[] {
    if (!existsSync(this.#file)) return [];
    const byCommand = new Map<string, SwarmReport>();
    for (const line of readFileSync(this.#file, 'utf8').split('\n')) {
      if (!line.startsWith('{')) continue;
      const report = JSON.parse(line) as SwarmReport;
      byCommand.set([report.kind, report.nodes, report.mib, report.seed].join(' '), report);
    }
    return [...byCommand.values()];
  }
}

/** The section of REPORT.md about swarms. Empty without runs. */
export function swarmSection(reports: readonly SwarmReport[]): string[] {
  if (reports.length === 0) return [];
  const rows = SWARM_BARS.map((each) => {
    const runs = reports.filter(({ kind, nodes }) => kind === each.kind && nodes === each.nodes);
    const values = runs.map((run) => figureOf(run.figures, each.figure)).filter((value) => value !== undefined);
    const middle = mean(values);
    const isReached =
      (each.atMost === undefined || middle <= each.atMost) && (each.atLeast === undefined || middle >= each.atLeast);
    const size = runs[0] ? `${each.nodes} × ${runs[0].mib} MiB × ${runs.length}` : '';
    const measured = runs.length === 0 ? 'not run' : `${format(middle, each)} ± ${format(spread(values), each)}`;
    const limit = each.atMost === undefined ? `≥ ${format(each.atLeast ?? 0, each)}` : `≤ ${format(each.atMost, each)}`;
    return `| ${each.what} | \`--kind ${each.kind}\` | ${size} | ${limit} | ${measured} | ${runs.length === 0 ? '' : isReached ? 'yes' : '**no**'} |`;
  });
  return [
    '## Swarms',
    INTRODUCTION,
    [
      '| what | run | leechers × file × seeds | bar | measured | reached |',
      '| --- | --- | ---: | ---: | ---: | ---: |',
      ...rows,
    ].join('\n'),
    violationsOf(reports),
  ];
}

const INTRODUCTION = `\`npm run sim -- swarm --kind KIND --nodes N --seed S\` runs the shipping torrent machines on access lines of a
virtual clock: a line sends one message at a time, of its links in turn, receivers hold back senders by a window, and a
link is 10 to 60 ms one way. Nobody stores, and only \`poison\`, \`betrayal\`, \`refuse\` and \`verified\` hash. A leecher sends 1,000 kB/s and takes 4,000, the
seed of \`completion\`, \`verified\` and \`tail\` sends 4,000; in \`freeride\` 250 and 1,000 and a seed of 500, one leecher in ten gives
nothing, and the first minute is left out, in which nobody knows who gives. Poisoners send 20,000 each. \`refuse\` is run with two
that refuse hashes, with one that never answers, and with one of either; its pieces have 64 blocks, and its seed comes 5 s after all others.
Everybody else comes within 2 s, and all have at most 40 links. The fluid bound is max(F/us, N·F/(us+Σu), F/d).`;

function violationsOf(reports: readonly SwarmReport[]): string {
  const found = reports.flatMap(({ kind, nodes, seed, violations }) =>
    violations.map((sentence) => `- ${kind}, ${nodes} leechers, seed ${seed}: ${sentence}`),
  );
  return found.length === 0 ? 'In every run kept everyone finished who should.' : found.join('\n');
}

function figureOf(figures: Figures, name: string): number | undefined {
  let value: Figures[string] | undefined = figures;
  for (const part of name.split('.')) value = typeof value === 'object' ? value?.[part] : undefined;
  return typeof value === 'number' ? value : undefined;
}

function format(value: number, { unit }: SwarmBar): string {
  if (unit === 'blocks') return String(Number(value.toFixed(2)));
  return unit === 'times' ? `${Number(value.toFixed(3))}×` : `${Number((100 * value).toFixed(2))} %`;
}

/** How to name the kinds on a command line. */
export function swarmUsage(): string {
  return [
    'Usage: npm run sim -- swarm --kind KIND [--nodes N] [--mib FILE] [--seed S] [--seeds R] [--json] [--keep]',
    '',
    ...[...KINDS.values()].map(
      ({ name, about, nodes, mib }) => `  ${name.padEnd(12)}${about}; ${nodes} leechers, ${mib} MiB`,
    ),
  ].join('\n');
}
