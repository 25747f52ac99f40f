import { parentPort, workerData } from 'node:worker_threads';
import { shareFrameMemory } from '../../src/overlay/frame-memory.ts';
import { runScenario } from '../run.ts';
import { SCENARIOS } from '../scenarios/index.ts';
import { ThreadShard } from './shared-memory.ts';
import type { RunTask, ThreadData } from './threads.ts';

const { memory, index, task } = workerData as ThreadData<RunTask>;
const scenario = SCENARIOS.get(task.scenario);
if (!scenario) throw new Error(`There is no scenario '${task.scenario}'.`);
shareFrameMemory();
parentPort?.postMessage(runScenario(scenario, task.settings, new ThreadShard(memory, index)));
