import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import type { Tab } from '../harness/tab.ts';
import { holds, median, table, type Figure } from './figures.ts';
import { callToFrame, firstByteAfter, firstLoad, goneAfter, joinedAfter, openTimedTab } from './latency.ts';
import { inWorld, MB, say } from './lab.ts';
import { largeDownload } from './large.ts';
import { machines } from './machines.ts';
import { overlayMachine } from './overlay.ts';
import { crowdedServer } from './server.ts';
import { oneToFour, oneToOne, seeding } from './swarm.ts';
import { longestTasks } from './tasks.ts';

/** Runs of everything that takes seconds. */
const CALL_RUNS = 5;
const TABS = 10;

async function joining(): Promise<Figure[]> {
  return inWorld(async (world) => {
    const inTurn: number[] = [];
    const tabs: Tab[] = [];
    for (let i = 0; i < TABS; i++) {
      const tab = await openTimedTab(world);
      tabs.push(tab);
      if (i >= 3) inTurn.push(await joinedAfter(tab));
      else if (i > 0) await tab.joined(i);
      else await tab.started();
    }
    const crashed = await goneAfter(tabs[9] as Tab, tabs.slice(0, 9), () => (tabs[9] as Tab).crash());
    const closed = await goneAfter(tabs[8] as Tab, tabs.slice(0, 8), () => (tabs[8] as Tab).close());
    return [
      {
        what: 'page open to joined with 3 links, 4th to 10th tab',
        unit: 'ms',
        runs: inTurn,
        bar: { is: 'under', value: 2000 },
      },
      { what: 'contacts gone after a tab was closed', unit: 'ms', runs: [closed] },
      {
        what: 'contacts gone after a tab was killed',
        unit: 'ms',
        runs: [crashed],
        bar: { is: 'under', value: 15_000 },
      },
    ];
  });
}

async function joiningAtOnce(): Promise<Figure[]> {
  return inWorld(async (world) => {
    const tabs = await Promise.all(Array.from({ length: TABS }, () => openTimedTab(world)));
    const times = await Promise.all(tabs.map((tab) => joinedAfter(tab)));
    return [{ what: 'page open to joined with 3 links, ten tabs at once', unit: 'ms', runs: times }];
  });
}

async function openingLinks(): Promise<Figure[]> {
  return inWorld(async (world) => {
    const [seed] = await world.openJoinedTabs(4, 3);
    if (!seed) return [];
    const times: number[] = [];
    for (let run = 0; run < CALL_RUNS; run++) {
      const file = await world.files.make(`link-${run}.bin`, 4 * MB, 1000 + run);
      const infoHash = await seed.share([file.path]);
      const tab = await openTimedTab(world, `f=${infoHash}&n=${file.name}`);
      times.push(await firstByteAfter(tab));
      await tab.close();
    }
    return [
      { what: 'share link opened to first byte, new tab', unit: 'ms', runs: times, bar: { is: 'under', value: 1500 } },
    ];
  });
}

async function calling(): Promise<Figure[]> {
  return inWorld(async (world) => {
    const [caller, callee] = await world.openJoinedTabs(2, 1);
    if (!caller || !callee) return [];
    const times: number[] = [];
    for (let run = 0; run < CALL_RUNS; run++) times.push(await callToFrame(caller, callee));
    return [{ what: 'call to first decoded remote frame', unit: 'ms', runs: times }];
  });
}

async function loading(): Promise<Figure[]> {
  return inWorld(async (world) => {
    const { toRun, inAll } = await firstLoad(world);
    return [
      { what: 'first load of the page, gzipped', unit: 'kB', runs: [toRun / 1000], bar: { is: 'at most', value: 120 } },
      { what: 'first load and what is fetched behind it, gzipped', unit: 'kB', runs: [inAll / 1000] },
    ];
  });
}

/** Each is given the number of tabs that a server is measured with. */
const PARTS: Readonly<Record<string, (tabs: number) => Promise<Figure[]>>> = {
  load: loading,
  join: joining,
  'join-at-once': joiningAtOnce,
  link: openingLinks,
  call: calling,
  'one-to-one': oneToOne,
  'one-to-four': oneToFour,
  tasks: longestTasks,
  seeding,
  large: largeDownload,
  machines,
  overlay: overlayMachine,
  server: crowdedServer,
};

/** Names for several parts at once. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  swarm: ['one-to-one', 'one-to-four', 'tasks', 'seeding', 'large'],
};

const OPTIONS = {
  /** Of the part `server`. Two quiet cores take a minute or two for so many. */
  tabs: { type: 'string', default: '5000' },
  json: { type: 'boolean', default: false },
} as const;

/** Measures the named parts, or all. Resolves to whether every part could be measured. */
export async function bench(args: readonly string[]): Promise<boolean> {
  const { values, positionals: names } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  const tabs = Number(values.tabs);
  if (!Number.isInteger(tabs) || tabs < 1) {
    say(`--tabs takes a number of tabs, not ${values.tabs}.`);
    return false;
  }
  const named = names.flatMap((name) => (Object.hasOwn(GROUPS, name) ? (GROUPS[name] ?? []) : [name]));
  const unknown = named.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length > 0) {
    say(`No part ${unknown.join(', ')}. There are: ${[...Object.keys(GROUPS), ...Object.keys(PARTS)].join(', ')}.`);
    return false;
  }
  const figures: Figure[] = [];
  let isWhole = true;
  for (const [name, measure] of Object.entries(PARTS)) {
    if (named.length > 0 && !named.includes(name)) continue;
    say(`measuring: ${name}`);
    try {
      figures.push(...(await measure(tabs)));
    } catch (error) {
      isWhole = false;
      say(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}`;
  if (values.json) {
    const results = figures.map((each) => ({ ...each, median: median(each.runs), holds: holds(each) }));
    process.stdout.write(`${JSON.stringify({ machine, results }, undefined, 2)}\n`);
  } else {
    process.stdout.write(`\n${machine}\n\n${table(figures)}\n`);
  }
  return isWhole;
}
