import { type Rng, randomBelow, randomUnit } from '../../../shared/src/machine.ts';
import type { Measured } from '../report.ts';
import { type ScenarioOptions, grow, measureUpkeep } from '../scenario.ts';
import { Truth } from '../truth.ts';
import { lookUp, newTally } from '../workload.ts';
import type { World } from '../world.ts';

/** Share of leavings without BYE. Between the figures for tabs and for BitTorrent sessions (Stutzbach 2006). */
const UNGRACEFUL = 0.6;

/** Shape of the session lengths (Stutzbach and Rejaie 2006: 0.34 to 0.59). */
const WEIBULL_SHAPE = 0.5;

/** Mean of a Weibull variable of shape 0.5 and scale 1: Γ(3). */
const WEIBULL_MEAN = 2;

/** How long peers come and go while lookups run. [ms] */
const CHURN_MS = 300_000;

/** Peers come and go at a constant population; lookups all the while. */
export function churn(world: World, { nodes, lookups, session }: ScenarioOptions): Measured {
  grow(world, nodes, 10_000);
  for (const { contact } of world.alive) endLater(world, contact.id, session);
  const tally = newTally();
  const start = world.now;
  for (let i = 0; i < lookups; i++) {
    world.at(start + (i * CHURN_MS) / lookups, () => {
      const settled = world.alive.filter(({ joinedAt }) => joinedAt !== undefined && world.now - joinedAt > SETTLED_MS);
      const asker = settled[randomBelow(world.rng, Math.max(1, settled.length))];
      if (asker) lookUp(world, asker, new Truth(settled.map(({ contact }) => contact.id)), tally, 'recursive');
    });
  }
  const upkeep = measureUpkeep(world, CHURN_MS);
  world.run(world.now + 20_000);
  return { tally, messagesPerLookup: null, upkeepBytesPerNodePerSecond: upkeep, recordsFound: null, extra: {} };
}

/** A newcomer counts as part of the network after this. [ms] Its own links take seconds to open. */
const SETTLED_MS = 15_000;

function endLater(world: World, id: Parameters<World['nodes']['get']>[0], meanSeconds: number): void {
  world.at(world.now + 1000 * sessionSeconds(world.rng, meanSeconds), () => {
    const node = world.nodes.get(id);
    if (!node?.isAlive) return;
    if (randomUnit(world.rng) < UNGRACEFUL) world.kill(node);
    else world.leave(node);
    endLater(world, world.spawn().contact.id, meanSeconds);
  });
}

function sessionSeconds(rng: Rng, meanSeconds: number): number {
  return (meanSeconds / WEIBULL_MEAN) * (-Math.log(1 - randomUnit(rng))) ** (1 / WEIBULL_SHAPE);
}
