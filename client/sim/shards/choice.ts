import { type NumberOption, count } from '../options.ts';
import type { Settings } from '../scenario.ts';

/** Runs of fewer peers are done by one thread: waiting for each other costs more than a second one gains. [peers] */
const SHARDED_FROM = 2_000;

/** Threads of a run when nobody says how many: the bar of the project is set for two cores. */
const DEFAULT_SHARDS = 2;

/** The option of scenarios that several threads can run together. */
export const SHARDS: NumberOption = count(
  0,
  'threads, 1 to 8, and the digest depends on them; 0: one for each core, at most 2, from 2,000 peers on',
  0,
  8,
);

/** How many threads run a scenario on a machine with so many cores. */
export function shardsOf({ nodes, own }: Pick<Settings, 'nodes' | 'own'>, cores: number): number {
  const asked = own['shards'];
  if (asked === undefined) return 1;
  if (asked !== 0) return Number(asked);
  return nodes < SHARDED_FROM ? 1 : Math.min(cores, DEFAULT_SHARDS);
}
