import type { Key, NodeId } from '../../../shared/src/ids.ts';
import { shuffle } from '../../../shared/src/machine.ts';
import { quantity } from '../options.ts';
import { startUpkeep } from '../phases.ts';
import { defineScenario } from '../scenario.ts';
import type { SimNode } from '../sim-node.ts';
import { rounded } from '../statistics.ts';
import { Truth } from '../truth.ts';
import { drain, evenly, lookUp, newTally, pick, randomKey, successOf } from '../workload.ts';
import type { World } from '../world.ts';

/** Organic lookups between the first link and the measurement. */
const ORGANIC = 100;

/** Introductions that each half's own server gives. [peers] */
const INTRODUCTIONS = 5;

/** Peers that join each half per second. */
const JOINS_PER_S = 10;

/** Each half settles for this long. [ms] */
const SETTLE_MS = 60_000;

/** The lookups across start within this. [ms] */
const MEASURE_MS = 5_000;

/** Two halves that never heard of each other grow apart; one link joins them; then lookups must cross. */
export const partition = defineScenario({
  name: 'partition',
  about: 'two networks that never met are joined by one link; lookups across after 100 organic ones',
  options: { pace: quantity(4, 'organic lookups per second after the link', 0.01, 1_000) },
  defaults: { nodes: 200, links: 32 },
  run(world, { nodes, lookups, pace }) {
    const near = growHalf(world, nodes >> 1);
    const far = growHalf(world, nodes - (nodes >> 1));
    const truth = Truth.of(world.alive);
    const [bridge, pier] = [pick(world.rng, near), pick(world.rng, far)];
    if (bridge && pier) world.connect(bridge, pier);
    const stopUpkeep = startUpkeep(world);
    const organic = newTally();
    const span = (1000 * ORGANIC) / pace;
    const everyone = world.alive;
    evenly(world, ORGANIC, span, () => {
      const asker = pick(world.rng, everyone);
      if (asker) lookUp(world, asker, organic, { truth });
    });
    world.run(world.now + span);
    const merging = stopUpkeep();
    const tally = newTally();
    const ids = new Set<NodeId>(near.map(({ contact }) => contact.id));
    evenly(world, lookups, MEASURE_MS, (index) => {
      const isNear = index % 2 === 0;
      const asker = pick(world.rng, isNear ? near : far);
      if (asker)
        lookUp(
          world,
          asker,
          tally,
          { truth },
          keyOwned(world, truth, (owner) => ids.has(owner) !== isNear),
        );
    });
    world.run(world.now + MEASURE_MS);
    drain(world, () => tally.open);
    const extra = {
      organicSuccess: successOf(organic),
      mergeSeconds: rounded(span / 1000),
      mergeBytesPerNodePerSecond: Math.round(merging.bytesPerNodePerSecond),
    };
    return { tally, extra };
  },
});

/** A network around a server of its own. */
function growHalf(world: World, count: number): SimNode[] {
  const half: SimNode[] = [];
  const span = (1000 * count) / JOINS_PER_S;
  evenly(world, count, span, () => {
    const introductions = shuffle(world.rng, [...half]).slice(0, INTRODUCTIONS);
    half.push(world.spawn(introductions.map(({ contact }) => contact)));
  });
  world.run(world.now + span + SETTLE_MS);
  return half;
}

/** A random key with an owner that is wanted. */
function keyOwned(world: World, truth: Truth, isWanted: (owner: NodeId) => boolean): Key {
  for (;;) {
    const key = randomKey(world.rng);
    const owner = truth.closest(key);
    if (owner === undefined || isWanted(owner)) return key;
  }
}
