import { expect, test, vi } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { hashToId } from '../../../shared/src/ids.ts';
import { truncateInfoHash } from '../swarm/magnet.ts';
import { refusalText } from '../swarm/metainfo-error.ts';
import { encodeTorrentFile, infoHashOf } from '../swarm/metainfo.ts';
import { type LabContent, makeContent } from '../swarm/test/lab.ts';
import { privateMetainfo } from '../swarm/test/private-metainfo.ts';
import type { InfoHash, Metainfo } from '../swarm/types.ts';
import { recordedMetainfo } from './download-plan.ts';
import type { DownloadSource } from './protocol.ts';
import { ResumeRecords } from './storage/resume.ts';
import { MemoryPipe } from './test/memory-pipe.ts';
import { type WorkerTab, metainfoOfShared } from './test/tab.ts';
import { tabsOfTests, until } from './test/tabs.ts';

vi.mock('idb-keyval', () => import('./test/fake-keyval.ts'));

const [US, OTHER, SEED] = [1, 2, 3].map((at) => hashToId(Uint8Array.of(at))) as [InfoHash, InfoHash, InfoHash];
const SERVER = 'https://a.example/';
const TRACKER = 'wss://a.example';
const tabs = tabsOfTests();

const link = (infoHash: InfoHash, selected?: readonly number[]): DownloadSource => ({
  kind: 'magnet',
  infoHash,
  name: 'x',
  trackers: [],
  webSeeds: [],
  selected,
});
const fileOf = (metainfo: Metainfo, infoHash = metainfo.infoHash): DownloadSource => ({
  kind: 'metainfo',
  infoHash,
  bytes: encodeTorrentFile(metainfo),
});
const states = (tab: WorkerTab): string[] => tab.progress().map(({ state }) => state);
const content = (version: 'v1' | 'hybrid' | 'v2'): LabContent => makeContent(1, [100_000, 40_000], 32 * 1024, version);
/** Files that a tab was told of, newest word last. */
const told = (tab: WorkerTab): number[] =>
  tab.reports.flatMap((report) => (report.kind === 'metadata' ? [report.summary.files.length] : []));

for (const [title, version, isByV2] of [
  ['v1', 'v1', false],
  ['hybrid', 'hybrid', false],
  ['hybrid, by its v2 hash alone', 'hybrid', true],
  ['v2', 'v2', false],
] as const)
  test(`${title}: the file of a torrent that runs by its link has the metadata known, here and on the next page`, async () => {
    const { metainfo } = content(version);
    const infoHash = isByV2 ? truncateInfoHash(metainfo.infoHashV2 ?? '') : metainfo.infoHash;
    const tab = tabs.open(US);
    await tab.table.download(link(infoHash, [0]));
    expect(await tab.table.download(fileOf(metainfo, infoHash))).toMatchObject({ infoHash, name: metainfo.name });
    expect(told(tab)).toEqual([2]);
    await tab.table.close();
    const record = await new ResumeRecords().read(infoHash);
    expect(record).toMatchObject({ selected: [0], isPaused: false });
    expect(recordedMetainfo(infoHash, record?.torrentFile as Uint8Array)).toMatchObject({
      infoHash,
      pieceLayers: metainfo.pieceLayers,
    });
  });

test('with what is supplied a download gets the pieces from its peers', async () => {
  const file = new File([new Uint8Array(100_000).fill(7)], 'given.bin', { lastModified: 1 });
  const metainfo = await metainfoOfShared(file);
  const { infoHash } = metainfo;
  const [tab, seed] = [tabs.open(US, 'memory'), tabs.open(SEED, 'memory')];
  await tabs.share(seed, file);
  await tab.table.download(link(infoHash));
  await tab.table.download(fileOf(metainfo));
  const [near, far] = [new MemoryPipe(), new MemoryPipe()];
  near.far = far;
  far.far = near;
  seed.table.attach({ infoHash, peer: US, isOutbound: false, serial: 1 }, near);
  tab.table.attach({ infoHash, peer: SEED, isOutbound: true, serial: 1 }, far);
  await until(() => states(tab).at(-1) === 'seeding');
});

for (const [title, version, isPaused] of [
  ['v2', 'v2', false],
  ['v2, paused', 'v2', true],
  ['hybrid', 'hybrid', false],
] as const)
  test(`${title}: piece layers that are missing come from the file, for peers and the next page, too`, async () => {
    const { metainfo } = content(version);
    const { infoHash, pieceLayers } = metainfo;
    const tab = tabs.open(US);
    const bare = { ...metainfo, pieceLayers: undefined };
    await tab.table.download(fileOf(bare));
    tab.table.setPaused(infoHash, isPaused);
    await tab.table.download({
      kind: 'metainfo',
      infoHash,
      bytes: encodeTorrentFile({ ...metainfo, webSeeds: [SERVER] }),
    });
    const [summary] = tab.reports.flatMap((report) => (report.kind === 'metadata' ? [report.summary] : [])).slice(-1);
    expect(recordedMetainfo(infoHash, summary?.torrentFile as Uint8Array)).toMatchObject({ pieceLayers });
    expect(states(tab).at(-1)).toBe(isPaused ? 'paused' : 'finding');
    await tab.table.close();
    const record = await new ResumeRecords().read(infoHash);
    expect(recordedMetainfo(infoHash, record?.torrentFile as Uint8Array)).toMatchObject({ pieceLayers });
    expect(record?.webSeeds).toEqual([SERVER]);
  });

/** Trackers that a tab was told of, and has recorded. */
async function trackersOf(tab: WorkerTab, infoHash: InfoHash): Promise<(readonly string[] | undefined)[]> {
  const summaries = tab.reports.flatMap((report) => (report.kind === 'metadata' ? [report.summary] : []));
  await tab.table.close();
  const record = await new ResumeRecords().read(infoHash);
  return [
    summaries.at(-1)?.trackers,
    recordedMetainfo(infoHash, record?.torrentFile as Uint8Array)?.trackers,
    summaries.at(-1)?.webSeeds,
  ];
}

test('the file of a private torrent whose metadata came from peers says where it is to be had, here and on the next page', async () => {
  const metainfo = privateMetainfo();
  const tab = tabs.open(US);
  // As peers have it.
  await tab.table.download(fileOf(metainfo));
  await tab.table.download(fileOf({ ...metainfo, trackers: [TRACKER], webSeeds: [SERVER] }));
  expect(await trackersOf(tab, metainfo.infoHash)).toEqual([[TRACKER], [TRACKER], [SERVER]]);
});

test('the first file that names trackers of a torrent counts', async () => {
  const metainfo = privateMetainfo();
  const tab = tabs.open(US);
  await tab.table.download(link(metainfo.infoHash));
  await tab.table.download(fileOf({ ...metainfo, trackers: [TRACKER] }));
  await tab.table.download(fileOf({ ...metainfo, trackers: ['wss://other.example'] }));
  expect(await trackersOf(tab, metainfo.infoHash)).toEqual([[TRACKER], [TRACKER], []]);
});

test('piece layers that come after the trackers of a file leave these as they are', async () => {
  const { metainfo } = content('v2');
  const tab = tabs.open(US);
  const bare = { ...metainfo, pieceLayers: undefined };
  await tab.table.download(fileOf(bare));
  await tab.table.download(fileOf({ ...bare, trackers: [TRACKER] }));
  await tab.table.download(fileOf(metainfo));
  expect(await trackersOf(tab, metainfo.infoHash)).toEqual([[TRACKER], [TRACKER], []]);
});

test('piece layers that are not those of the roots are refused, and the download goes on without', async () => {
  const { metainfo } = content('v2');
  const { infoHash, pieceLayers = [] } = metainfo;
  const tab = tabs.open(US);
  await tab.table.download(fileOf({ ...metainfo, pieceLayers: undefined }));
  const wrong = { ...metainfo, pieceLayers: pieceLayers.map((layer) => layer?.map((byte) => byte ^ 1)) };
  const message = refusalText('bad-piece-layers');
  await expect(tab.table.download(fileOf(wrong))).rejects.toMatchObject({ code: 'bad-metainfo', message });
  expect(told(tab)).toEqual([]);
  expect(tab.progress().at(-1)).toMatchObject({ state: 'finding', error: undefined });
  await tab.table.download(fileOf(metainfo));
  expect(told(tab)).toEqual([2]);
  expect(infoHash).toBe(metainfo.infoHash);
});

test('a paused download takes its metadata from the file, and stays paused', async () => {
  const { metainfo } = content('hybrid');
  const tab = tabs.open(US);
  await tab.table.download(link(metainfo.infoHash));
  tab.table.setPaused(metainfo.infoHash, true);
  await until(() => states(tab).at(-1) === 'paused');
  await tab.table.download(fileOf(metainfo));
  expect(told(tab)).toEqual([2]);
  expect(states(tab).at(-1)).toBe('paused');
});

test('a file that is opened twice is taken once, and what is stored stays', async () => {
  const { metainfo } = content('v1');
  const tab = tabs.open(US);
  await tab.table.download(link(metainfo.infoHash));
  await Promise.all([tab.table.download(fileOf(metainfo)), tab.table.download(fileOf(metainfo))]);
  expect(told(tab)).toEqual([2]);
});

const CLIMBING = utf8Encode('d6:lengthi1e4:name2:..12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae');

for (const [what, infoHash, bytes, message] of [
  [
    'is refused',
    infoHashOf(CLIMBING),
    Uint8Array.of(...utf8Encode('d4:info'), ...CLIMBING, ...utf8Encode('e')),
    refusalText('bad-name'),
  ],
  [
    'is of another torrent',
    OTHER,
    encodeTorrentFile(content('hybrid').metainfo),
    'This torrent file is of another torrent.',
  ],
] as const)
  test(`a file that ${what} leaves the download as it was, and says why`, async () => {
    const tab = tabs.open(US);
    await tab.table.download(link(infoHash));
    const file = { kind: 'metainfo', infoHash, bytes } as const;
    await expect(tab.table.download(file)).rejects.toMatchObject({ code: 'bad-metainfo', message });
    expect(told(tab)).toEqual([]);
    expect(new Set(states(tab))).toEqual(new Set(['finding']));
    await tab.table.close();
    expect(await new ResumeRecords().read(infoHash)).toMatchObject({ torrentFile: undefined, refusal: undefined });
  });

test('a file that is opened in a tab that follows supplies the tab that downloads', async () => {
  const { metainfo } = content('hybrid');
  const tab = tabs.open(US);
  await tab.table.download(link(metainfo.infoHash));
  const follower = tabs.open(OTHER);
  await follower.table.download(link(metainfo.infoHash));
  await follower.table.download(fileOf(metainfo));
  await until(() => told(tab).length > 0 && told(follower).length > 0);
  expect([told(tab), told(follower)]).toEqual([[2], [2]]);
});
