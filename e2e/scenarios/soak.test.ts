import { expect } from 'vitest';
import { seededRng } from '../../shared/src/machine.ts';
import { scenario } from '../harness/scenario.ts';
import { World } from '../harness/world.ts';
import { BARS, failureLines } from '../soak/report.ts';
import { compareHops, gatherBudgeted, soak } from '../soak/soak.ts';

/** Budget of the network in which hops are compared: smaller than the network, so that lookups have a way to go. */
const LINKS = 4;

scenario(
  'while tabs are closed and killed and others come, every lookup, put and get succeeds; at rest hops are as simulated',
  async (world) => {
    const calm = await World.open();
    world.onClose(() => calm.close());
    // The second network settles while the first is in the storm.
    const still = await gatherBudgeted(calm, 10, LINKS);
    const options = { tabs: 8, minutes: 0.5, churn: 4, seed: 1, comparisons: [], lookups: 0, idle: 0 };
    const run = await soak(world, options, () => undefined);
    const { real, simulated, ratio } = await compareHops(still, LINKS, 300, seededRng(1));

    expect(failureLines(run)).toEqual([]);
    expect(run.operations.length).toBeGreaterThan(100);
    expect([run.closed, run.crashed].every((count) => count >= 3)).toBe(true);
    expect(real.success).toBe(1);
    expect(simulated.success).toBe(1);
    expect(Math.abs(ratio - 1)).toBeLessThanOrEqual(BARS.hops);
  },
  { timeoutMs: 240_000 },
);
