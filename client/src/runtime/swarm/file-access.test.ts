import { expect, test } from 'vitest';
import type { WorkerRequest } from '../../worker/protocol.ts';
import { infoHash, summaryOf } from './test/torrent.ts';
import { type FakeNode, FakeWorld, beginDownload } from './test/world.ts';

/** A film and a page, with padding between them. */
const SUMMARY = summaryOf({
  totalBytes: 300,
  pieceLength: 64,
  pieceCount: 5,
  files: [
    { path: 'films/a film.webm', size: 100, index: 0, offset: 0 },
    { path: 'index.html', size: 200, index: 2, offset: 128 },
  ],
});

function reads(node: FakeNode): Extract<WorkerRequest, { kind: 'read' }>[] {
  return node.worker.requests.filter((request) => request.kind === 'read');
}

test('a stream reads the range that is asked for in the worker, and only when it is read', async () => {
  const { node, download } = beginDownload(SUMMARY);
  const [, page] = download.files();
  const reader = page!.stream({ begin: 10, end: 30 }).getReader();
  expect(reads(node)).toEqual([]);
  const first = reader.read();
  await Promise.resolve();
  const [{ port, ...read } = { port: undefined }] = reads(node);
  expect(read).toEqual({ kind: 'read', infoHash, index: 2, begin: 10, end: 30 });
  const asked: unknown[] = [];
  port!.onmessage = ({ data }) => {
    asked.push(data);
    port!.postMessage({ kind: asked.length === 1 ? 'chunk' : 'end', bytes: Uint8Array.of(7, 8) });
  };
  expect((await first).value).toEqual(Uint8Array.of(7, 8));
  expect((await reader.read()).done).toBe(true);
  expect(asked).toEqual([{ kind: 'pull' }, { kind: 'pull' }]);
  port!.close();
});

test('a failure of the worker becomes an error of the public door', async () => {
  const { node, download } = beginDownload(SUMMARY);
  const first = download.files()[0]!.stream().getReader().read();
  await Promise.resolve();
  reads(node)[0]!.port.postMessage({ kind: 'failure', code: 'storage-failed', message: 'The disk is gone.' });
  await expect(first).rejects.toMatchObject({ name: 'SkeinError', code: 'storage-failed' });
});

test('so does that of a shared file which cannot be read any more', async () => {
  const [node] = new FakeWorld().pair();
  const sharing = node.service.share([new File(['a film'], 'a film.webm')]);
  node.worker.report({ kind: 'answer', call: node.worker.shareRequest().call, value: SUMMARY });
  const first = (await sharing).files[0]!.stream().getReader().read();
  await Promise.resolve();
  const { port } = reads(node)[0]!;
  port.postMessage({ kind: 'failure', code: 'storage-failed', message: 'It was deleted.' });
  await expect(first).rejects.toMatchObject({ name: 'SkeinError', code: 'storage-failed' });
});

test.each([{ begin: -1 }, { begin: 2, end: 1 }, { end: 0.5 }, { begin: Number.NaN }])(
  'a range that is none, %j, is refused at once',
  (range) => {
    const { download } = beginDownload(SUMMARY);
    expect(() => download.files()[0]!.stream(range)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  },
);

test('what is read is wanted from then on, even if it was skipped', () => {
  const { node, download } = beginDownload(SUMMARY);
  download.setPriority([0, 1], 'skip');
  void download.files()[0]!.stream().cancel();
  expect(download.files().map(({ priority }) => priority)).toEqual(['normal', 'skip']);
  expect(node.worker.requests.findLast(({ kind }) => kind === 'setPriorities')).toMatchObject({
    priorities: ['normal', 'normal', 'skip'],
  });
});

test('a player finds a film at its address, and gets the range that it asks for', async () => {
  const { node, download } = beginDownload(SUMMARY);
  const [film] = download.files();
  expect(film!.mediaType).toBe('video/webm');
  expect(await film!.mediaUrl()).toBe(`${infoHash}/0/a film.webm`);
  const head = await node.streams.ask({ infoHash, index: 0, range: 'bytes=90-' });
  expect(head).toMatchObject({ kind: 'head', status: 206 });
  expect((head as { headers: unknown[] }).headers).toContainEqual(['content-range', 'bytes 90-99/100']);
  expect(reads(node)).toMatchObject([{ infoHash, index: 0, begin: 90, end: 100 }]);
});

test('what is no audio or video is given to no player, and has no address: it might be a page of this origin', async () => {
  const { node, download } = beginDownload(SUMMARY);
  const [film, page] = download.files();
  expect(page!.mediaType).toBeUndefined();
  await expect(page!.mediaUrl()).rejects.toMatchObject({ code: 'bad-argument' });
  await film!.mediaUrl();
  expect(await node.streams.ask({ infoHash, index: 2, range: null })).toEqual({ kind: 'missing' });
  expect(await node.streams.ask({ infoHash, index: 1, range: null })).toEqual({ kind: 'missing' });
  expect(await node.streams.ask({ infoHash: 'ff'.repeat(20), index: 0, range: null })).toEqual({ kind: 'missing' });
  expect(reads(node)).toEqual([]);
});

test('a node that has left leaves players to whoever joins next on this page', async () => {
  const { node, download } = beginDownload(SUMMARY);
  const [film] = download.files();
  await film!.mediaUrl();
  expect(node.streams.isServed).toBe(true);
  await node.service.close();
  expect(node.streams.isServed).toBe(false);
});

test('a stream that is read after its node has left fails with the reason, as everything else does', async () => {
  const { node, download } = beginDownload(SUMMARY);
  const stream = download.files()[0]!.stream();
  await node.service.close();
  await expect(stream.getReader().read()).rejects.toMatchObject({ code: 'left' });
});
