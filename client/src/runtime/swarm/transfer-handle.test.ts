import { expect, test, vi } from 'vitest';
import { NO_ORIGIN } from '../../swarm/torrent-origin.ts';
import { hashToId } from '../../../../shared/src/ids.ts';
import { SHARED_FILES_PER_MESSAGE } from '../../../../shared/src/limits/storage.ts';
import { settle } from '../../adapters/memory/manual-clock.ts';
import { makeContent } from '../../swarm/test/lab.ts';
import type { WorkerRequest } from '../../worker/protocol.ts';
import { summarize } from '../../worker/summary.ts';
import { infoHash, magnet, summaryOf } from './test/torrent.ts';
import { FakeWorld, beginDownload } from './test/world.ts';

const OTHER = hashToId(new Uint8Array([2]));

test('removing a download leaves the swarm and rejects its promise without anyone having to look', async () => {
  const { node: a, download } = beginDownload();
  a.worker.progress(infoHash, { doneBytes: 10 });
  await download.remove();
  expect(download.state).toBe('removed');
  await expect(download.done).rejects.toMatchObject({ code: 'aborted' });
  expect(a.announced.at(-1)).toBe('leave');
  expect(a.published.size).toBe(0);
  expect(a.worker.requests.at(-1)).toMatchObject({ kind: 'remove', infoHash, keepData: false });
  expect(a.service.downloads).toEqual([]);
});

test('whoever waits for a download hears that this peer has left, and what was done stays so', async () => {
  const { node: a, download } = beginDownload();
  const other = a.service.download(OTHER);
  a.worker.progress(infoHash, { state: 'paused', doneBytes: 10 });
  a.worker.progress(OTHER, { state: 'seeding', doneBytes: 100 });
  const iterating = (async () => {
    for await (const progress of download) expect(progress.doneBytes).toBe(10);
  })();
  await settle();
  const left = { code: 'left' };
  await Promise.all([
    a.service.close(),
    expect(iterating).rejects.toMatchObject(left),
    expect(download.done).rejects.toMatchObject(left),
  ]);
  expect(download).toMatchObject({ state: 'failed', error: left });
  expect(other).toMatchObject({ state: 'done', error: undefined });
});

test('the same torrent gives the same download, and what is no magnet link is refused at once', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  expect(a.service.download(magnet)).toBe(a.service.download(infoHash.toUpperCase()));
  expect(() => a.service.download('magnet:?dn=nothing')).toThrow(expect.objectContaining({ code: 'bad-magnet' }));
  expect(() => a.service.download(new Uint8Array([1, 2]))).toThrow(expect.objectContaining({ code: 'bad-metainfo' }));
});

test('progress reaches listeners and the iterator, which ends when everything is here', async () => {
  const { node: a, download } = beginDownload();
  const seen: number[] = [];
  const iterating = (async () => {
    for await (const progress of download) seen.push(progress.doneBytes);
  })();
  await settle();
  for (const doneBytes of [10, 60]) {
    a.worker.progress(infoHash, { doneBytes, downBytesPerSecond: 20 });
    await settle();
  }
  expect(download.progress).toMatchObject({ doneBytes: 60, etaMs: 2000 });
  a.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  await iterating;
  await download.done;
  expect(seen).toEqual([0, 10, 60, 100]);
});

test('storage that is full pauses the download with a sentence and does not fail it', async () => {
  const { node: a, download } = beginDownload();
  const error = { code: 'storage-full', message: 'This download needs 5 GB.' } as const;
  a.worker.progress(infoHash, { state: 'paused', error });
  expect(download.state).toBe('paused');
  expect(download.error).toMatchObject(error);
});

/** Two files in pieces of 10 bytes, with padding between them. */
const TWO_FILES = summaryOf({
  totalBytes: 35,
  pieceLength: 10,
  pieceCount: 4,
  files: [
    { path: 'a', size: 12, index: 0, offset: 0 },
    { path: 'b', size: 15, index: 2, offset: 20 },
  ],
});

test('priorities name files by path or place, leave padding out, and reach the worker for all files at once', () => {
  const { node: a, download } = beginDownload();
  expect(() => download.setPriority('b', 'skip')).toThrow(expect.objectContaining({ code: 'not-ready' }));
  a.worker.report({ kind: 'metadata', summary: TWO_FILES });
  download.setPriority('b', 'skip');
  download.setPriority([0], 'high');
  expect(a.worker.requests.at(-1)).toEqual({
    kind: 'setPriorities',
    infoHash,
    priorities: ['high', 'normal', 'skip'],
  });
  expect(download.files().map(({ priority }) => priority)).toEqual(['high', 'skip']);
  expect(() => download.setPriority('c', 'low')).toThrow(expect.objectContaining({ code: 'not-found' }));
  expect(() => download.setPriority(2, 'low')).toThrow(expect.objectContaining({ code: 'not-found' }));
});

test('a download whose wanted files are here is done, and stays so while it is paused', async () => {
  const { node: a, download } = beginDownload(TWO_FILES);
  a.worker.progress(infoHash, { state: 'seeding', isComplete: true, doneBytes: 20, totalBytes: 35 });
  await download.done;
  a.worker.progress(infoHash, { state: 'paused', isComplete: true, doneBytes: 20, totalBytes: 35 });
  expect(download).toMatchObject({ state: 'done', isPaused: true });
  a.worker.progress(infoHash, { state: 'paused', isComplete: false, doneBytes: 20, totalBytes: 35 });
  expect(download.state).toBe('paused');
});

test('reading the pieces asks for one map at a time, and files count what the newest one says', () => {
  const { node: a, download } = beginDownload(TWO_FILES);
  const asked = (): number => a.worker.requests.filter(({ kind }) => kind === 'askPieces').length;
  expect(download.pieces()).toMatchObject({ count: 0 });
  expect(download.files()[0]?.doneBytes).toBe(0);
  expect(asked()).toBe(1);
  const pieces = { count: 4, stored: new Uint8Array([0b0110_0000]), availability: new Uint8Array([0, 2, 1, 255]) };
  a.worker.progress(infoHash, { doneBytes: 20, totalBytes: 35, pieces });
  expect(download.files().map(({ doneBytes }) => doneBytes)).toEqual([2, 10]);
  expect(asked()).toBe(2);
});

test('limits are checked, kept, and passed on for one torrent and for all', () => {
  const { node: a, download } = beginDownload();
  download.setLimits({ down: 1000 });
  a.service.setLimits({ up: 500 });
  expect(a.worker.requests.slice(-2)).toEqual([
    { kind: 'setLimits', infoHash, limits: { down: 1000, up: undefined } },
    { kind: 'setLimits', infoHash: undefined, limits: { up: 500 } },
  ]);
  expect(download.limits).toEqual({ down: 1000, up: undefined });
  for (const down of [0, -1, Number.NaN])
    expect(() => download.setLimits({ down })).toThrow(expect.objectContaining({ code: 'bad-argument' }));
});

test('peers say who named them, in flags, too', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  const download = a.service.download(magnet);
  await world.deliver();
  const idle = { downBytesPerSecond: 0, upBytesPerSecond: 0, downloadedBytes: 0, uploadedBytes: 7, progress: 1 };
  const bits = { isChoked: true, isInterested: false, isSource: true, isSnubbed: false, program: undefined };
  const peer = { ...idle, ...bits, id: b.id, isChokingUs: false, slot: 'none', isInbound: false } as const;
  a.worker.progress(infoHash, { peers: [peer], uploadedBytes: 7, doneBytes: 14 });
  expect(download.peers()).toMatchObject([{ id: b.id, source: 'overlay', flags: 'DH', uploadedBytes: 7 }]);
  expect(download.progress.ratio).toBe(0.5);
});

test('a share is paused and resumed, and its peers are gone once it is stopped', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const sharing = a.service.share([new File(['x'.repeat(12)], 'a'), new File(['y'.repeat(15)], 'b')]);
  const request = a.worker.shareRequest();
  a.worker.report({ kind: 'answer', call: request.call, value: TWO_FILES });
  const share = await sharing;
  share.pause();
  expect(a.worker.requests.at(-1)).toEqual({ kind: 'setPaused', infoHash, isPaused: true });
  a.worker.progress(infoHash, { state: 'paused', isComplete: true, doneBytes: 35, totalBytes: 35 });
  expect(share.isPaused).toBe(true);
  expect(await (await share.files[1]?.blob())?.text()).toBe('y'.repeat(15));
  expect(share.info()).toMatchObject({ infoHash, pieceLength: 10, pieceCount: 4 });
  await share.stop();
  share.resume();
  expect(a.worker.requests.at(-1)).toMatchObject({ kind: 'remove' });
});

test('the files of a share are those that its torrent puts there, and hashing them is told of', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const told: number[] = [];
  const sharing = a.service.share([new File(['second'], 'b'), new File(['first'], 'a')], {
    onProgress: ({ doneBytes, totalBytes }) => told.push(doneBytes / totalBytes),
  });
  const request = a.worker.shareRequest();
  a.worker.report({ kind: 'hashing', call: request.call, doneBytes: 5, totalBytes: 20 });
  const files = TWO_FILES.files.map((file, at) => ({ ...file, source: 1 - at }));
  a.worker.report({ kind: 'answer', call: request.call, value: { ...TWO_FILES, files } });
  const share = await sharing;
  expect(told).toEqual([0.25]);
  expect(await Promise.all(share.files.map(async (file) => (await file.blob()).text()))).toEqual(['first', 'second']);
});

test('what was set before a reload shows again, and what the link selected is skipped once the files are known', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const settings = { limits: { down: 5000, up: undefined }, isSequential: true };
  a.worker.resumed({ selected: [2], settings });
  const [download] = a.service.downloads;
  expect(download).toMatchObject({ limits: { down: 5000 }, isSequential: true });
  a.worker.report({ kind: 'metadata', summary: TWO_FILES });
  expect(download?.files().map(({ priority }) => priority)).toEqual(['skip', 'normal']);
  expect(a.worker.requests.at(-1)).toMatchObject({ kind: 'setPriorities', priorities: ['skip', 'skip', 'normal'] });
});

test('what was set before a reload shows, too, when the page itself asks for the download again', () => {
  const { node: a, download } = beginDownload();
  const settings = { limits: { down: 5000, up: undefined }, isSequential: true, priorities: ['skip'] } as const;
  a.worker.report({ kind: 'settings', infoHash, selected: undefined, origin: NO_ORIGIN, settings });
  a.worker.report({ kind: 'metadata', summary: TWO_FILES });
  expect(download).toMatchObject({ limits: { down: 5000 }, isSequential: true });
  expect(download.files().map(({ priority }) => priority)).toEqual(['skip', 'normal']);
});

test('what a person chose later holds against what the link selected', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const settings = { priorities: ['normal', 'normal', 'low'] } as const;
  a.worker.resumed({ selected: [2], settings });
  a.worker.report({ kind: 'metadata', summary: TWO_FILES });
  expect(a.service.downloads[0]?.files().map(({ priority }) => priority)).toEqual(['normal', 'low']);
});

test('a share begins and ends super-seeding as asked, and says when it ended by itself', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const sharing = a.service.share([new File(['first'], 'a')], { superSeed: true });
  const request = a.worker.shareRequest();
  expect(request).toMatchObject({ isSuperSeeding: true, isPrivate: false });
  a.worker.report({ kind: 'answer', call: request.call, value: TWO_FILES });
  const share = await sharing;
  a.worker.progress(infoHash, { state: 'seeding', isSuperSeeding: true });
  expect(share.isSuperSeeding).toBe(true);
  a.worker.progress(infoHash, { state: 'seeding', isSuperSeeding: false });
  expect(share.isSuperSeeding).toBe(false);
  share.setSuperSeeding(true);
  expect(share.isSuperSeeding).toBe(true);
  expect(a.worker.requests.at(-1)).toEqual({ kind: 'setSuperSeeding', infoHash, isSuperSeeding: true });
});

test('a link that selects files skips the others, as soon as it is known which there are (BEP 53)', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const download = a.service.download(`${magnet}&so=2`);
  await world.deliver();
  expect(a.worker.requests.some(({ kind }) => kind === 'setPriorities')).toBe(false);
  a.worker.report({ kind: 'metadata', summary: TWO_FILES });
  expect(a.worker.requests.at(-1)).toEqual({ kind: 'setPriorities', infoHash, priorities: ['skip', 'skip', 'normal'] });
  expect(download.files().map(({ priority }) => priority)).toEqual(['skip', 'normal']);
});

for (const [version, so, what] of [
  ['v1', 1, 'which has no padding'],
  ['hybrid', 2, 'whose list has padding between them'],
  ['v2', 1, 'which lists no padding'],
] as const) {
  test(`a link counts the files as the torrent lists them (BEP 53): ${version}, ${what}`, async () => {
    const { metainfo } = makeContent(1, [20_000, 30_000], 16_384, version);
    const [a] = new FakeWorld().pair();
    const download = a.service.download(`magnet:?xt=urn:btih:${metainfo.infoHash}&so=${so}`);
    a.worker.report({ kind: 'metadata', summary: summarize(metainfo) });
    expect(download.files().map(({ priority }) => priority)).toEqual(['skip', 'normal']);
  });
}

test('thousands of files go to the worker in parts, so that no one of them holds the page up', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const files = Array.from({ length: 2 * SHARED_FILES_PER_MESSAGE + 1 }, (_, at) => new File(['x'], `${at}`));
  void a.service.share(files).catch(() => undefined);
  const sent = (): WorkerRequest[] => a.worker.requests.filter(({ kind }) => kind === 'moreFiles' || kind === 'share');
  await vi.waitUntil(() => sent().some(({ kind }) => kind === 'share'));
  expect(sent().map((each) => [each.kind, 'files' in each ? each.files.length : 0])).toEqual([
    ['moreFiles', SHARED_FILES_PER_MESSAGE],
    ['moreFiles', SHARED_FILES_PER_MESSAGE],
    ['share', 1],
  ]);
  const names = sent().flatMap((each) => ('files' in each ? each.files.map(({ path }) => path) : []));
  expect(names).toEqual(files.map(({ name }) => name));
  expect(new Set(sent().map((each) => ('call' in each ? each.call : undefined))).size).toBe(1);
});

test('a download says whether what it has stored would stay', () => {
  const { node: a, download } = beginDownload();
  a.worker.progress(infoHash, { doneBytes: 50 });
  expect(download.isKept).toBe(false);
  a.worker.progress(infoHash, { doneBytes: 50, isKept: true });
  expect(download.isKept).toBe(true);
});
