import { expect, test } from 'vitest';
import { ANNOUNCE_PERIOD_MS } from '../../../../shared/src/limits/storage.ts';
import { settle } from '../../adapters/memory/manual-clock.ts';
import type { Download } from '../../api.ts';
import { encodeTorrentFile } from '../../swarm/metainfo.ts';
import { privateMetainfo } from '../../swarm/test/private-metainfo.ts';
import { NO_ORIGIN } from '../../swarm/torrent-origin.ts';
import type { FakeWorker } from './test/fake-worker.ts';
import { infoHash, magnet, summaryOf } from './test/torrent.ts';
import { type FakeNode, FakeWorld, beginDownload } from './test/world.ts';

test('a download that an earlier page refused asks nobody, until it is asked for again: that is a new one', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  a.worker.resumed();
  a.worker.progress(infoHash, { state: 'failed', error: { code: 'bad-metainfo', message: 'It is refused.' } });
  await settle();
  const [refused] = a.service.downloads;
  expect(refused).toMatchObject({ state: 'failed', error: { code: 'bad-metainfo' } });
  expect([world.seekers, a.announced]).toEqual([[], []]);
  const anew = a.service.download(magnet);
  expect(a.service.downloads).toEqual([anew]);
  expect([refused?.state, anew.state]).toEqual(['removed', 'finding']);
  expect(a.worker.requests.at(-1)).toMatchObject({ kind: 'download', retry: {} });
  expect(a.worker.requests.some(({ kind }) => kind === 'remove')).toBe(false);
  await settle();
  expect(a.announced).toContain('started');
});

/** A node whose earlier page left a download that is refused. */
function refusedOn(change: Parameters<FakeWorker['resumed']>[0]): {
  readonly node: FakeNode;
  readonly refused: Download;
} {
  const [node] = new FakeWorld().pair();
  node.worker.resumed(change);
  node.worker.progress(infoHash, { state: 'failed', error: { code: 'bad-metainfo', message: 'It is refused.' } });
  return { node, refused: node.service.downloads[0] as Download };
}

const TWO_FILES = summaryOf({
  files: ['a', 'b'].map((path, index) => ({ path, size: 5, index, offset: 5 * index })),
});

test('a refused download that is asked for again has the limits, the order and the selection that it had', () => {
  const settings = { limits: { down: 1000, up: undefined }, isSequential: true };
  const { node, refused } = refusedOn({ selected: [1], settings });
  refused.setLimits({ up: 500 });
  const anew = node.service.download(refused.magnet);
  expect(anew).toMatchObject({ limits: { up: 500 }, isSequential: true });
  expect(node.worker.requests.at(-1)).toMatchObject({ retry: { limits: { up: 500 }, isSequential: true } });
  node.worker.progress(infoHash, { state: 'finding' });
  node.worker.report({ kind: 'metadata', summary: TWO_FILES });
  expect(anew.files().map(({ priority }) => priority)).toEqual(['skip', 'normal']);
  expect(node.worker.requests.at(-1)).toMatchObject({ kind: 'setPriorities', priorities: ['skip', 'normal'] });
});

test('a refused download that is asked for by a link that selects files takes those', () => {
  const { node } = refusedOn({ selected: [1], settings: {} });
  node.service.download(`${magnet}&so=0`);
  node.worker.report({ kind: 'metadata', summary: TWO_FILES });
  expect(node.worker.requests.at(-1)).toMatchObject({ kind: 'setPriorities', priorities: ['normal', 'skip'] });
});

test('what was skipped of a refused download stays so when it is asked for again', () => {
  const { node } = refusedOn({ settings: { priorities: ['low', 'skip'] } });
  const anew = node.service.download(magnet);
  node.worker.report({ kind: 'metadata', summary: TWO_FILES });
  expect(anew.files().map(({ priority }) => priority)).toEqual(['low', 'skip']);
  expect(node.worker.requests.at(-1)).toMatchObject({ kind: 'download', retry: { priorities: ['low', 'skip'] } });
});

test('a refused download that is asked for again is to be had wherever an earlier link said', () => {
  const { node } = refusedOn({ trackers: ['wss://a.example'], webSeeds: ['https://b.example/'] });
  const anew = node.service.download(`${magnet}&tr=wss%3A%2F%2Fc.example`);
  const places = new URL(anew.magnet).searchParams;
  expect([places.getAll('tr'), places.getAll('ws')]).toEqual([
    ['wss://a.example', 'wss://c.example'],
    ['https://b.example/'],
  ]);
});

test('a private torrent whose file was refused is named to nobody when its link is tried instead (BEP 27)', async () => {
  const world = new FakeWorld();
  const [node] = world.pair();
  const metainfo = privateMetainfo();
  const refused = node.service.download(encodeTorrentFile(metainfo));
  const error = { code: 'bad-metainfo', message: 'It is refused.' } as const;
  node.worker.progress(metainfo.infoHash, { state: 'failed', error });
  await world.deliver();
  node.service.download(refused.magnet);
  node.worker.progress(metainfo.infoHash, { state: 'finding', doneBytes: 40 });
  await world.deliver();
  expect([world.seekers, node.published.size]).toEqual([[], 0]);
});

test('of a download that runs when the page asks for it, the files come that its own link selected', () => {
  const [node] = new FakeWorld().pair();
  node.service.download(`${magnet}&so=0`);
  node.worker.report({ kind: 'settings', infoHash, selected: [1], origin: NO_ORIGIN, settings: {} });
  node.worker.report({ kind: 'metadata', summary: TWO_FILES });
  expect(node.worker.requests.at(-1)).toMatchObject({ kind: 'setPriorities', priorities: ['skip', 'normal'] });
});

test('a download that another tab refused is tried again there when it is asked for again', async () => {
  const { node, download } = beginDownload();
  const error = { code: 'bad-metainfo', message: 'It is refused.' } as const;
  node.worker.progress(infoHash, { state: 'failed', isElsewhere: true, error });
  expect(node.service.download(magnet)).toBe(download);
  expect(node.worker.requests.at(-1)).toEqual({ kind: 'setPaused', infoHash, isPaused: false });
  node.worker.progress(infoHash, { state: 'finding', isElsewhere: true });
  await settle();
  expect([download.state, download.error]).toEqual(['finding', undefined]);
});

test('a torrent file that the worker refuses fails with its reason, and is announced no more', async () => {
  const world = new FakeWorld();
  const node = world.add(1);
  const download = node.service.download(magnet);
  const request = node.worker.requests.at(-1);
  if (request?.kind !== 'download') throw new Error('nothing was asked for');
  const error = { code: 'bad-metainfo', message: 'It is refused.' } as const;
  node.worker.report({ kind: 'failure', call: request.call, ...error });
  await settle();
  expect(download).toMatchObject({ state: 'failed', error });
  const announced = [...node.announced];
  await world.clock.advance(3 * ANNOUNCE_PERIOD_MS);
  expect(node.announced).toEqual(announced);
});

test('a download that is begun again in the moment in which it was removed is a new one, and stays', async () => {
  const { node, download } = beginDownload();
  void download.remove();
  const anew = node.service.download(magnet);
  await settle();
  expect(anew).not.toBe(download);
  expect(node.service.downloads).toEqual([anew]);
  const asked = node.worker.requests.filter(({ kind }) => kind === 'download' || kind === 'remove');
  expect(asked.map(({ kind }) => kind)).toEqual(['download', 'remove', 'download']);
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  await anew.done;
});

test('what the worker says of a download that it still removes says nothing of the one that was begun again', async () => {
  const { node, download } = beginDownload();
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  void download.remove();
  const anew = node.service.download(magnet);
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  expect([download.state, anew.state, anew.progress.doneBytes]).toEqual(['removed', 'finding', 0]);
  await settle();
  expect(node.worker.requests.at(-1)).toMatchObject({ kind: 'askPieces', infoHash });
  node.worker.progress(infoHash, { state: 'downloading', doneBytes: 10 });
  expect([anew.state, anew.progress.doneBytes]).toEqual(['downloading', 10]);
});

test('what the worker says of a refused download says nothing of the one that was begun in its place', async () => {
  const { node } = refusedOn({});
  const anew = node.service.download(magnet);
  node.worker.progress(infoHash, { state: 'failed', error: { code: 'bad-metainfo', message: 'It is refused.' } });
  expect([anew.state, anew.error]).toEqual(['finding', undefined]);
  await settle();
  expect(node.worker.requests.at(-1)).toMatchObject({ kind: 'askPieces', infoHash });
  node.worker.progress(infoHash, { state: 'downloading', doneBytes: 10 });
  expect(anew.state).toBe('downloading');
});

/** A node with a share of an earlier page that waits for its files, and a download of the same, which is complete. */
async function besideWaitingShare(): Promise<{ readonly node: FakeNode; readonly download: Download }> {
  const [node] = new FakeWorld().pair();
  const summary = summaryOf({ infoHash });
  node.worker.report({ kind: 'sharedBefore', summary, wait: 'permission', handles: [], settings: {} });
  node.worker.progress(infoHash, { state: 'paused', doneBytes: 100, isComplete: true });
  const download = node.service.download(magnet);
  await settle();
  return { node, download };
}

test('a download beside a share that waits for its files is not done before everything came', async () => {
  const { node, download } = await besideWaitingShare();
  expect([download.state, download.progress.doneBytes]).toEqual(['finding', 0]);
  let isDone = false;
  void download.done.then(() => (isDone = true));
  node.worker.progress(infoHash, { state: 'downloading', doneBytes: 10 });
  await settle();
  expect(isDone).toBe(false);
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  await download.done;
});

test('neither is one that is begun again in the moment in which such a download was removed', async () => {
  const { node, download } = await besideWaitingShare();
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  void download.remove();
  const anew = node.service.download(magnet);
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  expect(anew.state).toBe('finding');
});

test('aborting removes what runs already, too, as what an earlier page left', async () => {
  const [node] = new FakeWorld().pair();
  node.worker.resumed();
  const ending = new AbortController();
  const download = node.service.download(magnet, { signal: ending.signal });
  expect(node.service.downloads).toEqual([download]);
  ending.abort();
  expect(download.state).toBe('removed');
});

test('a signal that is aborted already begins nothing and takes nothing away', () => {
  const [node] = new FakeWorld().pair();
  const signal = AbortSignal.abort();
  const aborted = expect.objectContaining({ code: 'aborted' });
  expect(() => node.service.download(magnet, { signal })).toThrow(aborted);
  expect(node.service.downloads).toEqual([]);
  const download = node.service.download(magnet);
  expect(() => node.service.download(magnet, { signal })).toThrow(aborted);
  expect(download.state).toBe('finding');
});
