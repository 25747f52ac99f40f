import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ID_BYTES, type NodeId, nodeIdFromBytes } from '../../shared/src/ids.ts';
import { type Rng, randomBytes } from '../../shared/src/machine.ts';
import { ROOT } from '../harness/root.ts';
import { nearest } from './census.ts';
import type { Crowd } from './crowd.ts';
import { type Answer, type Request, perform } from './door.ts';

/** Seeds of the simulations that are compared with, whose mean counts: ids are drawn anew in each. */
const SEEDS = [1, 2, 3, 4, 5];

/** Lookups of each simulation. */
const SIMULATED_LOOKUPS = 400;

/** One-way latency of the simulated network. [ms] All tabs are on one machine. */
const LATENCY_MS = 1;

/** Ways of lookups over a network of one size. */
export interface Ways {
  readonly lookups: number;
  /** Share of the lookups that named the closest peer of all. */
  readonly success: number;
  /** Mean of the hops that a question took; 0 where the asker is the closest itself. */
  readonly hops: number;
  /** Mean links of a peer. */
  readonly links: number;
}

/** The same measured twice. */
export interface Comparison {
  readonly nodes: number;
  readonly linkTarget: number;
  readonly real: Ways;
  readonly simulated: Ways;
  /** Hops in reality over hops in the simulator. */
  readonly ratio: number;
}

/** Has the tabs of a settled crowd look `count` random keys up, in turn. */
export async function realWays(crowd: Crowd, count: number, rng: Rng): Promise<Ways> {
  const { members } = crowd;
  const ids = members.map(({ id }) => id);
  const links = await crowd.links();
  const hops: number[] = [];
  let succeeded = 0;
  for (let i = 0; i < count; i++) {
    const member = members[i % members.length];
    if (!member) throw new Error('a crowd without a tab');
    const key = nodeIdFromBytes(randomBytes(rng, ID_BYTES));
    const answer: Answer = await member.tab.page.evaluate(perform, { kind: 'lookup', key } satisfies Request);
    const expected = nearest(key, ids);
    if ((answer.ids?.[0] as NodeId | undefined) === expected) succeeded++;
    if (answer.hops !== undefined) hops.push(expected === member.id ? 0 : answer.hops);
  }
  return { lookups: count, success: succeeded / count, hops: mean(hops), links: mean(links) };
}

/** The shipping overlay in the simulator, grown to the same number of peers with the same budget of links. */
export async function simulatedWays(nodes: number, linkTarget: number): Promise<Ways> {
  const reports = [];
  for (const seed of SEEDS) reports.push(await simulate(nodes, linkTarget, seed));
  return {
    lookups: reports.reduce((sum, { lookups }) => sum + lookups, 0),
    success: mean(reports.map(({ success }) => success)),
    hops: mean(reports.map((report) => report.hops.mean)),
    links: mean(reports.map(({ links }) => links)),
  };
}

export function compare(nodes: number, linkTarget: number, real: Ways, simulated: Ways): Comparison {
  return { nodes, linkTarget, real, simulated, ratio: real.hops / simulated.hops };
}

interface SimulatorReport {
  readonly lookups: number;
  readonly success: number;
  readonly links: number;
  readonly hops: { readonly mean: number };
}

async function simulate(nodes: number, linkTarget: number, seed: number): Promise<SimulatorReport> {
  const options = { nodes, links: linkTarget, seed, lookups: SIMULATED_LOOKUPS, latency: LATENCY_MS };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const cli = join(ROOT, 'dist/client/sim/cli.js');
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'growth', ...args, '--json']);
  return JSON.parse(stdout) as SimulatorReport;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
