import type { Inspection } from './inspect.ts';
import type { RecordLedger } from './records.ts';
import { rounded } from './statistics.ts';
import { type LookupTally, successOf } from './workload.ts';

/** Figures by name; null where there was nothing to measure. */
export interface Figures {
  readonly [name: string]: number | null | Figures;
}

/** What a run prints: one object, on one line with `--json`. */
export interface Report {
  readonly scenario: string;
  readonly nodes: number;
  readonly seed: number;
  readonly digest: string;
  readonly joined: number;
  readonly lookups: number;
  /** Null when nothing was looked up. */
  readonly success: number | null;
  readonly hops: { readonly mean: number; readonly p50: number; readonly p99: number };
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly messagesPerLookup: number | null;
  readonly upkeepBytesPerNodePerSecond: number | null;
  /** Share of the records put that were found again. This figure and the two above are null where a scenario does not measure them. */
  readonly recordsFound: number | null;
  readonly wallMs: number;
  readonly peakRssMb: number;
  /** Of `wallMs`, until all had joined and the measured lookups were over; null where they are not a run's first work. */
  readonly lookedUpWallMs: number | null;
  /** Mean over the living peers. */
  readonly links: number;
  readonly virtualMs: number;
  /** Sentences about what must hold and does not. Empty in a sound run. */
  readonly violations: readonly string[];
  /** Figures of this scenario alone. */
  readonly extra: Figures;
  /** What the run was told besides size and seed: the scenario's own options and the world's. */
  readonly options: Readonly<Record<string, number | string>>;
  /** Lookups by hops, and by latency in steps of LATENCY_BIN_MS. */
  readonly histograms: { readonly hops: readonly number[]; readonly latencyMs: readonly number[] };
}

/** Width of a step of the latency histogram. [ms] */
export const LATENCY_BIN_MS = 25;

/** What lies beyond these counts into the last step: the hop limit, and 2 s. */
const HOP_BINS = 25;
const LATENCY_BINS = 80;

/** What a scenario measured. What it leaves out is reported as null. */
export interface Measured {
  readonly tally: LookupTally;
  readonly messagesPerLookup?: number | null;
  readonly upkeepBytesPerNodePerSecond?: number | null;
  /** Records that the run put, for the figure `recordsFound` and for the checkers. */
  readonly ledger?: RecordLedger;
  readonly extra: Figures;
  /** When all had joined and the measured lookups were over, on the clock of `performance.now`. [ms] */
  readonly lookedUpAt?: number;
  /** What this scenario found broken, as sentences. */
  readonly violations?: readonly string[];
}

/** What is known of a run besides what its scenario measured. */
export interface RunFacts {
  readonly scenario: string;
  readonly nodes: number;
  readonly seed: number;
  readonly digest: string;
  readonly options: Report['options'];
  readonly virtualMs: number;
  /** When it began and ended, on the clock of `performance.now`. [ms] */
  readonly startedAt: number;
  readonly endedAt: number;
  readonly peakRssMb: number;
}

export function makeReport(run: RunFacts, measured: Measured, inspection: Inspection): Report {
  const { tally } = measured;
  return {
    scenario: run.scenario,
    nodes: run.nodes,
    seed: run.seed,
    digest: run.digest,
    joined: inspection.joined,
    lookups: tally.lookups,
    success: successOf(tally),
    hops: { mean: rounded(tally.hops.mean), p50: tally.hops.percentile(0.5), p99: tally.hops.percentile(0.99) },
    latencyMs: {
      p50: Math.round(tally.latencies.percentile(0.5)),
      p95: Math.round(tally.latencies.percentile(0.95)),
      p99: Math.round(tally.latencies.percentile(0.99)),
    },
    messagesPerLookup: roundedOrNull(measured.messagesPerLookup, 1),
    upkeepBytesPerNodePerSecond: roundedOrNull(measured.upkeepBytesPerNodePerSecond, 0),
    recordsFound: inspection.recordsFound,
    wallMs: Math.round(run.endedAt - run.startedAt),
    peakRssMb: Math.round(run.peakRssMb),
    lookedUpWallMs: measured.lookedUpAt === undefined ? null : Math.round(measured.lookedUpAt - run.startedAt),
    links: rounded(inspection.links),
    virtualMs: Math.round(run.virtualMs),
    violations: [...inspection.violations, ...(measured.violations ?? [])],
    extra: measured.extra,
    options: run.options,
    histograms: {
      hops: withoutTail(tally.hops.histogram(1, HOP_BINS)),
      latencyMs: withoutTail(tally.latencies.histogram(LATENCY_BIN_MS, LATENCY_BINS)),
    },
  };
}

function withoutTail(counts: readonly number[]): number[] {
  return counts.slice(0, counts.findLastIndex((each) => each > 0) + 1);
}

function roundedOrNull(value: number | null | undefined, digits: number): number | null {
  return value === null || value === undefined ? null : rounded(value, digits);
}

/** The report as lines for people. */
export function formatReport(report: Report): string {
  const { histograms: _, ...figures } = report;
  const rows = Object.entries(figures).map(([name, value]): [string, string] => [name, format(value)]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function format(value: unknown): string {
  if (value === null) return 'not measured';
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join('; ');
  const parts = Object.entries(value).map(
    ([name, part]) => `${name} ${typeof part === 'object' ? `(${format(part)})` : String(part)}`,
  );
  return parts.length === 0 ? 'none' : parts.join(', ');
}
