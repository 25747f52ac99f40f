import { expect, test, vi } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { MAX_TRACKERS } from '../../../shared/src/limits/metainfo.ts';
import { privateMetainfo } from '../swarm/test/private-metainfo.ts';
import { NO_ORIGIN, type TorrentOrigin, originOf } from '../swarm/torrent-origin.ts';
import { encodeTorrentFile } from '../swarm/metainfo.ts';
import type { DownloadSource } from './protocol.ts';
import { ResumeRecords } from './storage/resume.ts';
import type { WorkerTab } from './test/tab.ts';
import { tabsOfTests, until } from './test/tabs.ts';

vi.mock('idb-keyval', () => import('./test/fake-keyval.ts'));

const tabs = tabsOfTests();

const infoHash = hashToId(Uint8Array.of(9));
const first = { trackers: ['wss://a.example'], webSeeds: ['https://b.example/x'], infoHashV2: 'ab'.repeat(32) };
const second = { trackers: ['wss://c.example'], webSeeds: ['https://d.example/x'] };
const both = {
  trackers: [...first.trackers, ...second.trackers],
  webSeeds: [...first.webSeeds, ...second.webSeeds],
  infoHashV2: first.infoHashV2,
};

const link = (origin: TorrentOrigin): DownloadSource => ({
  kind: 'magnet',
  infoHash,
  name: 'x',
  ...origin,
  selected: undefined,
});
const recorded = async (): Promise<TorrentOrigin | undefined> => {
  const record = await new ResumeRecords().read(infoHash);
  return record && originOf(record);
};
const webSeeds = (tab: WorkerTab): string[] =>
  tab
    .progress()
    .at(-1)
    ?.webSeeds.map(({ url }) => url) ?? [];

/** A tab that downloads by the first link. */
async function openFirst(): Promise<WorkerTab> {
  const tab = tabs.open();
  await tab.table.download(link(first));
  return tab;
}

test('a second link to a download that runs adds its trackers and web seeds, for the next page, too', async () => {
  const tab = await openFirst();
  await tab.table.download(link(second));
  await until(() => webSeeds(tab).length > 1);
  expect(webSeeds(tab)).toEqual(both.webSeeds);
  await tab.table.close();
  expect(await recorded()).toEqual(both);
});

test('a second link that is opened in a tab that follows adds them in the tab that downloads', async () => {
  const tab = await openFirst();
  const follower = tabs.open(hashToId(Uint8Array.of(2)));
  await follower.table.download(link(NO_ORIGIN));
  await follower.table.download(link(second));
  await until(() => webSeeds(tab).length > 1);
  const third = tabs.open(hashToId(Uint8Array.of(3)));
  await third.table.download(link({ trackers: ['wss://e.example'], webSeeds: [] }));
  await until(() => webSeeds(third).length > 1);
  await tab.table.close();
  expect(await recorded()).toEqual({ ...both, trackers: [...both.trackers, 'wss://e.example'] });
});

test('a tab that takes a download over keeps what its link said, and tells its page', async () => {
  const tab = await openFirst();
  const follower = tabs.open(hashToId(Uint8Array.of(2)));
  await follower.table.download(link(NO_ORIGIN));
  await tab.table.close();
  await until(() => follower.progress().some(({ isElsewhere }) => !isElsewhere));
  expect(follower.reports.find(({ kind }) => kind === 'settings')).toMatchObject({ origin: first });
  expect(webSeeds(follower)).toEqual(first.webSeeds);
  await follower.table.close();
  expect(await recorded()).toEqual(first);
});

test('a download that was removed with its data kept still has what its link said when it is asked for by another', async () => {
  const tab = await openFirst();
  await tab.table.remove(infoHash, true);
  await tab.table.download(link(second));
  expect(tab.reports.find(({ kind }) => kind === 'settings')).toMatchObject({ origin: both });
  await tab.table.close();
  expect(await recorded()).toEqual(both);
});

test('however many links are opened, no more is recorded than is taken from one', async () => {
  const tab = await openFirst();
  for (let at = 0; at < MAX_TRACKERS + 5; at++)
    await tab.table.download(link({ trackers: [`wss://${at}.example`], webSeeds: [] }));
  await tab.table.close();
  expect((await recorded())?.trackers).toHaveLength(MAX_TRACKERS);
});

test('a private torrent takes no other link’s word for where it is to be had (BEP 27)', async () => {
  const { infoHash: id, ...metainfo } = privateMetainfo();
  const tab = tabs.open();
  await tab.table.download({ kind: 'metainfo', infoHash: id, bytes: encodeTorrentFile({ infoHash: id, ...metainfo }) });
  await tab.table.download({ kind: 'magnet', infoHash: id, name: 'x', ...second, selected: undefined });
  await tab.table.close();
  expect(await new ResumeRecords().read(id)).toMatchObject({ trackers: metainfo.trackers, webSeeds: [] });
});
