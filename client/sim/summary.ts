import type { Figures, Report } from './report.ts';
import { mean, rounded, spread } from './statistics.ts';

/** One figure over several runs. */
export interface Spread {
  readonly mean: number;
  /** Population standard deviation. */
  readonly spread: number;
}

/** Several runs of one scenario that differ by their seed alone. */
export interface Summary {
  readonly scenario: string;
  readonly nodes: number;
  readonly options: Report['options'];
  readonly seeds: readonly number[];
  /** By name, parts joined by a dot: `hops.mean`. Of the runs that measured it. */
  readonly figures: Readonly<Record<string, Spread>>;
  readonly violations: readonly string[];
}

/** What a report says that is no measurement. */
const NOT_MEASURED: ReadonlySet<string> = new Set([
  'scenario',
  'nodes',
  'seed',
  'digest',
  'violations',
  'options',
  'histograms',
]);

/** Significant enough for shares near 1 and for bytes alike. */
const DIGITS = 5;

/** Mean and spread of every figure of `reports`, which are of one scenario and size. */
export function summarize(reports: readonly Report[]): Summary {
  const values = new Map<string, number[]>();
  for (const report of reports) {
    for (const [name, value] of numbersOf(report)) {
      const soFar = values.get(name);
      if (soFar) soFar.push(value);
      else values.set(name, [value]);
    }
  }
  const figures = [...values].map(([name, all]) => [
    name,
    { mean: rounded(mean(all), DIGITS), spread: rounded(spread(all), DIGITS) },
  ]);
  return {
    scenario: reports[0]?.scenario ?? '',
    nodes: reports[0]?.nodes ?? 0,
    options: reports[0]?.options ?? {},
    seeds: reports.map(({ seed }) => seed),
    figures: Object.fromEntries(figures),
    violations: reports.flatMap(({ seed, violations }) => violations.map((sentence) => `seed ${seed}: ${sentence}`)),
  };
}

/** The numbers in a report by name. */
function numbersOf(report: Report): [string, number][] {
  const { extra, ...rest } = report;
  const own = Object.entries(rest).filter(([name]) => !NOT_MEASURED.has(name));
  return [...leaves(Object.fromEntries(own) as Figures, ''), ...leaves(extra, '')];
}

function leaves(figures: Figures, prefix: string): [string, number][] {
  return Object.entries(figures).flatMap(([name, value]): [string, number][] => {
    if (value === null) return [];
    if (typeof value === 'number') return [[prefix + name, value]];
    return leaves(value, `${prefix}${name}.`);
  });
}

/** Mean and spread as lines for people. */
export function formatSummary({ scenario, nodes, seeds, figures, violations }: Summary): string {
  const names = Object.keys(figures);
  const width = Math.max(...names.map((name) => name.length));
  return [
    `${scenario}, ${nodes} peers, seeds ${seeds.join(', ')}: mean ± spread`,
    ...names.map((name) => `${name.padEnd(width)}  ${formatSpread(figures[name] as Spread)}`),
    `${'violations'.padEnd(width)}  ${violations.length === 0 ? 'none' : violations.join('; ')}`,
  ].join('\n');
}

export function formatSpread({ mean: middle, spread: around }: Spread): string {
  return `${middle} ± ${around}`;
}
