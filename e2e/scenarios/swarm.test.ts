import { expect } from 'vitest';
import { type MadeFile, deterministicBytes, hashBytes } from '../harness/files.ts';
import { poisonUploads } from '../harness/poison.ts';
import { type Tab, says } from '../harness/tab.ts';
import { scenario } from '../harness/scenario.ts';
import {
  fetchFrom,
  inState,
  limitUploads,
  overwriteShared,
  reached,
  shareByHandle,
  storedBytes,
  uploadedBytes,
} from '../harness/transfers.ts';
import type { World } from '../harness/world.ts';
import { hashZip } from '../harness/zip.ts';

const MB = 1_000_000;

/** Exactly one piece of the smallest piece length, to the byte. [bytes] */
const ONE_PIECE_BYTES = 16 * 1024;

/** Large and slow enough that a test can act in the middle of its download, on any machine. [bytes, bytes/s] */
const LARGE_BYTES = 48 * MB;
const SLOW = 8 * MB;

/** Waits until a download has at least `fraction` of its bytes, and checks that it is not done yet. */
async function halfway(tab: Tab, infoHash: string, fraction: number): Promise<void> {
  await reached(tab, infoHash, fraction);
  const state = await tab.page.evaluate(
    (hash) => window.skein.downloads.find((each) => each.infoHash === hash)?.state,
    infoHash,
  );
  expect(state).toBe('downloading');
}

async function openPair(world: World): Promise<[Tab, Tab]> {
  const [a, b] = await world.openJoinedTabs(2, 1);
  return [a!, b!];
}

scenario(
  'files of 0 bytes, 1 byte, one piece, one more than a piece and 3 MB are saved byte for byte',
  async (world) => {
    const [seed, leecher] = await openPair(world);
    const files: MadeFile[] = [
      await world.files.make('empty.bin', 0),
      await world.files.make('one byte.bin', 1),
      await world.files.make('piece.bin', ONE_PIECE_BYTES),
      await world.files.make('piece-and-one.bin', ONE_PIECE_BYTES + 1),
      await world.files.make('größer 3 MB.bin', 3 * MB),
    ];
    for (const file of files) {
      const infoHash = await seed.share([file.path]);
      await fetchFrom(seed, leecher, infoHash);
      const saved = await leecher.save(infoHash);
      expect(saved.name).toBe(file.name);
      expect(saved.sha256).toBe(file.sha256);
    }
  },
);

scenario('several files of one share, an empty one among them, are saved together unchanged', async (world) => {
  const [seed, leecher] = await openPair(world);
  const files = [
    await world.files.make('a.bin', 700_000),
    await world.files.make('b.txt', 0),
    await world.files.make('c.bin', 1),
    await world.files.make('d.bin', 123_457),
  ];
  const infoHash = await seed.share(files.map((file) => file.path));
  await fetchFrom(seed, leecher, infoHash);
  for (const file of files) expect(await leecher.hashInPage(infoHash, file.name)).toBe(file.sha256);
  const saved = await leecher.save(infoHash);
  const hashes = await hashZip(saved.path);
  expect(hashes).toEqual(new Map(files.map((file) => [file.name, file.sha256])));
});

scenario('a share link opened in a new tab starts the download by itself', async (world) => {
  const [seed] = await world.openJoinedTabs(2, 1);
  const file = await world.files.make('linked.bin', 2 * MB);
  const infoHash = await seed!.share([file.path]);
  const link = new URL(await seed!.shareLink(infoHash));
  expect(link.origin).toBe(world.server.url);
  const tab = await world.openTab({ hash: link.hash.slice(1) });
  await tab.downloaded(infoHash);
  expect((await tab.save(infoHash)).sha256).toBe(file.sha256);
  expect(await tab.downloadRow(infoHash).getByTestId('row-name').textContent()).toContain('linked.bin');
});

scenario('a link that names the v2 hash alone finds what somebody shares', async (world) => {
  const [seed, leecher] = await openPair(world);
  const file = await world.files.make('second.bin', 2 * MB);
  const infoHash = await seed.share([file.path]);
  const infoHashV2 = await seed.page.evaluate(() => window.skein.shares[0]?.info()?.infoHashV2 ?? '');
  expect(infoHashV2).toMatch(/^[\da-f]{64}$/);
  await leecher.openLink(`magnet:?xt=urn:btmh:1220${infoHashV2}`);
  const byV2 = infoHashV2.slice(0, infoHash.length);
  await leecher.downloaded(byV2);
  expect((await leecher.save(byV2)).sha256).toBe(file.sha256);
});

scenario(
  'a download takes from several sources at once, and serves what it has to others',
  async (world) => {
    const [seed, second, third, leecher] = await world.openJoinedTabs(4, 3);
    const file = await world.files.make('popular.bin', 24 * MB);
    const infoHash = await seed!.share([file.path]);
    const link = await seed!.shareLink(infoHash);
    await Promise.all([second!, third!].map((tab) => fetchFrom(seed!, tab, infoHash)));
    const sources = [seed!, second!, third!];
    const before = await Promise.all(sources.map((tab) => uploadedBytes(tab, infoHash)));
    await leecher!.openLink(link);
    await leecher!.downloaded(infoHash);
    expect((await leecher!.save(infoHash)).sha256).toBe(file.sha256);
    const after = await Promise.all(sources.map((tab) => uploadedBytes(tab, infoHash)));
    const gave = after.filter((bytes, index) => bytes - before[index]! > 0.05 * file.size);
    expect(gave.length).toBeGreaterThanOrEqual(2);
  },
  { timeoutMs: 180_000 },
);

scenario(
  'a source whose process dies in the middle does not stop a download that has another',
  async (world) => {
    const [seed, second, leecher] = await world.openJoinedTabs(3, 2);
    const file = await world.files.make('large.bin', LARGE_BYTES);
    const infoHash = await seed!.share([file.path]);
    await fetchFrom(seed!, second!, infoHash);
    await Promise.all([seed!, second!].map((tab) => limitUploads(tab, SLOW)));
    await leecher!.openLink(await seed!.shareLink(infoHash));
    await halfway(leecher!, infoHash, 0.2);
    await seed!.crash();
    await limitUploads(second!, undefined);
    await leecher!.downloaded(infoHash);
    expect((await leecher!.save(infoHash)).sha256).toBe(file.sha256);
    expect(await leecher!.downloadRow(infoHash).getByTestId('row-error').count()).toBe(0);
  },
  { timeoutMs: 120_000, needsChromium: true },
);

scenario(
  'a peer that sends bad data is dropped and named, and the file still comes out right',
  async (world) => {
    const [seed, leecher] = await openPair(world);
    const hostile = await world.newProfile();
    await poisonUploads(hostile);
    const poisoner = await world.openTab({ context: hostile, query: { name: 'poisoner' } });
    await poisoner.joined(2);
    const file = await world.files.make('contested.bin', 16 * MB);
    const infoHash = await poisoner.share([file.path]);
    expect(await seed.share([file.path])).toBe(infoHash);
    await leecher.openLink(await seed.shareLink(infoHash));
    await leecher.downloaded(infoHash);
    expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
    await says(leecher.downloadRow(infoHash), 'row-banned', /poisoner/);
    const banned = await leecher.page.evaluate(
      (hash) => window.skein.downloads.find((each) => each.infoHash === hash)?.progress.banned.map((peer) => peer.id),
      infoHash,
    );
    expect(banned).toEqual([await poisoner.id()]);
  },
  { timeoutMs: 180_000 },
);

scenario(
  'a reload in the middle of a download goes on from what is stored',
  async (world) => {
    const [seed, leecher] = await openPair(world);
    const file = await world.files.make('resumed.bin', 64 * MB);
    const infoHash = await seed.share([file.path]);
    await limitUploads(seed, 2 * SLOW);
    await leecher.openLink(await seed.shareLink(infoHash));
    await halfway(leecher, infoHash, 0.7);
    await leecher.page.reload();
    await leecher.started();
    await limitUploads(seed, undefined);
    await leecher.downloaded(infoHash);
    expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
    // Without what was stored it would be 1.7 times the file. A reload may cost the last second before it.
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(1.5 * file.size);
  },
  { timeoutMs: 120_000 },
);

scenario('a download can be paused, resumed and removed, and its bytes lie in OPFS meanwhile', async (world) => {
  const [seed, leecher] = await openPair(world);
  const [file, kept] = [await world.files.make('paused.bin', LARGE_BYTES), await world.files.make('kept.bin', 1000)];
  const keptHash = await seed.share([kept.path]);
  await fetchFrom(seed, leecher, keptHash);
  const infoHash = await seed.share([file.path]);
  await limitUploads(seed, SLOW);
  await leecher.openLink(await seed.shareLink(infoHash));
  const row = leecher.downloadRow(infoHash);
  await halfway(leecher, infoHash, 0.1);
  await row.getByTestId('pause-button').click();
  await inState(leecher, infoHash, 'paused');
  await row.getByTestId('resume-button').click();
  await limitUploads(seed, undefined);
  await leecher.downloaded(infoHash);
  expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
  expect(await storedBytes(leecher)).toBeGreaterThanOrEqual(file.size + kept.size);
  await row.getByTestId('remove-button').click();
  await leecher.locate('remove-confirm').click();
  await row.waitFor({ state: 'detached' });
  await leecher.page.reload();
  // What is still kept comes back, and what was removed would with it.
  await leecher.downloaded(keptHash);
  expect(await leecher.downloadRow(infoHash).count()).toBe(0);
  expect(await storedBytes(leecher)).toBe(kept.size);
});

scenario('a complete download is served again after a reload, without its first seed', async (world) => {
  const [seed, second] = await openPair(world);
  const file = await world.files.make('handed on.bin', 2 * MB);
  const infoHash = await seed.share([file.path]);
  const link = await seed.shareLink(infoHash);
  await fetchFrom(seed, second, infoHash);
  await second.page.reload();
  await second.downloaded(infoHash);
  await seed.close();
  const third = await world.openTab();
  await third.joined(1);
  await third.openLink(link);
  await third.downloaded(infoHash);
  expect((await third.save(infoHash)).sha256).toBe(file.sha256);
});

scenario(
  'what is shared over its download is all that is left when that is removed, also after a reload',
  async (world) => {
    const [seed, leecher] = await openPair(world);
    const bytes = deterministicBytes(50_000, 4);
    const infoHash = await shareByHandle(seed, bytes);
    await leecher.openLink(await seed.shareLink(infoHash));
    await leecher.downloaded(infoHash);
    expect(await shareByHandle(leecher, bytes)).toBe(infoHash);
    const row = leecher.downloadRow(infoHash);
    await row.getByTestId('remove-button').click();
    expect(await leecher.locate('remove-dialog').textContent()).toContain('stay shared');
    await leecher.locate('remove-confirm').click();
    await row.waitFor({ state: 'detached' });
    // The person's own file: it stands in for one of the disk.
    expect(await storedBytes(leecher)).toBe(bytes.length);
    await leecher.page.reload();
    await leecher.shareRow(infoHash).getByText('Sharing', { exact: true }).waitFor();
    expect(await row.count()).toBe(0);
  },
);

scenario('a share whose file was changed under it stops as soon as that is read, and says why', async (world) => {
  const [seed, leecher] = await openPair(world);
  const infoHash = await shareByHandle(seed, deterministicBytes(50_000, 5));
  const link = await seed.shareLink(infoHash);
  await overwriteShared(seed);
  await leecher.openLink(link);
  const row = seed.shareRow(infoHash);
  await row.getByText('Stopped', { exact: true }).waitFor();
  expect(await row.getByTestId('row-error').textContent()).toMatch(/can no longer be read.*Share it again/);
});

scenario('what was shared by a handle is served again after a reload, unless it was changed', async (world) => {
  const [seed, leecher] = await openPair(world);
  const bytes = deterministicBytes(50_000, 3);
  const infoHash = await shareByHandle(seed, bytes);
  const link = await seed.shareLink(infoHash);
  await seed.page.reload();
  await seed.shareRow(infoHash).getByText('Sharing', { exact: true }).waitFor();
  await leecher.openLink(link);
  await leecher.downloaded(infoHash);
  expect((await leecher.save(infoHash)).sha256).toBe(hashBytes(bytes));
  await overwriteShared(seed);
  await seed.page.reload();
  await seed.shareRow(infoHash).getByText('the files were changed').waitFor();
  await seed.shareRow(infoHash).getByTestId('stop-button').click();
  await seed.shareRow(infoHash).waitFor({ state: 'detached' });
  const kept = await shareByHandle(seed, deterministicBytes(1000, 6));
  await seed.page.reload();
  // What is still shared comes back, and what was stopped would with it.
  await seed.shareRow(kept).getByText('Sharing', { exact: true }).waitFor();
  expect(await seed.shareRow(infoHash).count()).toBe(0);
});

scenario(
  'a share whose files the browser forgot says so after a reload, and goes on when they are given again',
  async (world) => {
    const [seed, leecher] = await openPair(world);
    const file = await world.files.make('given twice.bin', MB);
    const infoHash = await seed.share([file.path]);
    const link = await seed.shareLink(infoHash);
    await seed.page.reload();
    await seed.shareRow(infoHash).getByText('Drop the files again').waitFor();
    await seed.locate('file-input').setInputFiles([file.path]);
    await seed.shareRow(infoHash).getByText('Sharing', { exact: true }).waitFor();
    await leecher.openLink(link);
    await leecher.downloaded(infoHash);
    expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
  },
);
