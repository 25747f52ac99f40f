import type { Report } from '../report.ts';
import { grouped } from '../results.ts';
import { FULL } from '../suite.ts';
import { type Summary, summarize } from '../summary.ts';
import { BARS, type Bar, type Unit, isReached, runsFor } from './bars.ts';
import { formatBar, formatFigure, table } from './format.ts';
import type { Plot } from './plots.ts';
import { PUBLISHED } from './published.ts';

/** A column of a table of runs. */
interface Column {
  readonly head: string;
  readonly figure: string;
  readonly unit: Unit;
}

/** Columns of every scenario. */
const COMMON: readonly Column[] = [
  { head: 'success', figure: 'success', unit: 'share' },
  { head: 'hops', figure: 'hops.mean', unit: 'hops' },
  { head: 'hops p99', figure: 'hops.p99', unit: 'count' },
  { head: 'p50', figure: 'latencyMs.p50', unit: 'ms' },
  { head: 'p99', figure: 'latencyMs.p99', unit: 'ms' },
  { head: 'frames per lookup', figure: 'messagesPerLookup', unit: 'count' },
  { head: 'upkeep', figure: 'upkeepBytesPerNodePerSecond', unit: 'bytes' },
  { head: 'records found', figure: 'recordsFound', unit: 'share' },
  { head: 'links', figure: 'links', unit: 'count' },
];

/** Options that every run has, told where they are not as usual. */
const USUAL: Readonly<Record<string, number | string>> = {
  linkTarget: 40,
  latencyMs: 68,
  brokenPairs: 0,
  frameLoss: 0,
};

/** The report as Markdown; `swarms` are the paragraphs about simulated swarms. */
export function writePage(reports: readonly Report[], plots: readonly Plot[], swarms: readonly string[] = []): string {
  const summaries = summariesOf(reports);
  const names = new Set([...FULL.runs.map(([name = '']) => name), ...summaries.map(({ scenario }) => scenario)]);
  const scenarios = [...names].filter((name) => summaries.some(({ scenario }) => scenario === name));
  return [
    '# What the simulator measured',
    INTRODUCTION,
    '## The bars',
    'Mean ± population standard deviation over the seeds. “not run” means that no run of that size was kept.',
    barsTable(summaries),
    '## Beside what others published',
    'Settings differ, and so do simulators: read the figures as a scale, not as a race. Ours are of the largest network kept.',
    publishedTable(summaries),
    ...swarms,
    '## Distributions',
    ...plots.map(({ name, caption }) => `![${caption}](plots/${name}.svg)`),
    '## Scenario by scenario',
    ...scenarios.flatMap((scenario) => [`### ${scenario}`, ...scenarioSection(summaries, scenario)]),
    '## What it cost to simulate',
    'Wall clock and memory of the machine that ran it. Runs beside other work say little.',
    costTable(summaries),
    '## Violations',
    violations(summaries),
    '',
  ].join('\n\n');
}

const INTRODUCTION = `Written by \`npm run sim:report\` from the runs in \`results/\`; do not edit it. \`npm run sim:report -- --full\` runs
the sizes at which the bars stand, \`npm run sim -- <scenario> … --keep\` adds a single run, and
\`npm run sim:report -- --only-write\` writes this page again from what is there.

The simulator runs the shipping overlay machines on a virtual clock. Peers join through five introductions and learn the
rest from each other. Latencies are like those of the King data: peers live in seven regions of a plane and have access
lines of their own, routes of pairs differ by some 12 %, and the median over random pairs is 68 ms one way, p90 twice
that. A link takes 1.5 to 3 s to open, sessions are Weibull with shape 0.5, and 60 % of the leavers say nothing. Churn is measured
once a mean session has passed, and its upkeep while nobody asks for anything. A lookup succeeds when the peer that it names
lives and no living peer is closer to the key. After every run the checkers look for lost records, tables over their bounds, operations
never answered, and frames that vanished.`;

/** Groups of runs that differ by their seed alone. */
export function summariesOf(reports: readonly Report[]): Summary[] {
  return grouped(reports).map(summarize);
}

function barsTable(summaries: readonly Summary[]): string {
  const rows = BARS.map((bar) => {
    const runs = runsFor(bar, summaries);
    const reached = isReached(bar, runs);
    const mark = reached === undefined ? '' : reached ? 'yes' : '**no**';
    return [bar.what, sizeOf(runs), barOf(bar), figureOf(runs, bar), mark, bar.published];
  });
  return table(['what', 'peers × seeds', 'bar', 'measured', 'reached', 'best published'], rows);
}

function barOf({ atLeast, atMost, unit }: Bar): string {
  if (atLeast === 1) return 'all';
  return atLeast === undefined ? `≤ ${formatBar(atMost ?? 0, unit)}` : `≥ ${formatBar(atLeast, unit)}`;
}

function publishedTable(summaries: readonly Summary[]): string {
  const rows = PUBLISHED.map((other) => {
    const runs = runsFor(other, summaries);
    return [other.what, other.theirs, `${other.setting} (${other.source})`, figureOf(runs, other), sizeOf(runs)];
  });
  return table(['what', 'theirs', 'setting and source', 'ours', 'peers × seeds'], rows, false);
}

function figureOf(runs: Summary | undefined, { figure, unit }: Pick<Column, 'figure' | 'unit'>): string {
  const value = runs?.figures[figure];
  return runs && value ? formatFigure(value, unit, runs.seeds.length) : 'not run';
}

function sizeOf(runs: Summary | undefined): string {
  return runs ? `${runs.nodes.toLocaleString('en')} × ${runs.seeds.length}` : '';
}

function scenarioSection(all: readonly Summary[], scenario: string): string[] {
  const summaries = all.filter((each) => each.scenario === scenario);
  const columns = COMMON.filter(({ figure }) => summaries.some(({ figures }) => figure in figures));
  const main = table(
    ['peers × seeds', 'options', ...columns.map(({ head }) => head)],
    summaries.map((runs) => [sizeOf(runs), optionsOf(runs), ...columns.map((column) => cellOf(runs, column))]),
  );
  const own = ownFigures(summaries);
  const more = table(
    ['further figures', ...summaries.map((runs) => `${sizeOf(runs)} ${optionsOf(runs)}`.trim())],
    own.map((figure) => [figure, ...summaries.map((runs) => cellOf(runs, { figure, unit: unitOf(figure) }))]),
  );
  return own.length === 0 ? [main] : [main, more];
}

function cellOf(runs: Summary, { figure, unit }: Pick<Column, 'figure' | 'unit'>): string {
  const value = runs.figures[figure];
  return value ? formatFigure(value, unit, runs.seeds.length) : '';
}

/** Figures of a scenario alone. Tables within tables, such as figures by second, are left to the results themselves. */
function ownFigures(summaries: readonly Summary[]): string[] {
  const names = new Set(summaries.flatMap(({ figures }) => Object.keys(figures)));
  return [...names].filter((name) => !SHARED.test(name) && name.split('.').length <= 2);
}

/** Figures that every report has. */
const SHARED =
  /^(joined|lookups|success|hops\..*|latencyMs\..*|messagesPerLookup|upkeepBytesPerNodePerSecond|recordsFound|wallMs|lookedUpWallMs|peakRssMb|links|virtualMs)$/;

function unitOf(figure: string): Unit {
  if (/success|share|found|stored$|lost|delivered$/i.test(figure)) return 'share';
  if (/^upkeepByType|bytesPer/i.test(figure)) return 'bytes';
  return /ms(\.|$)/i.test(figure) ? 'ms' : 'count';
}

function optionsOf({ options }: Summary): string {
  return Object.entries(options)
    .filter(([name, value]) => USUAL[name] !== value)
    .map(([name, value]) => (name === 'linkTarget' ? `${value} links` : `${name} ${value}`))
    .join(', ');
}

function costTable(summaries: readonly Summary[]): string {
  const columns: Column[] = [
    { head: 'virtual time', figure: 'virtualMs', unit: 'seconds' },
    { head: 'wall clock', figure: 'wallMs', unit: 'seconds' },
    { head: 'until all had joined and looked up', figure: 'lookedUpWallMs', unit: 'seconds' },
    { head: 'memory', figure: 'peakRssMb', unit: 'megabytes' },
  ];
  const rows = summaries.map((runs) => [
    [runs.scenario, optionsOf(runs)].filter((part) => part !== '').join(', '),
    sizeOf(runs),
    ...columns.map((column) => cellOf(runs, column)),
  ]);
  return table(['scenario', 'peers × seeds', ...columns.map(({ head }) => head)], rows);
}

function violations(summaries: readonly Summary[]): string {
  const found = summaries.flatMap((runs) =>
    runs.violations.map((sentence) => `- ${runs.scenario}, ${sizeOf(runs)}, ${sentence}`),
  );
  return found.length === 0 ? 'None in any run.' : found.join('\n');
}
