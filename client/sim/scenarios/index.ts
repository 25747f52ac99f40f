import type { Scenario } from '../scenario.ts';
import { churn } from './churn.ts';
import { growth } from './growth.ts';
import { serverDeath } from './server-death.ts';
import { staticDeath } from './static.ts';

/** Every scenario by the name it has on the command line. */
export const SCENARIOS: ReadonlyMap<string, Scenario> = new Map<string, Scenario>([
  ['growth', growth],
  ['static', staticDeath],
  ['churn', churn],
  ['server-death', serverDeath],
]);
