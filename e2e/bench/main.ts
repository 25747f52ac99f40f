import { cpus } from 'node:os';
import type { Tab } from '../harness/tab.ts';
import { World } from '../harness/world.ts';
import { holds, median, table, type Figure } from './figures.ts';
import { callToFrame, firstByteAfter, firstLoad, goneAfter, joinedAfter, openTimedTab } from './latency.ts';
import { machines } from './machines.ts';
import { overlayMachine } from './overlay.ts';
import { rawThroughput } from './raw.ts';
import { measureTransfer, type Transfer } from './transfer.ts';

const MB = 1_000_000;
const MIB = 1024 * 1024;

/** Runs of everything that takes seconds; raw and ours alternate, because the machine is shared. */
const RUNS = 5;
const CALL_RUNS = 5;
const TABS = 10;

/** Runs `work` in a world of its own. */
async function inWorld<T>(work: (world: World) => Promise<T>): Promise<T> {
  const world = await World.open();
  try {
    return await work(world);
  } finally {
    await world.close();
  }
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Throughput: raw and ours in turn, from one page to one other or to several at once. */
async function throughput(
  receivers: number,
  bytes: number,
  highWater: number,
): Promise<{ raw: number[]; ours: Transfer[] }> {
  const raw: number[] = [];
  const ours: Transfer[] = [];
  for (let run = 0; run < RUNS; run++) {
    await inWorld(async (world) => {
      raw.push(await rawThroughput(world.browser, receivers, bytes, highWater));
      const tabs = await world.openJoinedTabs(receivers + 1, receivers);
      const [seed, ...others] = tabs as [Tab, ...Tab[]];
      ours.push(await measureTransfer(world, seed, others, bytes, run));
    });
    const [r, o] = [raw.at(-1) ?? 0, ours.at(-1)?.bytesPerSecond ?? 0];
    say(`1 to ${receivers}, run ${run + 1}: raw ${(r / MB).toFixed(1)} MB/s, ours ${(o / MB).toFixed(1)} MB/s`);
  }
  return { raw, ours };
}

async function oneToOne(): Promise<Figure[]> {
  const { raw, ours } = await throughput(1, 100 * MB, 4 * MIB);
  const rates = ours.map((each) => each.bytesPerSecond);
  return [
    { what: 'raw data channel, 1 to 1, 100 MB', unit: 'MB/s', runs: raw.map((each) => each / MB) },
    { what: 'ours, 1 to 1, 100 MB, verified and stored', unit: 'MB/s', runs: rates.map((each) => each / MB) },
    { what: 'ours over raw, 1 to 1', unit: '', runs: ratios(rates, raw), bar: { is: 'at least', value: 0.8 } },
    {
      what: 'longest main-thread task while 100 MB are moved (0: none over 50 ms)',
      unit: 'ms',
      // A promise about every task, so the worst run counts, not the middle one.
      runs: [Math.max(...ours.map((each) => each.longestTaskMs))],
      bar: { is: 'at most', value: 50 },
    },
    { what: 'download called to first byte, joined', unit: 'ms', runs: ours.flatMap((each) => each.firstByteMs) },
  ];
}

async function oneToFour(): Promise<Figure[]> {
  const { raw, ours } = await throughput(4, 50 * MB, MIB);
  const rates = ours.map((each) => each.bytesPerSecond);
  return [
    { what: 'raw data channels, 1 to 4, 50 MB each, in sum', unit: 'MB/s', runs: raw.map((each) => each / MB) },
    { what: 'ours, 1 to 4, 50 MB each, in sum', unit: 'MB/s', runs: rates.map((each) => each / MB) },
    { what: 'ours over raw, 1 to 4', unit: '', runs: ratios(rates, raw), bar: { is: 'at least', value: 0.6 } },
  ];
}

function ratios(ours: readonly number[], raw: readonly number[]): number[] {
  return ours.map((rate, run) => rate / (raw[run] ?? Number.NaN));
}

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

const PARTS: Readonly<Record<string, () => Promise<Figure[]>>> = {
  load: loading,
  join: joining,
  'join-at-once': joiningAtOnce,
  link: openingLinks,
  call: calling,
  'one-to-one': oneToOne,
  'one-to-four': oneToFour,
  machines,
  overlay: overlayMachine,
};

/** Measures the named parts, or all. Resolves to whether every part could be measured. */
export async function bench(args: readonly string[]): Promise<boolean> {
  const named = args.filter((arg) => !arg.startsWith('--'));
  const unknown = named.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length > 0) {
    say(`No part ${unknown.join(', ')}. There are: ${Object.keys(PARTS).join(', ')}.`);
    return false;
  }
  const figures: Figure[] = [];
  let isWhole = true;
  for (const [name, measure] of Object.entries(PARTS)) {
    if (named.length > 0 && !named.includes(name)) continue;
    say(`measuring: ${name}`);
    try {
      figures.push(...(await measure()));
    } catch (error) {
      isWhole = false;
      say(`${name} could not be measured: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const machine = `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), Node ${process.version}`;
  if (args.includes('--json')) {
    const results = figures.map((each) => ({ ...each, median: median(each.runs), holds: holds(each) }));
    process.stdout.write(`${JSON.stringify({ machine, results }, undefined, 2)}\n`);
  } else {
    process.stdout.write(`\n${machine}\n\n${table(figures)}\n`);
  }
  return isWhole;
}
