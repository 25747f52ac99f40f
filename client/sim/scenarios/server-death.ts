import { randomBelow } from '../../../shared/src/machine.ts';
import type { Measured } from '../report.ts';
import { type ScenarioOptions, grow, measureLookups } from '../scenario.ts';
import type { SimNode } from '../sim-node.ts';
import type { World } from '../world.ts';

/** Pairs without a link that try to open one after the server died. */
const PAIRS = 50;

/** Virtual time between the server's death and the measurement. [ms] */
const AFTER_DEATH_MS = 120_000;

/** The server dies. Lookups go on, and peers without a link reach each other by routed messages. */
export function serverDeath(world: World, { nodes, lookups }: ScenarioOptions): Measured {
  grow(world, nodes);
  world.isServerUp = false;
  world.run(world.now + AFTER_DEATH_MS);
  let reached = 0;
  let tried = 0;
  for (let i = 0; i < PAIRS; i++) {
    const pair = unlinkedPair(world);
    if (!pair) break;
    tried++;
    const [from, to] = pair;
    const payload = new Uint8Array([0]);
    world.operate(
      from,
      { kind: 'route', target: to.contact.id, protocol: 'signal', payload, timeoutMs: 10_000 },
      (result) => {
        if (result.kind === 'route') reached++;
      },
    );
  }
  world.run(world.now + 15_000);
  const { tally, messagesPerLookup } = measureLookups(world, lookups);
  const extra = { signalsDelivered: reached, signalsTried: tried };
  return { tally, messagesPerLookup, upkeepBytesPerNodePerSecond: null, recordsFound: null, extra };
}

function unlinkedPair(world: World): [SimNode, SimNode] | undefined {
  const { alive } = world;
  for (let i = 0; i < 1_000; i++) {
    const from = alive[randomBelow(world.rng, alive.length)];
    const to = alive[randomBelow(world.rng, alive.length)];
    if (from && to && from !== to && !from.links.has(to.contact.id)) return [from, to];
  }
  return undefined;
}
