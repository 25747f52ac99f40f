import { parentPort, workerData } from 'node:worker_threads';
import { grow } from '../phases.ts';
import { World } from '../world.ts';
import type { SmallGrowth } from './lockstep.fixture.ts';
import { ThreadShard } from './shared-memory.ts';
import type { ThreadData } from './threads.ts';

/** A shard that lets its part of a small network grow and tells its digest. */
const { memory, index, task } = workerData as ThreadData<SmallGrowth>;
const world = new World(task.options, new ThreadShard(memory, index));
grow(world, task.peers, task.settleMs);
parentPort?.postMessage(world.digest.hex);
