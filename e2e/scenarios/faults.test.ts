import { expect } from 'vitest';
import type { MadeFile } from '../harness/files.ts';
import { muteUploads, poisonUploads } from '../harness/poison.ts';
import { scenario } from '../harness/scenario.ts';
import { type Tab, says } from '../harness/tab.ts';
import {
  limitUploads,
  Disk,
  doneBytes,
  inState,
  reached,
  stored,
  storedBytes,
  uploadedBytes,
} from '../harness/transfers.ts';
import type { World } from '../harness/world.ts';
import { hashZip } from '../harness/zip.ts';

const MB = 1_000_000;

/** Slow enough that a test can act in the middle of a small download. [bytes/s] */
const SLOW = 4 * MB;

/** Reloads of one download. */
const RELOADS = 20;

async function openPair(world: World): Promise<[Tab, Tab]> {
  const [a, b] = await world.openJoinedTabs(2, 1);
  return [a!, b!];
}

/** A seed, and a tab whose profile is on the disk. */
async function openWithDisk(world: World): Promise<[Tab, Tab]> {
  const seed = await world.openTab();
  const leecher = await world.openTab({ context: await world.newDiskProfile() });
  await Promise.all([seed.joined(1), leecher.joined(1)]);
  return [seed, leecher];
}

scenario(
  'a tab killed in mid-write loses nothing that it had stored, and the next one goes on by itself',
  async (world) => {
    const [seed, leecher] = await openPair(world);
    const file = await world.files.make('killed.bin', 12 * MB);
    await limitUploads(seed, SLOW);
    const infoHash = await seed.share([file.path]);
    await leecher.openLink(await seed.shareLink(infoHash));
    await reached(leecher, infoHash, 0.5);
    const before = await doneBytes(leecher, infoHash);
    await leecher.crash();
    const next = await world.openBeside(leecher);
    await next.downloadRow(infoHash).waitFor();
    await stored(next, infoHash, 1);
    expect(await doneBytes(next, infoHash)).toBeGreaterThanOrEqual(before);
    await limitUploads(seed, undefined);
    await next.downloaded(infoHash);
    expect((await next.save(infoHash)).sha256).toBe(file.sha256);
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(1.4 * file.size);
  },
  { needsChromium: true },
);

scenario(
  'a download that is reloaded 20 times never goes back, and comes out right',
  async (world) => {
    const [seed, leecher] = await openPair(world);
    const file = await world.files.make('reloaded.bin', 40 * MB);
    await limitUploads(seed, SLOW);
    const infoHash = await seed.share([file.path]);
    await leecher.openLink(await seed.shareLink(infoHash));
    let seen = 0;
    for (let reload = 0; reload < RELOADS; reload++) {
      await stored(leecher, infoHash, seen + 1);
      seen = await doneBytes(leecher, infoHash);
      expect(seen).toBeLessThan(file.size);
      // Nothing comes while nobody looks, however slow the machine is.
      await limitUploads(seed, 1);
      seen = await doneBytes(leecher, infoHash);
      await leecher.page.reload();
      await leecher.started();
      await stored(leecher, infoHash, 1);
      expect(await doneBytes(leecher, infoHash)).toBeGreaterThanOrEqual(seen);
      await limitUploads(seed, SLOW);
    }
    await limitUploads(seed, undefined);
    await leecher.downloaded(infoHash);
    expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
  },
  { timeoutMs: 240_000 },
);

/** A download that is under way in one tab of a profile, and that a second tab has opened, too. */
async function downloadSeenTwice(world: World): Promise<{
  readonly seed: Tab;
  readonly first: Tab;
  readonly second: Tab;
  readonly file: MadeFile;
  readonly infoHash: string;
  readonly link: string;
}> {
  const [seed, first] = await openPair(world);
  const second = await world.openBeside(first);
  const file = await world.files.make('twice.bin', 12 * MB);
  await limitUploads(seed, SLOW);
  const infoHash = await seed.share([file.path]);
  const link = await seed.shareLink(infoHash);
  await first.openLink(link);
  await reached(first, infoHash, 0.2);
  // Nothing more comes until a test says so, however slow the machine is.
  await limitUploads(seed, 1);
  await second.openLink(link);
  await reached(second, infoHash, 0.2);
  return { seed, first, second, file, infoHash, link };
}

scenario(
  'a second tab of a profile shows the download of the first, and takes over when that is killed',
  async (world) => {
    const { seed, first, second, file, infoHash, link } = await downloadSeenTwice(world);
    await says(second.downloadRow(infoHash), 'row-state', /^Downloading in another tab$/);
    expect(await storedBytes(second)).toBeLessThan(1.1 * file.size);
    await first.crash();
    await limitUploads(seed, undefined);
    await second.downloaded(infoHash);
    expect((await second.save(infoHash)).sha256).toBe(file.sha256);
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(1.4 * file.size);
    const third = await world.openBeside(first);
    await third.openLink(link);
    await third.downloaded(infoHash);
    expect((await third.save(infoHash)).sha256).toBe(file.sha256);
    await says(third.downloadRow(infoHash), 'row-state', /^Done in another tab$/);
  },
  { needsChromium: true },
);

scenario(
  'a tab that shows another one’s download says how far its files are, and removes only its own row',
  async (world) => {
    const { seed, first, second, file, infoHash } = await downloadSeenTwice(world);
    const row = second.downloadRow(infoHash);
    await row.getByTestId('row-toggle').click();
    await row.getByTestId('tab-files').click();
    await row.getByText(/^[1-9]\d? % of ?$/).waitFor();
    await row.getByTestId('tab-info').click();
    await row.getByTestId('magnet-link').waitFor();
    expect(await row.getByTestId('limit-down').count()).toBe(0);
    await row.getByTestId('remove-button').click();
    expect(await second.locate('remove-dialog').textContent()).toContain('Another tab downloads it and goes on');
    await second.locate('remove-confirm').click();
    await row.waitFor({ state: 'detached' });
    await limitUploads(seed, undefined);
    await first.downloaded(infoHash);
    expect((await first.save(infoHash)).sha256).toBe(file.sha256);
  },
);

scenario('a source that lies in every tenth block is found out, and the file comes out right', async (world) => {
  const [seed, leecher] = await openPair(world);
  const hostile = await world.newProfile();
  await poisonUploads(hostile, 10);
  const liar = await world.openTab({ context: hostile, query: { name: 'liar' } });
  await liar.joined(2);
  const file = await world.files.make('contested.bin', 8 * MB);
  const infoHash = await liar.share([file.path]);
  await limitUploads(seed, SLOW);
  expect(await seed.share([file.path])).toBe(infoHash);
  await leecher.openLink(await seed.shareLink(infoHash));
  await leecher.downloaded(infoHash);
  expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
  await says(leecher.downloadRow(infoHash), 'row-banned', /liar sent bad data/);
});

scenario('a source that falls silent does not hold up a download that has another', async (world) => {
  const [seed, leecher] = await openPair(world);
  const silent = await world.newProfile();
  await muteUploads(silent, MB);
  const mute = await world.openTab({ context: silent });
  await mute.joined(2);
  const file = await world.files.make('half-answered.bin', 8 * MB);
  const infoHash = await mute.share([file.path]);
  await limitUploads(seed, SLOW);
  expect(await seed.share([file.path])).toBe(infoHash);
  await leecher.openLink(await seed.shareLink(infoHash));
  await leecher.downloaded(infoHash);
  expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
  await mute.until(
    'the silent source to have given something',
    (hash) => window.skein.shares.some((each) => each.infoHash === hash && each.progress.uploadedBytes > 0),
    infoHash,
  );
});

scenario('a swarm whose only seed leaves at 99 % is complete once that comes back', async (world) => {
  const bystander = await world.openTab();
  const profile = await world.newProfile();
  const file = await world.files.make('almost.bin', 8 * MB);
  await muteUploads(profile, 0.99 * file.size);
  const seed = await world.openTab({ context: profile });
  const leecher = await world.openTab();
  await Promise.all([bystander, seed, leecher].map((tab) => tab.joined(2)));
  const infoHash = await seed.share([file.path]);
  await leecher.openLink(await seed.shareLink(infoHash));
  await reached(leecher, infoHash, 0.9);
  await seed.close();
  await inState(leecher, infoHash, 'finding');
  const before = await doneBytes(leecher, infoHash);
  expect(before).toBeLessThan(file.size);
  const back = await world.openTab();
  await back.joined(1);
  expect(await back.share([file.path])).toBe(infoHash);
  await leecher.downloaded(infoHash);
  expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
  expect(await uploadedBytes(back, infoHash)).toBeLessThan(1.1 * (file.size - before) + 64 * 1024);
});

scenario(
  'a disk that is full at half of a download stops it with figures, and more room lets it go on',
  async (world) => {
    const [seed, leecher] = await openWithDisk(world);
    const disk = await Disk.of(leecher, world);
    const files = [];
    for (let i = 0; i < 30; i++) files.push(await world.files.make(`part ${i}.bin`, 300_000));
    // So slow that most is still to come when the disk shrinks, on any machine.
    await limitUploads(seed, SLOW / 8);
    const infoHash = await seed.share(files.map((file) => file.path));
    await leecher.openLink(await seed.shareLink(infoHash));
    await reached(leecher, infoHash, 0.3);
    // Nothing comes until the limit is in force, however slow the machine is.
    await limitUploads(seed, 1);
    // Its room was taken at the start, so it is the disk that must shrink.
    await disk.limitTo((await disk.usage()) / 2);
    await limitUploads(seed, SLOW);
    await inState(leecher, infoHash, 'paused');
    const row = leecher.downloadRow(infoHash);
    expect(await row.getByTestId('row-error').textContent()).toMatch(
      /needs room for [\d.]+ .?B more.* has 0 bytes left/,
    );
    const before = await doneBytes(leecher, infoHash);
    expect(before).toBeGreaterThan(0);
    await limitUploads(seed, undefined);
    await disk.lift();
    await row.getByTestId('resume-button').click();
    await leecher.downloaded(infoHash);
    for (const file of files) expect(await leecher.hashInPage(infoHash, file.name)).toBe(file.sha256);
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(1.4 * 30 * 300_000);
  },
  { needsChromium: true },
);

scenario(
  'a download that cannot fit is not begun, and says what it needs and what there is',
  async (world) => {
    const [seed, leecher] = await openWithDisk(world);
    const disk = await Disk.of(leecher, world);
    await disk.limitTo((await disk.usage()) + 3 * MB);
    const file = await world.files.make('too large.bin', 6 * MB);
    const infoHash = await seed.share([file.path]);
    await leecher.openLink(await seed.shareLink(infoHash));
    await inState(leecher, infoHash, 'paused');
    const row = leecher.downloadRow(infoHash);
    expect(await row.getByTestId('row-error').textContent()).toMatch(
      /needs room for 6\.0 MB more.* has (2\.\d|3\.0) MB left/,
    );
    expect(await uploadedBytes(seed, infoHash)).toBe(0);
    await disk.lift();
    await row.getByTestId('resume-button').click();
    await leecher.downloaded(infoHash);
    expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
  },
  { needsChromium: true },
);

scenario(
  'a torrent larger than the disk is had in part: what is skipped takes no room',
  async (world) => {
    const [seed, leecher] = await openWithDisk(world);
    const disk = await Disk.of(leecher, world);
    await disk.limitTo((await disk.usage()) + 3 * MB);
    const large = await world.files.make('large.bin', 6 * MB);
    const wanted = await world.files.make('wanted.bin', 1.5 * MB);
    const infoHash = await seed.share([large.path, wanted.path]);
    await leecher.openLink(await seed.shareLink(infoHash));
    await inState(leecher, infoHash, 'paused');
    await leecher.page.evaluate((path) => window.skein.downloads[0]?.setPriority(path, 'skip'), large.name);
    await leecher.downloadRow(infoHash).getByTestId('resume-button').click();
    await leecher.downloaded(infoHash);
    expect(await leecher.hashInPage(infoHash, wanted.name)).toBe(wanted.sha256);
    await leecher.page.evaluate((path) => window.skein.downloads[0]?.setPriority(path, 'normal'), large.name);
    await inState(leecher, infoHash, 'paused');
    await disk.lift();
    await leecher.downloadRow(infoHash).getByTestId('resume-button').click();
    await leecher.downloaded(infoHash);
    expect(await leecher.hashInPage(infoHash, large.name)).toBe(large.sha256);
  },
  { needsChromium: true },
);

scenario(
  '10,000 files of 1 kB come out unchanged',
  async (world) => {
    const [seed, leecher] = await openPair(world);
    const files = [];
    for (let i = 0; i < 10_000; i++) files.push(await world.files.make(`${i}.txt`, 1000, i));
    const infoHash = await seed.share(
      files.map((file) => file.path),
      60_000,
    );
    await leecher.openLink(await seed.shareLink(infoHash));
    await leecher.downloaded(infoHash, 120_000);
    const saved = await leecher.save(infoHash, 60_000);
    const expected = new Map(files.map((file) => [file.name, file.sha256]));
    expect(await hashZip(saved.path)).toEqual(expected);
  },
  { timeoutMs: 240_000 },
);

scenario('names of 255 bytes and in any script come out unchanged', async (world) => {
  const [seed, leecher] = await openPair(world);
  const names = [
    `${'x'.repeat(251)}.bin`,
    `${'語'.repeat(83)}ab.bin`,
    'ζ 🧵 العربية.txt',
    'combined e\u0301.txt',
    'composed \u00e9.txt',
    '__proto__',
    'constructor.',
    "a 'quoted' & <b>marked name?.txt",
  ];
  const files = [];
  for (const [i, name] of names.entries()) files.push(await world.files.make(name, 1000 + i));
  const infoHash = await seed.share(files.map((file) => file.path));
  await leecher.openLink(await seed.shareLink(infoHash));
  await leecher.downloaded(infoHash);
  for (const file of files) expect(await leecher.hashInPage(infoHash, file.name)).toBe(file.sha256);
  const saved = await leecher.save(infoHash);
  expect(await hashZip(saved.path)).toEqual(new Map(files.map((file) => [file.name, file.sha256])));
});
