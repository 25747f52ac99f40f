import { shortId } from '../../shared/src/ids.ts';
import { median } from '../bench/figures.ts';
import type { Comparison } from './hops.ts';
import { OPERATION_KINDS, type Instant, type Operation, type OperationKind } from './journal.ts';
import type { LinkSample } from './meters.ts';
import type { Failure } from './verdict.ts';

/** Promises of the project that a soak holds it to. */
export const BARS = {
  /** Least share of operations that do what they promise. */
  success: 0.999,
  /** Most that hops in reality and in the simulator may differ. [share of the simulator's] */
  hops: 0.15,
  /** Most processor time of an idle tab. [share of a core] */
  idle: 0.015,
  /**
   * Most growth of a heap from its first fifth of samples to the last. [share] Medians of a heap at rest differ by 5 %;
   * over the 120 peers that come and go in ten minutes this is less than 5 kB kept of each.
   */
  heap: 0.1,
} as const;

/** What one kind of operation came to. */
export interface Tally {
  readonly kind: OperationKind;
  readonly count: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Everything that a run measured. */
export interface Measurements {
  readonly options: { readonly tabs: number; readonly minutes: number; readonly churn: number; readonly seed: number };
  readonly startedAt: Instant;
  readonly endedAt: Instant;
  readonly closed: number;
  readonly crashed: number;
  readonly opened: number;
  readonly cutShort: number;
  readonly operations: readonly Operation[];
  readonly failures: readonly Failure[];
  readonly links: readonly LinkSample[];
  /** Heap of the tab that lived through it all. [bytes] */
  readonly heap: { readonly first: number; readonly last: number; readonly samples: readonly number[] } | undefined;
  readonly idle: { readonly links: number; readonly shares: readonly number[] } | undefined;
  readonly comparisons: readonly Comparison[];
}

/** One promise, and whether this run kept it. */
export interface Check {
  readonly what: string;
  readonly measured: number;
  readonly bar: string;
  readonly holds: boolean;
}

/** Failures that a report tells one by one. */
const TOLD_FAILURES = 20;

/** Of the peers that a failed lookup named, these. */
const TOLD_CLOSEST = 4;

export function tallies({ operations, failures }: Measurements): Tally[] {
  return OPERATION_KINDS.map((kind) => {
    const ms = operations.filter((each) => each.kind === kind).map((each) => each.ms);
    const failed = failures.filter((failure) => failure.operation.kind === kind).length;
    return { kind, count: ms.length, failed, p50Ms: percentile(ms, 0.5), p99Ms: percentile(ms, 0.99) };
  });
}

/** Mean hops of the lookups of the whole run, 0 where the asker is the closest itself. */
export function meanHops(operations: readonly Operation[]): number {
  const lookups = operations.filter((each) => each.kind === 'lookup' && each.error === undefined);
  const sum = lookups.reduce((hops, each) => hops + (each.kind === 'lookup' ? hopsOf(each) : 0), 0);
  return sum / lookups.length;
}

function hopsOf({ asker, closest, hops }: Extract<Operation, { kind: 'lookup' }>): number {
  return closest[0] === asker ? 0 : hops;
}

/** Every promise that the run could test. */
export function checks(run: Measurements): Check[] {
  const share = 1 - run.failures.length / run.operations.length;
  const found: Check[] = [
    {
      what: 'operations that succeeded',
      measured: share,
      bar: `>= ${percent(BARS.success)}`,
      holds: share >= BARS.success,
    },
  ];
  if (run.heap) {
    const growth = run.heap.last / run.heap.first - 1;
    found.push({
      what: 'growth of the heap',
      measured: growth,
      bar: `<= ${percent(BARS.heap)}`,
      holds: run.heap.last <= run.heap.first * (1 + BARS.heap),
    });
  }
  if (run.idle) {
    const idle = median(run.idle.shares);
    const what = `core used by an idle tab with ${run.idle.links} links`;
    found.push({ what, measured: idle, bar: `<= ${percent(BARS.idle)}`, holds: idle <= BARS.idle });
  }
  for (const { nodes, linkTarget, real, ratio } of run.comparisons) {
    found.push({
      what: `lookups at rest that named the closest, ${nodes} tabs with ${linkTarget} links`,
      measured: real.success,
      bar: `>= ${percent(BARS.success)}`,
      holds: real.success >= BARS.success,
    });
    const what = `hops over the simulator's, ${nodes} tabs with ${linkTarget} links`;
    found.push({
      what,
      measured: ratio,
      bar: `within ${percent(BARS.hops)} of 1`,
      holds: Math.abs(ratio - 1) <= BARS.hops,
    });
  }
  return found;
}

/** The report as text for people. */
export function formatReport(run: Measurements): string {
  const { tabs, minutes, churn, seed } = run.options;
  return [
    `${tabs} tabs, ${minutes} min, one closed without warning and one opened every ${churn} s, seed ${seed}`,
    `${run.opened} opened, ${run.closed} closed, ${run.crashed} killed; ${run.cutShort} operations ended with their tab`,
    '',
    ...columns([
      ['operation', 'count', 'failed', 'success', 'p50', 'p99'],
      ...tallies(run).map((each) => [
        each.kind,
        String(each.count),
        String(each.failed),
        percent(1 - each.failed / each.count),
        `${each.p50Ms.toFixed(1)} ms`,
        `${each.p99Ms.toFixed(1)} ms`,
      ]),
    ]),
    '',
    `mean hops of the lookups under churn: ${meanHops(run.operations).toFixed(2)}`,
    `operations that failed: ${run.failures.length}`,
    ...failureLines(run),
    '',
    ...linkLines(run),
    ...heapLines(run),
    ...(run.idle ? [idleLine(run.idle)] : []),
    ...comparisonLines(run.comparisons),
    '',
    ...columns([
      ['promise', 'measured', 'bar', 'kept'],
      ...checks(run).map(({ what, measured, bar, holds }) => [
        what,
        bar.startsWith('within') ? measured.toFixed(2) : percent(measured),
        bar,
        holds ? 'yes' : 'NO',
      ]),
    ]),
  ].join('\n');
}

/** The report as one object for programs. */
export function toJson(run: Measurements): Record<string, unknown> {
  return {
    ...run.options,
    opened: run.opened,
    closed: run.closed,
    crashed: run.crashed,
    cutShort: run.cutShort,
    operations: tallies(run),
    meanHops: meanHops(run.operations),
    failures: run.failures.slice(0, TOLD_FAILURES).map((failure) => describeFailure(failure, run.startedAt)),
    links: run.links.map((sample) => ({ ...sample, at: Math.round(sample.at - run.startedAt) })),
    heap: run.heap,
    idle: run.idle,
    comparisons: run.comparisons,
    checks: checks(run),
  };
}

function describeFailure({ operation, why }: Failure, startedAt: Instant): Record<string, unknown> {
  const { kind, asker, from, ms } = operation;
  const closest = operation.kind === 'lookup' ? operation.closest.slice(0, TOLD_CLOSEST).map(shortId) : undefined;
  const key = 'key' in operation ? operation.key : undefined;
  return {
    at: Math.round(from - startedAt),
    kind,
    key,
    asker: asker && shortId(asker),
    ms: Math.round(ms),
    why,
    closest,
  };
}

/** The first failures, a line each. */
export function failureLines({ failures, startedAt }: Measurements): string[] {
  return failures.slice(0, TOLD_FAILURES).map((failure) => JSON.stringify(describeFailure(failure, startedAt)));
}

/** At most ten samples, evenly over the run. */
function linkLines({ links, startedAt }: Measurements): string[] {
  const step = Math.max(1, Math.ceil(links.length / 10));
  return columns([
    ['links of a tab', 'tabs', 'least', 'median', 'most'],
    ...links
      .filter((_, index) => index % step === 0)
      .map((each) => [
        `after ${Math.round((each.at - startedAt) / 1000)} s`,
        ...[each.tabs, each.min, each.median, each.max].map(String),
      ]),
  ]);
}

function heapLines({ heap }: Measurements): string[] {
  if (!heap) return [];
  const { first, last, samples } = heap;
  return [
    `heap of the oldest tab: ${megabytes(first)} at first, ${megabytes(last)} at last (${samples.length} samples)`,
  ];
}

function idleLine({ links, shares }: NonNullable<Measurements['idle']>): string {
  return `idle tab with ${links} links: ${percent(median(shares))} of a core, at most ${percent(Math.max(...shares))}`;
}

function comparisonLines(comparisons: readonly Comparison[]): string[] {
  return comparisons.map(
    ({ nodes, linkTarget, real, simulated, ratio }) =>
      `${nodes} peers with a budget of ${linkTarget} links: ${real.hops.toFixed(2)} hops over ${real.links.toFixed(1)} links in ` +
      `reality (${percent(real.success)} of ${real.lookups}), ${simulated.hops.toFixed(2)} over ${simulated.links.toFixed(1)} in ` +
      `the simulator, ratio ${ratio.toFixed(2)}`,
  );
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The value below which `share` of `values` lie (nearest rank); NaN for none. */
function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
