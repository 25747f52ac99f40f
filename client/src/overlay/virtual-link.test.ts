import { expect, test } from 'vitest';
import { MIN_PATIENCE_MS } from '../../../shared/src/limits/overlay.ts';
import { MAX_PROBES_PER_LINK, VIRTUAL_PROBE_TIMEOUT_MS } from '../../../shared/src/limits/virtual-links.ts';
import { RecordBench, ofKind, people } from './record-bench-test-kit.ts';
import { ROUTE_KIND } from './route-frame.ts';

const [self, apart, ...linked] = people as [(typeof people)[0], (typeof people)[0], ...typeof people];

/** How long probes wait that neighbours take on and nobody answers, where answers took \`ms\` so far: until others leave. */
function patienceOf(ms: number): number {
  const bench = new RecordBench(self, linked.slice(0, 12));
  if (ms >= 0) bench.measure(ms);
  bench.command({ kind: 'introduce', contacts: [apart] });
  const failed = { kind: 'linkFailed', peer: apart.id, isPeerAtFault: false, isPairBroken: true } as const;
  bench.command(failed);
  const departures: number[] = [];
  while (departures.length <= MAX_PROBES_PER_LINK) {
    for (const sent of ofKind(bench.run(100), ROUTE_KIND.probe)) {
      if (sent.frame.target !== apart.id) continue;
      bench.acknowledge(sent);
      departures.push(bench.now);
    }
  }
  return (departures[MAX_PROBES_PER_LINK] ?? 0) - (departures[0] ?? 0);
}

test('a neighbour that brings no answer is given up for another after as long as answers take, within bounds', () => {
  expect(patienceOf(-1)).toBe(VIRTUAL_PROBE_TIMEOUT_MS);
  expect(patienceOf(0)).toBe(MIN_PATIENCE_MS);
  expect(patienceOf(500)).toBeGreaterThan(MIN_PATIENCE_MS);
  expect(patienceOf(2_000)).toBe(VIRTUAL_PROBE_TIMEOUT_MS);
});
