import { parentPort, workerData } from 'node:worker_threads';
import { ThreadShard } from './shared-memory.ts';
import type { ThreadData } from './threads.ts';

/** What shards hand each other, and how much goes in one step. */
export interface ExchangeTask {
  /** Of the array that the shard of the row has for that of the column, in each exchange. [bytes] */
  readonly lengths: readonly (readonly (readonly number[])[])[];
  /** This shard fails before the first exchange. */
  readonly failing?: number;
}

/** A shard that hands over arrays of given lengths, and posts what it got: as many of which byte. */
const { memory, index, task } = workerData as ThreadData<ExchangeTask>;
if (index === task.failing) throw new Error(`Shard ${index} fails.`);
const shard = new ThreadShard(memory, index);
const got = task.lengths.map((ofStep, step) => {
  const mark = (from: number, to: number): number => (64 * (step + 1) + 8 * from + to) & 255;
  const own = ofStep[index] ?? [];
  const given = shard.exchange(own.map((length, to) => new Uint8Array(length).fill(mark(index, to))));
  return given.map((bytes, from) => {
    const isRight = from === index || bytes.every((byte) => byte === mark(from, index));
    return isRight ? bytes.length : -1;
  });
});
parentPort?.postMessage(got);
