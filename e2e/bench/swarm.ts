import type { BrowserContext } from 'playwright-core';
import type { Tab } from '../harness/tab.ts';
import type { World } from '../harness/world.ts';
import { median, type Figure } from './figures.ts';
import { inWorld, MB, MIB, say, withProcessorTime } from './lab.ts';
import { type RawTransfer, rawTransfer } from './raw.ts';
import { measureTransfer, type Transfer } from './transfer.ts';
import { WebTorrentLab } from './webtorrent.ts';

/** Runs of each; raw, WebTorrent and ours take turns, because the machine is shared. */
const RUNS = 5;

/** One transfer and what it cost. */
interface Measured extends Transfer {
  /** Processor time of all the browser's processes per 10^6 bytes that arrived. [s] */
  readonly secondsPerMb: number;
}

/** All runs of one way to move the bytes, in order. */
interface Comparison {
  readonly raw: RawTransfer[];
  readonly webtorrent: Measured[];
  readonly ours: Measured[];
}

/** From one page to one other: verified and stored, beside a bare channel and beside WebTorrent. */
export async function oneToOne(): Promise<Figure[]> {
  const { raw, webtorrent, ours } = await compare(1, 100 * MB, 4 * MIB);
  return [
    { what: 'raw data channel, 1 to 1, 100 MB', unit: 'MB/s', runs: rates(raw) },
    { what: 'WebTorrent, 1 to 1, 100 MB', unit: 'MB/s', runs: rates(webtorrent) },
    { what: 'ours, 1 to 1, 100 MB, verified and stored', unit: 'MB/s', runs: rates(ours) },
    { what: 'WebTorrent over raw, 1 to 1', unit: '', runs: ratios(webtorrent, raw) },
    { what: 'ours over raw, 1 to 1', unit: '', runs: ratios(ours, raw), bar: { is: 'at least', value: 0.92 } },
    ...costs('1 to 1', raw, webtorrent, ours),
    { what: 'WebTorrent, longest main-thread task (0: none over 50 ms)', unit: 'ms', runs: longestTasks(webtorrent) },
    { what: 'ours, longest main-thread task (0: none over 50 ms)', unit: 'ms', runs: longestTasks(ours) },
    {
      what: 'the longest of all runs',
      unit: 'ms',
      // A promise about every task, so the worst run counts, not the middle one.
      runs: [Math.max(...longestTasks(ours))],
      bar: { is: 'at most', value: 50 },
    },
    { what: 'WebTorrent, add called to first bytes', unit: 'ms', runs: firstBytes(webtorrent) },
    {
      what: 'ours, download called to first byte, joined',
      unit: 'ms',
      runs: firstBytes(ours),
      bar: { is: 'at most', value: 150 },
    },
  ];
}

/** From one page to four at once. */
export async function oneToFour(): Promise<Figure[]> {
  const { raw, webtorrent, ours } = await compare(4, 50 * MB, MIB);
  return [
    { what: 'raw data channels, 1 to 4, 50 MB each, in sum', unit: 'MB/s', runs: rates(raw) },
    { what: 'WebTorrent, 1 to 4, 50 MB each, in sum', unit: 'MB/s', runs: rates(webtorrent) },
    { what: 'ours, 1 to 4, 50 MB each, in sum', unit: 'MB/s', runs: rates(ours) },
    { what: 'WebTorrent over raw, 1 to 4', unit: '', runs: ratios(webtorrent, raw) },
    { what: 'ours over raw, 1 to 4', unit: '', runs: ratios(ours, raw), bar: { is: 'at least', value: 0.9 } },
    ...costs('1 to 4', raw, webtorrent, ours),
  ];
}

/** How long a file of 100 MB takes until its link can be given away. */
export async function seeding(): Promise<Figure[]> {
  return inWorld(async (world) => {
    const lab = await WebTorrentLab.open(() => world.newProfile());
    world.onClose(() => lab.close());
    const theirs = await lab.openPage();
    const [tab] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
    const webtorrent: number[] = [];
    const ours: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      const file = await world.files.make(`seed-${run}.bin`, 100 * MB, 500 + run);
      webtorrent.push((await lab.seed(theirs, file.path)).ms);
      ours.push(await seedOurs(tab, file.path));
    }
    return [
      { what: 'WebTorrent, seed 100 MB until the link is known', unit: 'ms', runs: webtorrent },
      {
        what: 'ours, share 100 MB until the link is known',
        unit: 'ms',
        runs: ours,
        bar: { is: 'at most', value: 1000 },
      },
    ];
  });
}

/**
 * Every page has a profile on the disk, in a browser of its own, as people have: in a private window stored files are
 * memory of the browser process, and each write goes through it (measured: 2 to 5 ms for 256 KiB instead of 0.2, and
 * 1 to 2 ms for each MB of a file that is given its length instead of 0.5 ms for all of it).
 */
async function compare(receivers: number, bytes: number, highWater: number): Promise<Comparison> {
  const comparison: Comparison = { raw: [], webtorrent: [], ours: [] };
  for (let run = 0; run < RUNS; run++) {
    await inWorld(async (world) => {
      const file = await world.files.make(`bench-${run}.bin`, bytes, run + 1);
      comparison.raw.push(await rawTransfer(() => world.newDiskProfile(), receivers, bytes, highWater));
      comparison.webtorrent.push(await withWebTorrent(world, file.path, receivers, bytes));
      comparison.ours.push(await withOurs(world, file.path, receivers, bytes));
    });
    const newest = [
      comparison.raw.at(-1)?.bytesPerSecond,
      comparison.webtorrent.at(-1)?.bytesPerSecond,
      comparison.ours.at(-1)?.bytesPerSecond,
    ];
    const [raw, webtorrent, ours] = newest.map((rate) => ((rate ?? Number.NaN) / MB).toFixed(1));
    say(`1 to ${receivers}, run ${run + 1}: raw ${raw}, WebTorrent ${webtorrent}, ours ${ours} MB/s`);
  }
  return comparison;
}

/** In pages of its own, which are closed again before ours are measured: idle pages cost, too. */
async function withWebTorrent(world: World, path: string, receivers: number, bytes: number): Promise<Measured> {
  const lab = await WebTorrentLab.open(() => world.newDiskProfile());
  try {
    const seed = await lab.openPage();
    const pages = await Promise.all(Array.from({ length: receivers }, () => lab.openPage()));
    const { magnet } = await lab.seed(seed, path);
    return await measured(lab.contexts, bytes * receivers, () => lab.transfer(magnet, pages, bytes));
  } finally {
    await lab.close();
  }
}

async function withOurs(world: World, path: string, receivers: number, bytes: number): Promise<Measured> {
  const tabs: Tab[] = [];
  for (let i = 0; i <= receivers; i++) tabs.push(await world.openTab({ context: await world.newDiskProfile() }));
  await Promise.all(tabs.map((tab) => tab.joined(receivers)));
  const [seed, ...others] = tabs as [Tab, ...Tab[]];
  const infoHash = await seed.share([path]);
  const contexts = tabs.map((tab) => tab.context);
  return measured(contexts, bytes * receivers, () => measureTransfer(seed, others, infoHash, bytes));
}

async function measured(
  contexts: readonly BrowserContext[],
  bytes: number,
  work: () => Promise<Transfer>,
): Promise<Measured> {
  const [transfer, seconds] = await withProcessorTime(contexts, work);
  return { ...transfer, secondsPerMb: seconds / (bytes / MB) };
}

function costs(
  way: string,
  raw: readonly RawTransfer[],
  webtorrent: readonly Measured[],
  ours: readonly Measured[],
): Figure[] {
  const bare = raw.map((each) => each.secondsPerMb);
  const theirs = webtorrent.map((each) => each.secondsPerMb);
  const own = ours.map((each) => each.secondsPerMb);
  return [
    { what: `raw, processor time per MB, ${way}`, unit: 'ms', runs: bare.map((each) => each * 1000) },
    { what: `WebTorrent, processor time per MB, ${way}`, unit: 'ms', runs: theirs.map((each) => each * 1000) },
    { what: `ours, processor time per MB, ${way}`, unit: 'ms', runs: own.map((each) => each * 1000) },
    // Where all cores are busy it is what the rates would be to each other on a machine that nobody else uses.
    { what: `processor time of raw over ours, ${way}`, unit: '', runs: [median(bare) / median(own)] },
    {
      what: `processor time of ours over WebTorrent's, ${way}`,
      unit: '',
      runs: [median(own) / median(theirs)],
      bar: { is: 'at most', value: 0.75 },
    },
  ];
}

function rates(transfers: readonly Pick<Transfer, 'bytesPerSecond'>[]): number[] {
  return transfers.map((each) => each.bytesPerSecond / MB);
}

function ratios(transfers: readonly Transfer[], raw: readonly RawTransfer[]): number[] {
  return transfers.map((each, run) => each.bytesPerSecond / (raw[run]?.bytesPerSecond ?? Number.NaN));
}

function longestTasks(each: readonly Transfer[]): number[] {
  return each.map(({ longestTaskMs }) => longestTaskMs);
}

function firstBytes(transfers: readonly Transfer[]): number[] {
  return transfers.flatMap((each) => each.firstByteMs);
}

/** Milliseconds from the call of `share` until it resolves, by an input of the measurement's own. */
async function seedOurs(tab: Tab, path: string): Promise<number> {
  const input = await tab.page.evaluateHandle(addFileInput);
  await input.setInputFiles(path);
  return input.evaluate(shareTimed);
}

function addFileInput(): HTMLInputElement {
  const input = document.createElement('input');
  input.type = 'file';
  return document.body.appendChild(input);
}

async function shareTimed(input: HTMLInputElement): Promise<number> {
  const startedAt = performance.now();
  await window.skein.share([...(input.files ?? [])]);
  input.remove();
  return performance.now() - startedAt;
}
