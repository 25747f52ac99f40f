import type { Scenario } from '../scenario.ts';
import { adversary } from './adversary.ts';
import { brokenPairs } from './broken-pairs.ts';
import { churn } from './churn.ts';
import { growth } from './growth.ts';
import { hotKey } from './hot-key.ts';
import { partition } from './partition.ts';
import { serverDeath } from './server-death.ts';
import { staticDeath } from './static.ts';
import { storm } from './storm.ts';

/** Every scenario by the name it has on the command line. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map(
  [growth, staticDeath, churn, hotKey, serverDeath, brokenPairs, partition, storm, adversary].map((scenario) => [
    scenario.name,
    scenario,
  ]),
);
