import { expect, test, vi } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { refusalText } from '../swarm/metainfo-error.ts';
import type { DownloadSource } from './protocol.ts';
import { type ResumeRecord, ResumeRecords } from './storage/resume.ts';
import { tabsOfTests, until } from './test/tabs.ts';
import type { WorkerTab } from './test/tab.ts';

vi.mock('idb-keyval', () => import('./test/fake-keyval.ts'));

const tabs = tabsOfTests();

const infoHash = hashToId(Uint8Array.of(9));
const link: DownloadSource = { kind: 'magnet', infoHash, name: 'x', trackers: [], webSeeds: [], selected: undefined };
const message = refusalText('bad-name');

/** An earlier page found out that the torrent of the link is refused. */
async function leaveRefused(change: Partial<ResumeRecord> = {}): Promise<void> {
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
    ...change,
  });
}

const kept = async (): Promise<ResumeRecord | undefined> => await new ResumeRecords().read(infoHash);
/** What a person has set, and the file that the link selects. */
const settings = { limits: { down: 1000, up: 500 }, isSequential: true } as const;
const selected = [1];

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

test('a refused download that is asked for again goes on with its selection of files and what was set, on the next page, too', async () => {
  await leaveRefused({ selected, settings });
  const tab = tabs.open();
  await until(() => states(tab).length > 0);
  await tab.table.download({ ...link, trackers: ['wss://a.example'] }, {});
  await until(() => states(tab).at(-1) === 'finding');
  await tab.table.close();
  const trackers = ['wss://a.example'];
  expect(await kept()).toMatchObject({ refusal: undefined, selected, settings, trackers, isParked: false });
});

test('limits that are set while a download is refused hold when it is asked for again', async () => {
  await leaveRefused({ selected, settings });
  const tab = tabs.open();
  await until(() => states(tab).length > 0);
  tab.table.change(infoHash, { limits: { down: 7, up: undefined } });
  await tab.table.download(link, {});
  await tab.table.close();
  expect(await kept()).toMatchObject({ refusal: undefined, selected, settings: { ...settings, limits: { down: 7 } } });
});

test('a refused download that is asked for by a link that selects other files takes those, instead of what was skipped', async () => {
  await leaveRefused({ settings: { ...settings, priorities: ['skip', 'normal'] } });
  const tab = tabs.open();
  await until(() => states(tab).length > 0);
  await tab.table.download({ ...link, selected: [0] }, {});
  await tab.table.close();
  expect(await kept()).toMatchObject({ refusal: undefined, selected: [0], settings });
  expect((await kept())?.settings.priorities).toBeUndefined();
});

test('what was set for a file that was refused at once holds for the link that is tried instead of it', async () => {
  const tab = tabs.open();
  await tab.table.download(link, settings);
  await tab.table.close();
  expect(await kept()).toMatchObject({ settings });
});

for (const before of [{}, { isPaused: true }, { settings: { priorities: ['low', 'skip'] } }] as const)
  test(`a download that a page asks for before it is resumed goes on as it was: ${JSON.stringify(before)}`, async () => {
    await leaveRefused({ refusal: undefined, selected, settings, ...before });
    const tab = tabs.open();
    await tab.table.download({ ...link, selected: [0] });
    const told = tab.reports.find(({ kind }) => kind === 'settings' || kind === 'resumed');
    expect(told).toMatchObject({ selected });
    await tab.table.close();
    expect(await kept()).toMatchObject({ selected, isPaused: false, settings, ...before });
  });

test('a download that was removed with its data kept takes the selection of the link that asks for it, or else has its own', async () => {
  for (const other of [undefined, [0]]) {
    await leaveRefused({ refusal: undefined, selected, settings, isParked: true });
    const tab = tabs.open();
    await tab.table.download({ ...link, selected: other });
    await tab.table.close();
    expect(await kept()).toMatchObject({ selected: other ?? selected, settings, isParked: false });
  }
});

test('what was kept of a removed download is deleted when that is removed once more, unless its data is kept again', async () => {
  await leaveRefused({ refusal: undefined, isParked: true });
  const tab = tabs.open();
  await tab.table.remove(infoHash, true);
  expect(await kept()).toMatchObject({ isParked: true });
  await tab.table.remove(infoHash, false);
  expect(await kept()).toBeUndefined();
});

test('what another tab downloads is not deleted by a tab that does not', async () => {
  await leaveRefused({ refusal: undefined });
  const [owner, other] = [tabs.open(), tabs.open()];
  await until(() => states(owner).length > 0);
  await other.table.remove(infoHash, false);
  expect(await kept()).toMatchObject({ isParked: false });
});

test('a link that selects files of a download that was removed with its data kept has a say over what was skipped', async () => {
  await leaveRefused({ refusal: undefined, settings: { ...settings, priorities: ['skip', 'low'] }, isParked: true });
  const tab = tabs.open();
  await tab.table.download({ ...link, selected: [0] });
  await tab.table.close();
  expect(await kept()).toMatchObject({ selected: [0], settings });
  expect((await kept())?.settings.priorities).toBeUndefined();
});
