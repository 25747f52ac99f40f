import { type Rng, seededRng } from '../../shared/src/machine.ts';
import { median } from '../bench/figures.ts';
import type { World } from '../harness/world.ts';
import { Crowd } from './crowd.ts';
import { type Comparison, compare, realWays, simulatedWays } from './hops.ts';
import { idleShares } from './meters.ts';
import type { Measurements } from './report.ts';
import { Storm, type StormOptions } from './storm.ts';

export interface SoakOptions extends StormOptions {
  readonly seed: number;
  /** Networks in which the hops of lookups are compared with the simulator's. */
  readonly comparisons: readonly { readonly tabs: number; readonly links: number }[];
  /** Lookups of each comparison. */
  readonly lookups: number;
  /** How long tabs are watched doing nothing; 0 leaves it out. [s] */
  readonly idle: number;
}

/** Told what is going on, for people who wait. */
export type Say = (text: string) => void;

/** Links of the tabs that are watched doing nothing. */
const IDLE_LINKS = 20;

/** How long tabs may take to settle when nobody comes or goes any more. [ms] */
const SETTLE_TIMEOUT_MS = 120_000;

/** Tabs are at rest when what they do falls by less than this share from one look to the next. New links are measured, and told of, for a minute. */
const REST_SHARE = 0.1;

/** Looks after which they are taken as they are. */
const MAX_IDLE_LOOKS = 6;

/** Keeps tabs working while others come and go, then lets them rest and measures what they do at rest. */
export async function soak(world: World, options: SoakOptions, say: Say): Promise<Measurements> {
  const { tabs, minutes, churn, seed } = options;
  const rng = seededRng(seed);
  const storm = new Storm(world, options, rng);
  await storm.crowd.gather(tabs);
  say(`${tabs} tabs are open; one is replaced every ${churn} s for ${minutes} min`);
  const happened = await storm.rage();
  say(`${happened.operations.length} operations, ${happened.failures.length} failed`);
  const idle = options.idle > 0 ? await watchIdle(storm.crowd, options.idle, say) : undefined;
  await storm.crowd.endAll();
  const comparisons: Comparison[] = [];
  for (const each of options.comparisons) {
    say(`comparing hops with the simulator's: ${each.tabs} tabs, ${each.links} links`);
    const crowd = await gatherBudgeted(world, each.tabs, each.links);
    comparisons.push(await compareHops(crowd, each.links, options.lookups, rng));
    await crowd.endAll();
  }
  return { options: { tabs, minutes, churn, seed }, ...happened, idle, comparisons };
}

/** Leaves as many tabs as it takes for the right number of links, and watches them do nothing. */
async function watchIdle(crowd: Crowd, seconds: number, say: Say): Promise<Measurements['idle']> {
  for (const member of crowd.members.slice(IDLE_LINKS + 1)) await crowd.end(member, 'close');
  // A pair that could not connect while the machine was busy is tried again in minutes: what counts is what is there.
  await crowd.untilFullyLinked(SETTLE_TIMEOUT_MS).catch(() => say('not every pair of the tabs is linked'));
  let shares: number[] = [];
  for (let look = 0; look < MAX_IDLE_LOOKS; look++) {
    say(`watching ${crowd.members.length} tabs do nothing for ${seconds} s`);
    const before = median(shares);
    shares = await idleShares(crowd.members, 1000 * seconds);
    if (median(shares) > (1 - REST_SHARE) * before) break;
  }
  return { links: median(await crowd.links()), shares };
}

/** A network of tabs with a budget of links that is smaller than it, as yet unsettled. */
export async function gatherBudgeted(world: World, tabs: number, links: number): Promise<Crowd> {
  const crowd = new Crowd(world, links, () => undefined);
  await crowd.gather(tabs);
  return crowd;
}

/** Lookups over a network of tabs once it has settled, and over one of the same size in the simulator. */
export async function compareHops(crowd: Crowd, links: number, lookups: number, rng: Rng): Promise<Comparison> {
  await crowd.untilAtRest(SETTLE_TIMEOUT_MS);
  const real = await realWays(crowd, lookups, rng);
  const tabs = crowd.members.length;
  return compare(tabs, links, real, await simulatedWays(tabs, links));
}
