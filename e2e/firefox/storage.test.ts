import { expect } from 'vitest';
import type { MadeFile } from '../harness/files.ts';
import { Firefox } from '../harness/firefox.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import { limitUploads, doneBytes, reached, stored, storedBytes, uploadedBytes } from '../harness/transfers.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

/** Slow enough that a test can act in the middle of a small download. [bytes/s] */
const SLOW = 4 * MB;

/** Longest a scenario with a Firefox that is started twice may take. [ms] */
const TIMEOUT_MS = 180_000;

/** A seed in Chromium with a file of 20 MB, and a Firefox that has a part of it. */
async function openHalfway(world: World): Promise<{
  readonly seed: Tab;
  readonly firefox: Firefox;
  readonly leecher: Tab;
  readonly file: MadeFile;
  readonly infoHash: string;
  readonly link: string;
}> {
  const seed = await world.openTab();
  const firefox = await Firefox.start(world);
  const leecher = await firefox.openTab();
  await Promise.all([seed.joined(1), leecher.joined(1)]);
  const file = await world.files.make('halfway.bin', 20 * MB);
  await limitUploads(seed, SLOW);
  const infoHash = await seed.share([file.path]);
  const link = await seed.shareLink(infoHash);
  await leecher.openLink(link);
  await reached(leecher, infoHash, 0.4);
  return { seed, firefox, leecher, file, infoHash, link };
}

scenario(
  'a download that is reloaded half way goes on by itself and fetches nothing twice',
  async (world) => {
    const { seed, leecher, file, infoHash } = await openHalfway(world);
    const id = await leecher.id();
    const before = await doneBytes(leecher, infoHash);
    await leecher.page.reload();
    await leecher.started();
    await stored(leecher, infoHash, 1);
    expect(await doneBytes(leecher, infoHash)).toBeGreaterThanOrEqual(before);
    expect(await leecher.id()).toBe(id);
    await limitUploads(seed, undefined);
    await leecher.downloaded(infoHash);
    expect(await leecher.save(infoHash)).toMatchObject({ name: file.name, sha256: file.sha256 });
    // What was under way when the page went is sent again.
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(1.2 * file.size);
    for (const tab of [seed, leecher]) expect(tab.complaints).toEqual([]);
  },
  { timeoutMs: TIMEOUT_MS },
);

scenario(
  'a Firefox killed in mid-write loses nothing that it had stored, and goes on when it is started again',
  async (world) => {
    const { seed, firefox, leecher, file, infoHash } = await openHalfway(world);
    const id = await leecher.id();
    const before = await doneBytes(leecher, infoHash);
    await firefox.kill();
    await firefox.restart();
    const next = await firefox.openTab();
    await stored(next, infoHash, 1);
    expect(await doneBytes(next, infoHash)).toBeGreaterThanOrEqual(before);
    expect(await next.id()).toBe(id);
    await limitUploads(seed, undefined);
    await next.downloaded(infoHash);
    expect(await next.save(infoHash)).toMatchObject({ name: file.name, sha256: file.sha256 });
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(1.4 * file.size);
    for (const tab of [seed, next]) expect(tab.complaints).toEqual([]);
  },
  { timeoutMs: TIMEOUT_MS },
);

scenario(
  'two tabs of one Firefox are two peers, and the second shows the download of the first and takes over when that is closed',
  async (world) => {
    const { seed, firefox, leecher, file, infoHash, link } = await openHalfway(world);
    // Nothing comes while the second tab opens, however long that takes.
    await limitUploads(seed, 1);
    const second = await firefox.openTab({ type: 'tab' });
    expect(await leecher.page.evaluate(() => document.hidden)).toBe(true);
    const [firstId, secondId] = [await leecher.id(), await second.id()];
    expect(secondId).not.toBe(firstId);
    await second.linkedTo(firstId);
    await second.openLink(link);
    await limitUploads(seed, SLOW);
    await reached(second, infoHash, 0.6);
    await limitUploads(seed, 1);
    expect(await second.downloadRow(infoHash).textContent()).toContain('Downloading in another tab');
    expect(await storedBytes(second)).toBeLessThan(1.1 * file.size);
    await leecher.close();
    await limitUploads(seed, undefined);
    await second.downloaded(infoHash);
    expect(await second.save(infoHash)).toMatchObject({ name: file.name, sha256: file.sha256 });
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(1.4 * file.size);
    for (const tab of [seed, leecher, second]) expect(tab.complaints).toEqual([]);
  },
  { timeoutMs: TIMEOUT_MS },
);
