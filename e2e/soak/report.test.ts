import { expect, test } from 'vitest';
import type { NodeId } from '../../shared/src/ids.ts';
import type { Operation } from './journal.ts';
import { type Measurements, checks, formatReport, tallies } from './report.ts';

const PEER = 'a'.repeat(40) as NodeId;

function lookups(count: number): Operation[] {
  return Array.from({ length: count }, (_, i) => {
    return { kind: 'lookup', asker: PEER, from: i, to: i + 1, ms: i + 1, key: PEER, closest: [PEER], hops: 1 };
  });
}

/** A run that keeps every promise exactly, with `changes`. */
function runWith(changes: Partial<Measurements>): Measurements {
  const ways = { lookups: 300, success: 1, links: 8 };
  return {
    options: { tabs: 24, minutes: 10, churn: 5, seed: 1 },
    startedAt: 0,
    endedAt: 1,
    closed: 1,
    crashed: 1,
    opened: 26,
    cutShort: 0,
    operations: lookups(1_000),
    failures: lookups(1).map((operation) => ({ operation, why: 'timeout' })),
    links: [],
    heap: { first: 100, last: 110, samples: [100, 110] },
    idle: { links: 20, shares: [0.01, 0.015, 0.9] },
    comparisons: [
      { nodes: 24, linkTarget: 8, real: { ...ways, hops: 2.3 }, simulated: { ...ways, hops: 2 }, ratio: 1.149 },
    ],
    ...changes,
  };
}

/** Which promises a run breaks. */
function broken(changes: Partial<Measurements>): string[] {
  return checks(runWith(changes)).flatMap(({ what, holds }) => (holds ? [] : [what]));
}

test('a run exactly at its bars keeps every promise', () => {
  expect(checks(runWith({}))).toHaveLength(5);
  expect(broken({})).toEqual([]);
});

test('each promise breaks just beyond its bar', () => {
  const failures = lookups(2).map((operation) => ({ operation, why: 'timeout' }));
  expect(broken({ failures })).toEqual([expect.stringContaining('succeeded')]);
  expect(broken({ heap: { first: 100, last: 111, samples: [] } })).toEqual([expect.stringContaining('heap')]);
  expect(broken({ idle: { links: 20, shares: [0.016] } })).toEqual([expect.stringContaining('20 links')]);
  for (const ratio of [0.84, 1.16]) {
    const comparisons = runWith({}).comparisons.map((each) => ({ ...each, ratio }));
    expect(broken({ comparisons })).toEqual([expect.stringContaining('hops')]);
  }
  const missing = runWith({}).comparisons.map((each) => ({ ...each, real: { ...each.real, success: 299 / 300 } }));
  expect(broken({ comparisons: missing })).toEqual([expect.stringContaining('at rest')]);
});

test('a run without a single operation keeps no promise about them', () => {
  expect(broken({ operations: [], failures: [] })).toEqual([expect.stringContaining('succeeded')]);
});

test('percentiles are of the kind of operation, by nearest rank', () => {
  expect(tallies(runWith({})).find(({ kind }) => kind === 'lookup')).toEqual({
    kind: 'lookup',
    count: 1_000,
    failed: 1,
    p50Ms: 500,
    p99Ms: 990,
  });
});

test('the report names what failed, when and why', () => {
  expect(formatReport(runWith({}))).toMatch(/"kind":"lookup".*"why":"timeout"/);
});
