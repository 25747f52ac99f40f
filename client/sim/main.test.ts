import { describe, expect, test } from 'vitest';
import { type Surroundings, main } from './main.ts';
import type { Report } from './report.ts';
import { reportOf } from './report.fixture.ts';
import { SCENARIOS } from './scenarios/index.ts';
import type { RunTask } from './shards/threads.ts';

/** What makes a scenario short. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  churn: ['--session', '60', '--span', '60'],
  'hot-key': ['--readers', '40'],
  'server-death': ['--hours', '0.05', '--session', '120'],
};

/** What a command did. */
interface Ran {
  readonly code: number;
  readonly out: string[];
  readonly complaints: string[];
  readonly kept: Report[];
  /** Threads of the runs for which several were wanted, and what they were to do. */
  readonly sharded: [number, RunTask][];
}

/** Runs a command as the shell would on two cores; runs apart are run here, and those in threads not at all. */
async function sim(...args: string[]): Promise<Ran> {
  const out: string[] = [];
  const complaints: string[] = [];
  const kept: Report[] = [];
  const sharded: [number, RunTask][] = [];
  const surroundings: Surroundings = {
    print: (line) => out.push(line),
    complain: (line) => complaints.push(line),
    keep: (report) => kept.push(report),
    keepSwarm: () => undefined,
    cores: 2,
    runSharded: (shards, task) => {
      sharded.push([shards, task]);
      return Promise.resolve(reportOf({ nodes: task.settings.nodes }));
    },
    runApart: async (apart) => JSON.parse((await sim(...apart)).out[0] ?? '') as Report,
  };
  return { code: await main(args, SCENARIOS, surroundings), out, complaints, kept, sharded };
}

async function report(name: string, seed: number): Promise<Report> {
  const size = ['--nodes', '12', '--lookups', '40', ...(SHORT[name] ?? [])];
  const { out } = await sim(name, ...size, '--seed', String(seed), '--json');
  expect(out).toHaveLength(1);
  return JSON.parse(out[0] ?? '') as Report;
}

describe.each([...SCENARIOS.keys()])('%s', (name) => {
  const first = lazily(() => report(name, 3));

  test('the same seed prints the same digest and figures, another seed others', async () => {
    const { wallMs: _, peakRssMb: __, lookedUpWallMs: ___, ...figures } = await first();
    expect(await report(name, 3)).toMatchObject(figures);
    expect((await report(name, 4)).digest).not.toBe(figures.digest);
  });

  test('a small network breaks no rule', async () => {
    expect((await first()).violations).toEqual([]);
  });
});

/** Makes what two tests look at once. */
function lazily<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => (made ??= make());
}

test('JSON is one object on one line, and its fields come in a fixed order', async () => {
  const { out } = await sim('growth', '--nodes', '3', '--lookups', '5', '--json');
  expect(out).toHaveLength(1);
  expect(out[0]).not.toContain('\n');
  expect(Object.keys(JSON.parse(out[0] ?? '') as object).slice(0, 14)).toEqual([
    'scenario',
    'nodes',
    'seed',
    'digest',
    'joined',
    'lookups',
    'success',
    'hops',
    'latencyMs',
    'messagesPerLookup',
    'upkeepBytesPerNodePerSecond',
    'recordsFound',
    'wallMs',
    'peakRssMb',
  ]);
});

test('several seeds print a line each and their mean and spread', async () => {
  const { code, out } = await sim('growth', '--nodes', '3', '--lookups', '5', '--seeds', '2', '--seed', '8', '--json');
  expect(code).toBe(0);
  expect(out.map((line) => (JSON.parse(line) as { seed?: number; seeds?: number[] }).seed)).toEqual([8, 9, undefined]);
  expect(JSON.parse(out[2] ?? '')).toMatchObject({ seeds: [8, 9], figures: { success: { mean: 1, spread: 0 } } });
});

test('large networks, and those for which it is said, grow in threads, which are told what to do', async () => {
  const { code, out, sharded } = await sim('growth', '--nodes', '100000', '--seed', '4', '--json');
  expect(sharded).toMatchObject([[2, { scenario: 'growth', settings: { nodes: 100_000, seed: 4 } }]]);
  expect([code, out]).toEqual([0, [JSON.stringify(reportOf({ nodes: 100_000 }))]]);
  expect((await sim('growth', '--nodes', '50', '--shards', '3')).sharded).toMatchObject([[3, { scenario: 'growth' }]]);
  const { complaints } = await sim('churn', '--shards', '2');
  expect(complaints[0]).toMatch(/^--shards is an option of growth; churn has no such option\./);
});

test('a run is kept when that is asked for', async () => {
  const { out, kept } = await sim('growth', '--nodes', '2', '--lookups', '1', '--json', '--keep');
  expect(kept).toEqual([JSON.parse(out[0] ?? '')]);
});

test('a wrong command ends with 1, a sentence and the usage', async () => {
  const { code, out, complaints } = await sim('growth', '--dead', '0.3');
  expect([code, out]).toEqual([1, []]);
  expect(complaints[0]).toMatch(/^--dead is an option of static; growth has no such option\.\n\nUsage/);
});
