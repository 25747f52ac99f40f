import type { Report } from './report.ts';

/** A report of a sound small run, changed as a test needs it. */
export function reportOf(change: Partial<Report> = {}): Report {
  return {
    scenario: 'growth',
    nodes: 100,
    seed: 1,
    digest: '0123456789abcdef',
    joined: 100,
    lookups: 1_000,
    success: 1,
    hops: { mean: 2, p50: 2, p99: 3 },
    latencyMs: { p50: 100, p95: 200, p99: 300 },
    messagesPerLookup: null,
    upkeepBytesPerNodePerSecond: 500,
    recordsFound: 1,
    wallMs: 1_000,
    peakRssMb: 100,
    lookedUpWallMs: 800,
    links: 32,
    virtualMs: 60_000,
    violations: [],
    extra: {},
    options: { linkTarget: 32 },
    histograms: { hops: [10, 400, 500, 90], latencyMs: [0, 0, 100, 500, 300, 100] },
    ...change,
  };
}
