import { afterEach, expect, test, vi } from 'vitest';
import { encodeTorrentFile } from '../swarm/metainfo.ts';
import { NO_ORIGIN } from '../swarm/torrent-origin.ts';
import { PieceSet } from './bitfield.ts';
import { sharedPieceLength } from './hash-files.ts';
import { KeptShareRecords } from './storage/kept-shares.ts';
import { deleteFolder } from './storage/opfs.ts';
import { ResumeRecords } from './storage/resume.ts';
import type { TransferSettings } from './transfer-settings.ts';
import type { InfoHash } from '../swarm/types.ts';
import { WorkerTab, leaveDownload, metainfoOfShared } from './test/tab.ts';
import { holdDigests } from './test/digests.ts';
import { refuseReads } from './test/fake-keyval.ts';
import { tabsOfTests, until } from './test/tabs.ts';

vi.mock('idb-keyval', () => import('./test/fake-keyval.ts'));

const FILE = new File([new Uint8Array(200_000).fill(7)], 'mine.bin', { lastModified: 1 });
/** Of `FILE`, as it is shared. */
const PIECES = Math.ceil(FILE.size / sharedPieceLength(FILE.size));
const HOW = { isPrivate: false, isSuperSeeding: false };

const tabs = tabsOfTests();

afterEach(() => {
  vi.restoreAllMocks();
});

test('sharing what is downloaded already leaves the one copy that the person has, and comes back as a share', async () => {
  const infoHash = await leaveDownload(FILE);
  const tab = tabs.open();
  await until(() => tab.progress().some(({ state }) => state === 'seeding'));
  expect(tabs.browser.stored()).toEqual([infoHash]);
  await tabs.share(tab, FILE);
  expect(tabs.browser.stored()).toEqual([]);
  expect(tab.progress().at(-1)).toMatchObject({ state: 'seeding', doneBytes: FILE.size });
  await tab.table.close();
  const next = tabs.open();
  await until(() => next.kinds().includes('progress'));
  expect(new Set(next.kinds())).toEqual(new Set(['sharedBefore', 'progress']));
});

test('sharing that is cancelled while the files are read leaves nothing, and the same can be shared after it', async () => {
  const tab = tabs.open();
  const stop = new AbortController();
  const files = [{ path: FILE.name, file: FILE }];
  const sharing = tab.table.share(FILE.name, files, HOW, { progress: () => stop.abort(), signal: stop.signal });
  await expect(sharing).rejects.toMatchObject({ code: 'aborted' });
  expect([tab.kinds(), await new KeptShareRecords().all()]).toEqual([[], []]);
  const summary = await tab.table.share(FILE.name, files, HOW);
  expect(await (await tab.table.file(summary.infoHash, 0)).arrayBuffer()).toEqual(await FILE.arrayBuffer());
});

test('a share that is forgotten does not come back, and runs on for the download of the same', async () => {
  const infoHash = await leaveDownload(FILE);
  const tab = tabs.open();
  await until(() => tab.progress().some(({ state }) => state === 'seeding'));
  await tabs.share(tab, FILE);
  await tab.table.forgetShare(infoHash);
  expect(await (await tab.table.file(infoHash, 0)).arrayBuffer()).toEqual(await FILE.arrayBuffer());
  await tab.table.close();
  expect(await new KeptShareRecords().all()).toEqual([]);
});

test('a download that a person has paused is paused on the next page, also when that one was left in order', async () => {
  const infoHash = await leaveDownload(FILE, [0]);
  const tab = tabs.open();
  await until(() => tab.progress().at(-1)?.state === 'finding');
  tab.table.setPaused(infoHash, true);
  await until(() => tab.progress().at(-1)?.state === 'paused');
  await tab.table.close();
  expect(await new ResumeRecords().read(infoHash)).toMatchObject({ isPaused: true });
  const next = tabs.open();
  await until(() => next.progress().length > 0);
  expect(next.progress().map(({ state }) => state)).not.toContain('finding');
});

/** The maps of the pieces that were reported, each by how many of its pieces are stored. */
function maps(tab: WorkerTab): number[] {
  const found = tab.progress().flatMap(({ pieces }) => pieces ?? []);
  return found.map(({ count, stored }) => new PieceSet(count, stored).count);
}

test('a map of the pieces that was asked of a partial download comes from the share that takes its place', async () => {
  const infoHash = await leaveDownload(FILE, [0, 2]);
  const tab = tabs.open();
  tab.table.askPieces(infoHash);
  await until(() => maps(tab).length > 0);
  tab.table.askPieces(infoHash);
  await tabs.share(tab, FILE);
  await until(() => maps(tab).length > 1);
  expect(maps(tab)).toEqual([2, PIECES]);
});

test('a map of the pieces that was asked for while storage could not be opened comes once it can', async () => {
  const infoHash = await leaveDownload(FILE, [0, 2]);
  tabs.browser.isBroken = true;
  const tab = tabs.open();
  await until(() => tab.progress().some(({ error }) => error !== undefined));
  tab.table.askPieces(infoHash);
  await until(() => maps(tab).length > 0);
  tab.table.askPieces(infoHash);
  tabs.browser.isBroken = false;
  tab.table.setPaused(infoHash, false);
  await until(() => tab.progress().at(-1)?.error === undefined && maps(tab).length > 1);
  expect(maps(tab)).toEqual([2, 2]);
});

test('a map of the pieces that is asked for before anything runs comes with it', async () => {
  const tab = tabs.open();
  tab.table.askPieces((await metainfoOfShared(FILE)).infoHash);
  await tabs.share(tab, FILE);
  await until(() => maps(tab).length > 0);
  expect(maps(tab)).toEqual([PIECES]);
});

/** A tab that goes on with the first and third piece of the file, and another one whose person opened its link, too. */
async function openFollower(settings: TransferSettings = {}): Promise<{
  readonly infoHash: InfoHash;
  readonly first: WorkerTab;
  readonly follower: WorkerTab;
}> {
  const infoHash = await leaveDownload(FILE, [0, 2], { settings });
  const first = tabs.open();
  await until(() => first.progress().length > 0);
  const follower = tabs.open();
  const links = { trackers: [], webSeeds: [], selected: undefined };
  await follower.table.download({ kind: 'magnet', infoHash, name: FILE.name, ...links });
  await until(() => follower.kinds().includes('metadata'));
  return { infoHash, first, follower };
}

test('a tab that follows another one gets that one’s map of the pieces', async () => {
  const { infoHash, follower } = await openFollower();
  follower.table.askPieces(infoHash);
  await until(() => maps(follower).length > 0);
  expect(maps(follower)).toEqual([2]);
  expect(follower.progress().at(-1)).toMatchObject({ isElsewhere: true, doneBytes: 2 * 16_384 });
});

test('a tab that takes a download over says what was set for it, and gives the map that the other one owed', async () => {
  const settings = { limits: { down: undefined, up: 1000 }, priorities: ['low'], isSequential: true } as const;
  const { infoHash, first, follower } = await openFollower(settings);
  follower.table.askPieces(infoHash);
  await until(() => maps(follower).length > 0);
  follower.table.askPieces(infoHash);
  await first.table.close();
  await until(() => maps(follower).length > 1);
  expect(follower.progress().at(-1)?.isElsewhere).toBe(false);
  expect(follower.reports.filter(({ kind }) => kind === 'settings')).toEqual([
    { kind: 'settings', infoHash, origin: NO_ORIGIN, settings },
  ]);
});

test('what is shared again after its share was forgotten comes back as a share', async () => {
  const infoHash = await leaveDownload(FILE);
  const tab = tabs.open();
  await until(() => tab.progress().some(({ state }) => state === 'seeding'));
  await tabs.share(tab, FILE);
  await tab.table.forgetShare(infoHash);
  await tabs.share(tab, FILE);
  await tab.table.close();
  expect(await new KeptShareRecords().all()).toMatchObject([{ infoHash }]);
});

test('sharing again without the way back to the files keeps the one that is recorded', async () => {
  const tab = tabs.open();
  await tabs.share(tab, FILE);
  await tab.table.share(FILE.name, [{ path: FILE.name, file: FILE }], HOW);
  await tab.table.close();
  const [share] = await new KeptShareRecords().all();
  expect(share?.files[0]?.handle).toBeDefined();
});

/** An earlier page shared the file, gave so much of it to others, and the way back to it is lost. */
async function leaveLostShare(uploadedBytes: number): Promise<InfoHash> {
  const metainfo = await metainfoOfShared(FILE);
  const { infoHash } = metainfo;
  const files = [{ size: FILE.size, modifiedAt: 1, handle: undefined }];
  const torrentFile = encodeTorrentFile(metainfo);
  await new KeptShareRecords().write({ infoHash, torrentFile, files, settings: {}, uploadedBytes });
  return infoHash;
}

test('what was given of a share that waited counts on when it is served, though a download of the same ran', async () => {
  await leaveLostShare(5000);
  await leaveDownload(FILE);
  const tab = tabs.open();
  await until(() => tab.progress().some(({ state }) => state === 'seeding'));
  await tabs.share(tab, FILE);
  expect(tab.progress().at(-1)).toMatchObject({ state: 'seeding', uploadedBytes: 5000 });
});

test('a download that is removed leaves a waiting share of the same waiting as it was', async () => {
  const infoHash = await leaveLostShare(5000);
  const tab = tabs.open();
  await until(() => tab.kinds().includes('progress'));
  const links = { trackers: [], webSeeds: [], selected: undefined };
  await tab.table.download({ kind: 'magnet', infoHash, name: FILE.name, ...links });
  await until(() => tab.progress().at(-1)?.state === 'finding');
  await tab.table.remove(infoHash, false, true);
  await until(() => tab.progress().at(-1)?.state === 'paused');
  expect(tab.progress().at(-1)).toMatchObject({ isComplete: true, doneBytes: FILE.size, uploadedBytes: 5000 });
  expect(await new ResumeRecords().read(infoHash)).toBeUndefined();
  expect(await new KeptShareRecords().all()).toMatchObject([{ infoHash }]);
});

test('a download that is removed while what it has is checked is gone with the piece that is being checked', async () => {
  const infoHash = await leaveDownload(FILE);
  const digests = holdDigests();
  const tab = tabs.open();
  await until(() => digests.asked() > 0);
  const removed = tab.table.remove(infoHash, false);
  digests.release();
  await removed;
  expect(digests.asked()).toBe(1);
  expect(tabs.browser.stored()).toEqual([]);
  expect(await new ResumeRecords().read(infoHash)).toBeUndefined();
});

test('while what a download has is checked its page is told what is noted of it, and that this outlives the page', async () => {
  const infoHash = await leaveDownload(FILE);
  await deleteFolder(infoHash);
  const tab = tabs.open();
  await until(() => tab.progress().at(-1)?.state === 'finding');
  const told = { state: 'checking', doneBytes: FILE.size, leftBytes: 0, isKept: true };
  expect(tab.progress()[0]).toMatchObject(told);
});

test('one that is removed with its data kept while that is checked stays recorded as it was', async () => {
  const infoHash = await leaveDownload(FILE, [0, 2]);
  const before = await new ResumeRecords().read(infoHash);
  const digests = holdDigests();
  const tab = tabs.open();
  await until(() => digests.asked() > 0);
  const removed = tab.table.remove(infoHash, true);
  digests.release();
  await removed;
  expect(digests.asked()).toBe(1);
  expect(tabs.browser.stored()).toEqual([infoHash]);
  expect(await new ResumeRecords().read(infoHash)).toMatchObject({ bitfield: before?.bitfield, isParked: true });
});

test('a download whose record cannot be read for now does not begin as one of which nothing is here', async () => {
  const infoHash = await leaveDownload(FILE, undefined, { isParked: true });
  const tab = tabs.open();
  refuseReads(true);
  const links = { trackers: [], webSeeds: [], selected: undefined };
  const source = { kind: 'magnet', infoHash, name: FILE.name, ...links } as const;
  await expect(tab.table.download(source)).rejects.toMatchObject({ code: 'storage-failed' });
  refuseReads(false);
  await tab.table.download(source);
  await until(() => tab.progress().at(-1)?.state === 'seeding');
});

test('neither does one that another tab had, nor is it kept from a third one', async () => {
  const { infoHash, first, follower } = await openFollower();
  refuseReads(true);
  await first.table.close();
  await until(() => follower.progress().at(-1)?.state === 'failed');
  refuseReads(false);
  const next = tabs.open();
  await until(() => next.progress().at(-1)?.doneBytes === 2 * 16_384);
  expect(next.progress().at(-1)).toMatchObject({ infoHash, isElsewhere: false });
});

test('a download that failed to go on and is removed does not come back with the next page', async () => {
  const { infoHash, first, follower } = await openFollower();
  refuseReads(true);
  await first.table.close();
  await until(() => follower.progress().at(-1)?.state === 'failed');
  refuseReads(false);
  await follower.table.remove(infoHash, false);
  expect(await new ResumeRecords().all()).toEqual([]);
  expect(tabs.browser.stored()).toEqual([]);
});

test('one that is tried again while its record cannot be read stays as it is, and goes on with the next try', async () => {
  const infoHash = await leaveDownload(FILE);
  tabs.browser.isBroken = true;
  const tab = tabs.open();
  await until(() => tab.progress().some(({ error }) => error !== undefined));
  tabs.browser.isBroken = false;
  refuseReads(true);
  tab.table.setPaused(infoHash, false);
  await expect(
    tab.table.download({ kind: 'magnet', infoHash, name: '', ...NO_ORIGIN, selected: undefined }),
  ).resolves.toBeDefined();
  expect(tab.progress().at(-1)).toMatchObject({ state: 'paused', doneBytes: FILE.size });
  refuseReads(false);
  tab.table.setPaused(infoHash, false);
  await until(() => tab.progress().at(-1)?.state === 'seeding');
});

test('a download whose storage could not be opened leaves nothing when it is removed', async () => {
  const infoHash = await leaveDownload(FILE);
  tabs.browser.isBroken = true;
  const tab = tabs.open();
  await until(() => tab.progress().some(({ error }) => error !== undefined));
  await tab.table.remove(infoHash, false);
  expect(tabs.browser.stored()).toEqual([]);
});
