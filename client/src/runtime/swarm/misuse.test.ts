import { expect, test } from 'vitest';
import { settle } from '../../adapters/memory/manual-clock.ts';
import type { Download, Share } from '../../api.ts';
import { MAX_SEGMENT_BYTES, MAX_TRACKERS } from '../../../../shared/src/limits/metainfo.ts';
import { infoHash, magnet, summaryOf } from './test/torrent.ts';
import { FakeWorld, beginDownload, beginShare } from './test/world.ts';

/** What of it the other side or JavaScript lets through where TypeScript would not. */
function wrong<T>(value: unknown): T {
  return value as T;
}

const badArgument: unknown = expect.objectContaining({ name: 'SkeinError', code: 'bad-argument' });

const FILM = summaryOf({
  totalBytes: 300,
  pieceLength: 64,
  pieceCount: 5,
  files: [{ path: 'a film.webm', size: 300, index: 0, offset: 0 }],
});

test.each([
  ['undefined', undefined],
  ['null', null],
  ['a number', 7],
  ['a file', new File(['d8:announce'], 'a.torrent')],
  ['a buffer', new ArrayBuffer(8)],
  ['a URL', new URL('magnet:?xt=urn:btih:00')],
])('a download of %s is refused with a code, as what is neither a text nor bytes', (_title, source) => {
  const [node] = new FakeWorld().pair();
  expect(() => node.service.download(wrong(source))).toThrow(badArgument);
  expect(node.service.downloads).toEqual([]);
});

test.each(['', ' ', 'magnet:', 'magnet:?', 'magnet:?xt=urn:btih:xyz', 'https://skein.example/', 'ab'.repeat(21)])(
  'a download of %j is refused as no link',
  (link) => {
    const [node] = new FakeWorld().pair();
    expect(() => node.service.download(link)).toThrow(expect.objectContaining({ code: 'bad-magnet' }));
  },
);

test.each([
  ['no list', undefined],
  ['a file instead of a list', new File(['x'], 'x')],
  ['a folder’s handle', [{ kind: 'directory', name: 'films' }]],
  ['a file’s handle', [{ kind: 'file', name: 'film' }]],
  ['a path', ['/home/ada/film.webm']],
  ['a blob without a name', [new Blob(['x'])]],
  ['an empty list', []],
])('to share %s is refused before the worker hears of it', async (_title, files) => {
  const [node] = new FakeWorld().pair();
  await expect(node.service.share(wrong(files))).rejects.toEqual(badArgument);
  expect(node.worker.requests.some(({ kind }) => kind === 'share')).toBe(false);
});

test('a list of files as a form gives it is shared as it is', async () => {
  const [node] = new FakeWorld().pair();
  const file = new File(['x'], 'x');
  const list = { length: 1, item: () => file, 0: file, [Symbol.iterator]: () => [file].values() };
  void node.service.share(wrong(list)).catch(() => undefined);
  await settle();
  expect(node.worker.shareRequest().files).toMatchObject([{ path: 'x', file }]);
});

test.each([
  ['a text', 'wss://a.example'],
  ['what is no URL', ['a.example']],
  ['what is no text', [7]],
  ['too many', Array.from({ length: MAX_TRACKERS + 1 }, (_, at) => `wss://${at}.example`)],
])('trackers of a share that are %s are refused', async (_title, trackers) => {
  const [node] = new FakeWorld().pair();
  const sharing = node.service.share([new File(['x'], 'x')], { trackers: wrong(trackers) });
  await expect(sharing).rejects.toEqual(badArgument);
});

test('a name of any length is asked for, and cut where the torrent is made', async () => {
  const [node] = new FakeWorld().pair();
  const name = 'x'.repeat(100 * MAX_SEGMENT_BYTES);
  void node.service.share([new File(['x'], name)], { name }).catch(() => undefined);
  await settle();
  expect(node.worker.shareRequest()).toMatchObject({ name, files: [{ path: name }] });
});

test('a priority that there is not is refused, and nothing is set', () => {
  const { node, download } = beginDownload(FILM);
  expect(() => download.setPriority(0, wrong('urgent'))).toThrow(badArgument);
  expect(download.files()[0]?.priority).toBe('normal');
  expect(node.worker.requests.some(({ kind }) => kind === 'setPriorities')).toBe(false);
});

test.each([-1, 1, 0.5, Number.NaN, 'no such file', undefined])('a priority of file %s is refused', (file) => {
  const { download } = beginDownload(FILM);
  expect(() => download.setPriority(wrong(file), 'high')).toThrow(expect.objectContaining({ code: 'not-found' }));
});

/** What can be had of a file, by name, as a promise that ends when it is had. */
const ACCESS: Readonly<Record<string, (of: Share | Download) => Promise<unknown>>> = {
  blob: (of) => fileOf(of).blob(),
  stream: (of) => fileOf(of).stream().getReader().read(),
  mediaUrl: (of) => fileOf(of).mediaUrl(),
};

function fileOf(of: Share | Download): Share['files'][number] {
  const [file] = typeof of.files === 'function' ? of.files() : of.files;
  if (!file) throw new Error('there are no files');
  return file;
}

test.each(Object.keys(ACCESS))('%s of a download that was removed is not found', async (name) => {
  const { download } = beginDownload(FILM);
  fileOf(download);
  await download.remove();
  await expect(ACCESS[name]?.(download)).rejects.toMatchObject({ code: 'not-found' });
});

test.each(Object.keys(ACCESS))(
  '%s of a download that was removed is not found, though it is shared, too',
  async (name) => {
    const { node, download } = beginDownload(FILM);
    await beginShare(node, FILM);
    await download.remove();
    await expect(ACCESS[name]?.(download)).rejects.toMatchObject({ code: 'not-found' });
  },
);

test.each(Object.keys(ACCESS))(
  '%s of a download that was removed is not found, though it has begun anew',
  async (name) => {
    const { node, download } = beginDownload(FILM);
    await download.remove();
    expect(node.service.download(magnet)).not.toBe(download);
    await expect(ACCESS[name]?.(download)).rejects.toMatchObject({ code: 'not-found' });
  },
);

test.each(Object.keys(ACCESS))(
  '%s of a share that was stopped is not found, though it is downloaded, too',
  async (name) => {
    const { node } = beginDownload(FILM);
    const share = await beginShare(node, FILM);
    await share.stop();
    await expect(ACCESS[name]?.(share)).rejects.toMatchObject({ code: 'not-found' });
  },
);

test('a stream of what has ended is a stream that fails, and not an exception of the call', async () => {
  const { node, download } = beginDownload(FILM);
  const share = await beginShare(node, FILM);
  await share.stop();
  await download.remove();
  for (const of of [share, download]) expect(() => fileOf(of).stream()).not.toThrow();
});

test('what is read when the node leaves fails with `left`, also where the worker says nothing any more', async () => {
  const { node, download } = beginDownload(FILM);
  const reader = fileOf(download).stream().getReader();
  const reading = reader.read().then(
    () => 'none',
    (error: { readonly code: string }) => error.code,
  );
  await node.service.close();
  expect(await reading).toBe('left');
});

test('an address for players is refused by a node that has left', async () => {
  const { node, download } = beginDownload(FILM);
  await fileOf(download).mediaUrl();
  await node.service.close();
  await expect(fileOf(download).mediaUrl()).rejects.toMatchObject({ code: 'left' });
});

test('a download is aborted before, while it runs, and after it is done, and only then stays', async () => {
  const [node] = new FakeWorld().pair();
  const aborted = expect.objectContaining({ code: 'aborted' }) as unknown;
  expect(() => node.service.download(magnet, { signal: AbortSignal.abort() })).toThrow(aborted);
  const running = new AbortController();
  const download = node.service.download(magnet, { signal: running.signal });
  running.abort();
  await expect(download.done).rejects.toEqual(aborted);
  expect(download.state).toBe('removed');
  const done = new AbortController();
  const second = node.service.download(magnet, { signal: done.signal });
  await settle();
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  await second.done;
  done.abort();
  expect(second.state).toBe('done');
});

test('an iteration that is left by break listens no more, and another one begins with what is now', async () => {
  const { node, download } = beginDownload();
  node.worker.progress(infoHash, { doneBytes: 10 });
  for await (const { doneBytes } of download) {
    expect(doneBytes).toBe(10);
    break;
  }
  node.worker.progress(infoHash, { doneBytes: 20 });
  for await (const { doneBytes } of download) {
    expect(doneBytes).toBe(20);
    break;
  }
});
