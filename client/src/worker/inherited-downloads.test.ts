import { afterEach, expect, test, vi } from 'vitest';
import { settle } from '../adapters/memory/manual-clock.ts';
import { buildMetainfo } from '../swarm/build-metainfo.ts';
import { encodeTorrentFile } from '../swarm/metainfo.ts';
import { planDownload } from './download-plan.ts';
import { InheritedDownloads } from './inherited-downloads.ts';
import type { WorkerReport } from './protocol.ts';
import type { ResumeRecord } from './storage/resume.ts';
import { Turns } from './turns.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

const metainfo = buildMetainfo({
  name: 'thing',
  files: [{ path: ['thing'], length: 100 }],
  pieceLength: 16_384,
  pieceHashes: new Uint8Array(20),
  trackers: [],
  isPrivate: true,
});
const { infoHash, name } = metainfo;

const record: ResumeRecord = {
  infoHash,
  name,
  trackers: [],
  webSeeds: [],
  selected: undefined,
  torrentFile: encodeTorrentFile(metainfo),
  bitfield: undefined,
  settings: {},
  uploadedBytes: 0,
  generation: 1,
  isPaused: false,
  isParked: false,
};

/** Downloads of which there is the record, and what happens with them in order: reports, and `begin`. */
function inherit(): { readonly inherited: InheritedDownloads; readonly seen: (WorkerReport | 'begin')[] } {
  const seen: (WorkerReport | 'begin')[] = [];
  const inherited = new InheritedDownloads({
    records: { read: () => Promise.resolve(record) },
    running: { has: () => false, begin: () => Promise.resolve(void seen.push('begin')) },
    turns: new Turns(),
    report: (report) => seen.push(report),
  });
  return { inherited, seen };
}

test('that a download of an earlier page is private is said with the first word of it', async () => {
  const request = (_name: string, _options: unknown, granted: () => Promise<void>): Promise<void> => granted();
  vi.stubGlobal('navigator', { locks: { request } });
  const { inherited, seen } = inherit();
  inherited.resumeLater(infoHash);
  await settle();
  expect(seen[0]).toMatchObject({ kind: 'resumed', isPrivate: true });
});

test('what is in a download of another tab is said before this tab goes on with it', async () => {
  const { inherited, seen } = inherit();
  const plan = planDownload({ kind: 'magnet', infoHash, name, trackers: [], webSeeds: [], selected: undefined });
  inherited.takeOver(plan, { release: () => undefined });
  await settle();
  expect(seen).toMatchObject([{ kind: 'settings' }, { kind: 'metadata', summary: { isPrivate: true } }, 'begin']);
});
