import { violations } from './checkers.ts';
import { mean, percentile, rounded } from './statistics.ts';
import type { LookupTally } from './workload.ts';
import type { World } from './world.ts';

/** What a run prints: one object, on one line with `--json`. */
export interface Report {
  readonly scenario: string;
  readonly nodes: number;
  readonly seed: number;
  readonly digest: string;
  readonly joined: number;
  readonly links: number;
  readonly lookups: number;
  /** Null when nothing was looked up. */
  readonly success: number | null;
  readonly hops: { readonly mean: number; readonly p50: number; readonly p99: number };
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly messagesPerLookup: number | null;
  readonly upkeepBytesPerNodePerSecond: number | null;
  /** Share of the records put that were found again. This figure and the two above are null where a scenario does not measure them. */
  readonly recordsFound: number | null;
  readonly virtualMs: number;
  readonly wallMs: number;
  readonly peakRssMb: number;
  /** Sentences about what must hold and does not. Empty in a sound run. */
  readonly violations: readonly string[];
  /** Figures of this scenario alone. */
  readonly extra: Readonly<Record<string, number>>;
}

/** What a scenario measured. */
export interface Measured {
  readonly tally: LookupTally;
  readonly messagesPerLookup: number | null;
  readonly upkeepBytesPerNodePerSecond: number | null;
  readonly recordsFound: number | null;
  readonly extra: Readonly<Record<string, number>>;
}

export function makeReport(
  run: { readonly scenario: string; readonly nodes: number; readonly seed: number; readonly linkHard: number },
  world: World,
  measured: Measured,
  wallMs: number,
  peakRssMb: number,
): Report {
  const { tally } = measured;
  const { alive } = world;
  return {
    scenario: run.scenario,
    nodes: run.nodes,
    seed: run.seed,
    digest: world.digest.hex,
    joined: alive.filter(({ overlay }) => overlay.snapshot().isJoined).length,
    links: rounded(mean(alive.map(({ overlay }) => overlay.links))),
    lookups: tally.lookups,
    success: tally.lookups === 0 ? null : rounded(tally.succeeded / tally.lookups, 5),
    hops: { mean: rounded(mean(tally.hops)), p50: percentile(tally.hops, 0.5), p99: percentile(tally.hops, 0.99) },
    latencyMs: {
      p50: Math.round(percentile(tally.latencies, 0.5)),
      p95: Math.round(percentile(tally.latencies, 0.95)),
      p99: Math.round(percentile(tally.latencies, 0.99)),
    },
    messagesPerLookup: roundedOrNull(measured.messagesPerLookup, 1),
    upkeepBytesPerNodePerSecond: roundedOrNull(measured.upkeepBytesPerNodePerSecond, 0),
    recordsFound: roundedOrNull(measured.recordsFound, 4),
    virtualMs: Math.round(world.now),
    wallMs: Math.round(wallMs),
    peakRssMb: Math.round(peakRssMb),
    violations: violations(world, run.linkHard),
    extra: measured.extra,
  };
}

function roundedOrNull(value: number | null, digits: number): number | null {
  return value === null ? null : rounded(value, digits);
}

/** The report as lines for people. */
export function formatReport(report: Report): string {
  const rows = Object.entries(report).map(([name, value]): [string, string] => [name, format(value)]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function format(value: unknown): string {
  if (value === null) return 'not measured';
  if (typeof value === 'string') return value;
  if (typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join('; ');
  const parts = Object.entries(value).map(([name, part]) => `${name} ${String(part)}`);
  return parts.length === 0 ? 'none' : parts.join(', ');
}
