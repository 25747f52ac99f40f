import type { Millis } from '../../../shared/src/machine.ts';
import { startGrowth } from '../phases.ts';
import { World, type WorldOptions } from '../world.ts';
import type { Shard } from './shard.ts';

/** The shards of one network in one thread: whoever drives them exchanges for them. */
export function shardedWorlds(options: WorldOptions, count: number): World[] {
  return Array.from({ length: count }, (_, index) => {
    const shard: Shard = {
      index,
      count,
      exchange: () => {
        throw new Error('These shards do not wait for each other.');
      },
    };
    return new World(options, shard);
  });
}

/** Runs all shards to `until`, window by window. */
export function runInLockstep(worlds: readonly World[], until: Millis): void {
  const running = worlds.map((world) => world.windows(until));
  for (;;) {
    const given = running.map((each) => each.next());
    if (given.some(({ done }) => done)) return;
    // By sender and receiver. Each shard's own bytes are good until it goes on.
    const outgoing = given.map(({ value }) => (value as readonly Uint8Array[]).map((bytes) => bytes.slice()));
    worlds.forEach((world, to) => world.receive(outgoing.map((mail) => mail[to] as Uint8Array)));
  }
}

/** A network that all ways of running shards can be asked for. */
export interface SmallGrowth {
  readonly options: WorldOptions;
  readonly peers: number;
  readonly settleMs: Millis;
}

/** Lets a network grow in one thread; returns its shards. */
export function growInLockstep({ options, peers, settleMs }: SmallGrowth, count: number): World[] {
  const worlds = shardedWorlds(options, count);
  const [growthMs = 0] = worlds.map((world) => startGrowth(world, peers));
  runInLockstep(worlds, growthMs + settleMs);
  return worlds;
}
