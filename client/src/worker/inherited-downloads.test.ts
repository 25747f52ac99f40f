import { afterEach, expect, test, vi } from 'vitest';
import { settle } from '../adapters/memory/manual-clock.ts';
import { privateMetainfo } from '../swarm/test/private-metainfo.ts';
import { encodeTorrentFile } from '../swarm/metainfo.ts';
import { type DownloadPlan, planDownload, recordOf } from './download-plan.ts';
import { InheritedDownloads } from './inherited-downloads.ts';
import type { WorkerReport } from './protocol.ts';
import { type ResumeRecord, readRecord } from './storage/resume.ts';
import { Turns } from './turns.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const metainfo = privateMetainfo();
const { infoHash, name } = metainfo;

const record: ResumeRecord = {
  infoHash,
  name,
  trackers: [],
  webSeeds: [],
  selected: undefined,
  torrentFile: encodeTorrentFile(metainfo),
  bitfield: undefined,
  refusal: undefined,
  settings: {},
  uploadedBytes: 0,
  generation: 1,
  isPaused: false,
  isParked: false,
};

/** Downloads of which there is a record, what happens with them in order, reports and `begin`, and what is begun. */
function inherit(kept: ResumeRecord | undefined): {
  readonly inherited: InheritedDownloads;
  readonly seen: (WorkerReport | 'begin')[];
  readonly begun: DownloadPlan[];
} {
  const seen: (WorkerReport | 'begin')[] = [];
  const begun: DownloadPlan[] = [];
  const begin = async (plan: DownloadPlan): Promise<void> => {
    seen.push('begin');
    begun.push(plan);
  };
  const inherited = new InheritedDownloads({
    records: { read: () => Promise.resolve(kept), remove: () => Promise.resolve() },
    running: { has: () => false, begin },
    turns: new Turns(),
    report: (report) => seen.push(report),
  });
  return { inherited, seen, begun };
}

/** Nobody else holds a lock. */
function grantLocks(): void {
  const request = (_name: string, _options: unknown, granted: () => Promise<void>): Promise<void> => granted();
  vi.stubGlobal('navigator', { locks: { request } });
}

test('that a download of an earlier page is private is said with the first word of it, and which trackers it has before it begins', async () => {
  grantLocks();
  const trackers = ['wss://own.example'];
  const { inherited, seen } = inherit({ ...record, torrentFile: encodeTorrentFile({ ...metainfo, trackers }) });
  inherited.resumeLater(infoHash);
  await settle();
  expect(seen).toMatchObject([
    { kind: 'resumed', isPrivate: true },
    { kind: 'metadata', summary: { trackers } },
    'begin',
  ]);
});

test('what is in a download of another tab is said before this tab goes on with it', async () => {
  const { inherited, seen } = inherit(record);
  const plan = planDownload({ kind: 'magnet', infoHash, name, trackers: [], webSeeds: [], selected: undefined });
  inherited.takeOver(plan, { release: () => undefined });
  await settle();
  expect(seen).toMatchObject([{ kind: 'settings' }, { kind: 'metadata', summary: { isPrivate: true } }, 'begin']);
});

test.each([
  ['all, though the link here selected one file', [0], { ...record, selected: undefined }, undefined],
  ['one file, though the link here selected none', undefined, { ...record, selected: [1] }, [1]],
  ['what the link here selected, when nothing is recorded', [0], undefined, [0]],
])('of a download of another tab this one takes %s', async (_title, selected, kept, taken) => {
  const { inherited, begun } = inherit(kept);
  const plan = planDownload({ kind: 'magnet', infoHash, name, trackers: [], webSeeds: [], selected });
  inherited.takeOver(plan, { release: () => undefined });
  await settle();
  expect(begun).toMatchObject([{ selected: taken }]);
});

test('what the link in the other tab selected is told before this tab goes on', async () => {
  const { inherited, seen } = inherit({ ...record, selected: [1] });
  const plan = planDownload({ kind: 'magnet', infoHash, name, trackers: [], webSeeds: [], selected: undefined });
  inherited.takeOver(plan, { release: () => undefined });
  await settle();
  expect(seen[0]).toMatchObject({ kind: 'settings', selected: [1] });
});

test('the v2 hash that a link named is in its record and is told the next page', async () => {
  grantLocks();
  const infoHashV2 = 'ab'.repeat(32);
  const plan = planDownload({
    kind: 'magnet',
    infoHash,
    name,
    trackers: [],
    webSeeds: [],
    selected: undefined,
    infoHashV2,
  });
  const progress = { metainfo: undefined, bitfield: undefined, isPaused: false, refusal: undefined };
  const recorded = readRecord(recordOf(plan, progress, undefined, {}, 0, 1));
  const { inherited, seen } = inherit(recorded);
  inherited.resumeLater(infoHash);
  await settle();
  expect(seen[0]).toMatchObject({ kind: 'resumed', infoHashV2 });
  expect(readRecord({ ...recorded, infoHashV2: 'no hash' })).toMatchObject({ infoHashV2: undefined });
});
