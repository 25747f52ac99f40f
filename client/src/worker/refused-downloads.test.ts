import { expect, test, vi } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { refusalText } from '../swarm/metainfo-error.ts';
import type { DownloadSource } from './protocol.ts';
import { ResumeRecords } from './storage/resume.ts';
import { tabsOfTests, until } from './test/tabs.ts';
import type { WorkerTab } from './test/tab.ts';

vi.mock('idb-keyval', () => import('./test/fake-keyval.ts'));

const tabs = tabsOfTests();

const infoHash = hashToId(Uint8Array.of(9));
const link: DownloadSource = { kind: 'magnet', infoHash, name: 'x', trackers: [], webSeeds: [], selected: undefined };
const message = refusalText('bad-name');

/** An earlier page found out that the torrent of the link is refused. */
async function leaveRefused(): Promise<void> {
  await new ResumeRecords().write({
    infoHash,
    name: 'x',
    trackers: [],
    torrentFile: undefined,
    bitfield: undefined,
    webSeeds: [],
    selected: undefined,
    refusal: 'bad-name',
    settings: {},
    uploadedBytes: 0,
    generation: 1,
    isPaused: false,
    isParked: false,
  });
}

const states = (tab: WorkerTab): string[] => tab.progress().map(({ state }) => state);

test('a download that an earlier page refused is refused again with the same reason, and asks nobody', async () => {
  await leaveRefused();
  const tab = tabs.open();
  await until(() => states(tab).length > 0);
  expect(tab.progress().at(-1)).toMatchObject({ state: 'failed', error: { code: 'bad-metainfo', message } });
  expect(states(tab)).toEqual(states(tab).map(() => 'failed'));
  await tab.table.download(link);
  expect(new Set(states(tab))).toEqual(new Set(['failed']));
  expect(await new ResumeRecords().read(infoHash)).toMatchObject({ refusal: 'bad-name' });
});

test('a refused download that is removed is not known to the next page', async () => {
  await leaveRefused();
  const tab = tabs.open();
  await until(() => states(tab).length > 0);
  await tab.table.remove(infoHash, false);
  expect(await new ResumeRecords().read(infoHash)).toBeUndefined();
  await tab.table.download(link);
  await until(() => states(tab).at(-1) === 'finding');
});

test('a refused download that is resumed is tried again', async () => {
  await leaveRefused();
  const tab = tabs.open();
  await until(() => states(tab).length > 0);
  tab.table.setPaused(infoHash, false);
  await until(() => states(tab).at(-1) === 'finding');
  expect(tab.progress().at(-1)?.error).toBeUndefined();
  await tab.table.close();
  expect(await new ResumeRecords().read(infoHash)).toMatchObject({ refusal: undefined });
});
