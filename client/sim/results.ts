import { appendFileSync, existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from './report.ts';

/**
 * Runs that were kept, as JSON lines in a file for each scenario, so that a run of hours is added once and the report
 * is written from what is there.
 */
export class Results {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  keep(report: Report): void {
    mkdirSync(this.#folder, { recursive: true });
    appendFileSync(join(this.#folder, `${report.scenario}.jsonl`), `${JSON.stringify(report)}\n`);
  }

  /** Every run kept. Of two runs of the same command the later one counts. */
  read(): Report[] {
    if (!existsSync(this.#folder)) return [];
    const files = readdirSync(this.#folder).filter((name) => name.endsWith('.jsonl'));
    return newest(files.toSorted().flatMap((name) => parseLines(readFileSync(join(this.#folder, name), 'utf8'))));
  }
}

/** The reports among the lines; what else a shell writes into such a file is passed over. */
export function parseLines(text: string): Report[] {
  return text.split('\n').flatMap((line) => {
    if (!line.startsWith('{')) return [];
    const read = JSON.parse(line) as Partial<Report>;
    return typeof read.digest === 'string' ? [read as Report] : [];
  });
}

/** Of runs that differ in nothing but when they ran, the last. In order of size and seed. */
export function newest(reports: readonly Report[]): Report[] {
  const byCommand = new Map<string, Report>();
  for (const report of reports) byCommand.set(`${groupName(report)} ${report.seed}`, report);
  return [...byCommand.values()].toSorted((a, b) => a.nodes - b.nodes || a.seed - b.seed);
}

/** What runs of several seeds have in common. How many threads ran them says nothing about the network. */
export function groupName({ scenario, nodes, options }: Pick<Report, 'scenario' | 'nodes' | 'options'>): string {
  const parts = Object.entries(options)
    .filter(([name]) => name !== 'shards')
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [scenario, nodes, ...parts.map(([name, value]) => `${name}=${value}`)].join(' ');
}

/** Runs that differ by their seed alone, together. */
export function grouped(reports: readonly Report[]): Report[][] {
  const groups = new Map<string, Report[]>();
  for (const report of reports) {
    const name = groupName(report);
    const group = groups.get(name);
    if (group) group.push(report);
    else groups.set(name, [report]);
  }
  return [...groups.values()];
}
