import { expect, test } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { MAX_MEMORY_STORAGE_BYTES } from '../../../shared/src/limits/storage.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { buildMetainfo } from '../swarm/build-metainfo.ts';
import { planOf } from './download-plan.ts';
import type { WorkerReport } from './protocol.ts';
import { RunningTorrents } from './running-torrents.ts';
import { StoreOpener } from './storage/opener.ts';
import { ReadCache } from './storage/read-cache.ts';
import type { ResumeRecords } from './storage/resume.ts';
import type { TabNews } from './tab-news.ts';

const PIECE = 16 * 1024 * 1024;

/** A torrent larger than all memory, in two files; the first is most of it. */
const lengths = [MAX_MEMORY_STORAGE_BYTES, 100];
const metainfo = buildMetainfo({
  name: 'large',
  files: lengths.map((length, i) => ({ path: [`file ${i}`], length })),
  pieceLength: PIECE,
  pieceHashes: new Uint8Array(20 * Math.ceil((MAX_MEMORY_STORAGE_BYTES + 100) / PIECE)),
  trackers: [],
});
const { infoHash } = metainfo;

/** Torrents whose content is in memory, and what they say of how they are. */
function makeRunning(): { readonly torrents: RunningTorrents; readonly said: (string | undefined)[][] } {
  const said: (string | undefined)[][] = [];
  const rng = seededRng(1);
  const torrents = new RunningTorrents({
    rng,
    opener: new StoreOpener(new ReadCache(), rng),
    records: {} as ResumeRecords,
    news: {} as TabNews,
    report: (report: WorkerReport) => {
      if (report.kind === 'progress') said.push([report.state, report.error?.code]);
    },
    ended: () => undefined,
  });
  torrents.setSelf(hashToId(Uint8Array.of(1)));
  return { torrents, said };
}

test('a torrent that does not fit begins once so much of it is skipped that the rest does', async () => {
  const { torrents, said } = makeRunning();
  await torrents.begin(planOf(metainfo), undefined, undefined);
  expect(said.at(-1)).toEqual(['paused', 'storage-full']);
  torrents.change(infoHash, { priorities: ['skip', 'normal'] });
  await torrents.beginAgain(infoHash, torrents.get(infoHash)!);
  expect(said.at(-1)).toEqual(['finding', undefined]);
  await torrents.stopAll();
});

test('what a link selects of a torrent that does not fit is enough to begin', async () => {
  const { torrents, said } = makeRunning();
  await torrents.begin({ ...planOf(metainfo), selected: [1] }, undefined, undefined);
  expect(said.at(-1)).toEqual(['finding', undefined]);
  await torrents.stopAll();
});

test('a download stops when more of it is wanted than fits, and goes on when that is skipped again', async () => {
  const { torrents, said } = makeRunning();
  await torrents.begin({ ...planOf(metainfo), selected: [1] }, undefined, undefined);
  torrents.change(infoHash, { priorities: ['normal', 'normal'] });
  const driver = torrents.get(infoHash)!.driver;
  await driver.setPaused(false);
  expect(said.at(-1)).toEqual(['paused', 'storage-full']);
  torrents.change(infoHash, { priorities: ['skip', 'normal'] });
  await driver.setPaused(false);
  expect(said.at(-1)).toEqual(['finding', undefined]);
  await torrents.stopAll();
});
