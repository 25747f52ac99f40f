import { totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Settings } from '../scenario.ts';
import { type SharedMemory, shareMemory } from './shared-memory.ts';

/** Share of the machine's memory that the heaps of all threads may have: by default V8 stops a thread at a fraction of it. */
const HEAP_SHARE = 0.9;

/**
 * Share of it that what is new may have: what a message leaves behind is gone by itself when it outlives its use there, and
 * has to be searched for in the whole heap otherwise. 2,500 peers took a fifth less
 * time with semi-spaces of 256 MB for 4 (measured: npm run sim -- growth).
 */
const YOUNG_SHARE = 1 / 8;

/** A run of a scenario, for several threads. */
export interface RunTask {
  /** As on the command line. */
  readonly scenario: string;
  readonly settings: Settings;
}

/** What a thread is told. */
export interface ThreadData<Task> {
  readonly memory: SharedMemory;
  readonly index: number;
  readonly task: Task;
}

/**
 * Runs the module `entry` in `count` threads; each posts one result, and those come back by shard. When one fails, all
 * are stopped: the others would wait for it for ever.
 */
export async function runThreads<Task, Result>(entry: URL, count: number, task: Task): Promise<Result[]> {
  const memory = shareMemory(count);
  const megabytes = totalmem() / 2 ** 20 / count;
  const resourceLimits = {
    maxOldGenerationSizeMb: Math.floor(HEAP_SHARE * megabytes),
    maxYoungGenerationSizeMb: Math.floor(YOUNG_SHARE * megabytes),
  };
  const workers = Array.from({ length: count }, (_, index) => {
    const workerData: ThreadData<Task> = { memory, index, task };
    return new Worker(entry, { workerData, resourceLimits });
  });
  try {
    return await Promise.all(workers.map((worker) => resultOf<Result>(worker)));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function resultOf<Result>(worker: Worker): Promise<Result> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`A shard ended with code ${code} and gave no result.`)));
  });
}
