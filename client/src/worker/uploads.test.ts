import { expect, test, vi } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { encodeTorrentFile } from '../swarm/metainfo.ts';
import type { InfoHash } from '../swarm/types.ts';
import { MemoryPipe } from './test/memory-pipe.ts';
import { WorkerTab, leaveDownload, metainfoOfShared } from './test/tab.ts';
import { tabsOfTests, until } from './test/tabs.ts';

vi.mock('idb-keyval', () => import('./test/fake-keyval.ts'));

const FILE = new File([new Uint8Array(100_000).fill(7)], 'given.bin', { lastModified: 1 });
const [SEED, LEECHER] = [hashToId(Uint8Array.of(1)), hashToId(Uint8Array.of(2))];

const tabs = tabsOfTests();

/** Somebody downloads all of the file from this tab, which has counted it then. */
async function giveAll(tab: WorkerTab): Promise<void> {
  const before = given(tab);
  const metainfo = await metainfoOfShared(FILE);
  const { infoHash } = metainfo;
  const leecher = tabs.open(LEECHER, 'memory');
  await leecher.table.download({ kind: 'metainfo', infoHash, bytes: encodeTorrentFile(metainfo) });
  const [near, far] = [new MemoryPipe(), new MemoryPipe()];
  near.far = far;
  far.far = near;
  tab.table.attach({ infoHash, peer: LEECHER, isOutbound: false, serial: 1 }, near);
  leecher.table.attach({ infoHash, peer: SEED, isOutbound: true, serial: 1 }, far);
  await until(() => leecher.progress().some(({ state }) => state === 'seeding'));
  await until(() => given(tab) === before + FILE.size);
  await leecher.table.close();
}

function given(tab: WorkerTab): number {
  return tab.progress().at(-1)?.uploadedBytes ?? 0;
}

/** The page is closed, and opened again. */
async function reload(tab: WorkerTab): Promise<WorkerTab> {
  await tab.table.close();
  const next = tabs.open();
  await until(() => next.progress().some(({ state }) => state === 'seeding'));
  return next;
}

async function seeding(change: { readonly uploadedBytes: number }): Promise<{
  readonly infoHash: InfoHash;
  readonly tab: WorkerTab;
}> {
  const infoHash = await leaveDownload(FILE, undefined, change);
  const tab = tabs.open();
  await until(() => tab.progress().some(({ state }) => state === 'seeding'));
  return { infoHash, tab };
}

test('what a share gave counts on after a reload', async () => {
  const tab = tabs.open();
  await tabs.share(tab, FILE);
  await giveAll(tab);
  expect(given(await reload(tab))).toBe(FILE.size);
});

test('what a download gave counts on after a reload, and when the same files are shared', async () => {
  const { tab } = await seeding({ uploadedBytes: 2 * FILE.size });
  expect(given(tab)).toBe(2 * FILE.size);
  await giveAll(tab);
  const next = await reload(tab);
  expect(given(next)).toBe(3 * FILE.size);
  await tabs.share(next, FILE);
  expect(given(next)).toBe(3 * FILE.size);
  expect(given(await reload(next))).toBe(3 * FILE.size);
});

test('what a download gave counts on when it is removed with its data kept, and opened again', async () => {
  const { infoHash, tab } = await seeding({ uploadedBytes: FILE.size });
  await giveAll(tab);
  await tab.table.remove(infoHash, true);
  const links = { name: FILE.name, trackers: [], webSeeds: [], selected: undefined };
  await tab.table.download({ kind: 'magnet', infoHash, ...links });
  expect(given(tab)).toBe(2 * FILE.size);
});
