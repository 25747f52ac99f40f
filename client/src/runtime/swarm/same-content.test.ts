import { expect, test } from 'vitest';
import { MAX_FILES } from '../../../../shared/src/limits/metainfo.ts';
import type { Download } from '../../api.ts';
import { NO_ORIGIN } from '../../swarm/torrent-origin.ts';
import { infoHash, magnet, summaryOf } from './test/torrent.ts';
import { type FakeNode, FakeWorld, beginDownload, beginShare } from './test/world.ts';

const ONE_FILE = summaryOf({
  totalBytes: 5,
  pieceLength: 10,
  pieceCount: 1,
  files: [{ path: 'a', size: 5, index: 0, offset: 0 }],
});

/** What the worker was asked to let go of. */
function given(node: FakeNode): string[] {
  return node.worker.requests.map(({ kind }) => kind).filter((kind) => kind === 'remove' || kind === 'forgetShare');
}

test('of what is shared and downloaded, the share is forgotten when it is stopped, and all ends with the other one', async () => {
  const { node, download } = beginDownload();
  const share = await beginShare(node, ONE_FILE);
  await share.stop();
  expect(given(node)).toEqual(['forgetShare']);
  await download.remove();
  expect(given(node)).toEqual(['forgetShare', 'remove']);
});

test('a download of what is shared, too, is removed alone', async () => {
  const { node, download } = beginDownload();
  const share = await beginShare(node, ONE_FILE);
  await download.remove();
  expect(given(node)).toEqual([]);
  await share.stop();
  expect(given(node)).toEqual(['remove']);
});

test('more files than a share may have are refused with a sentence that says how many those are', async () => {
  const { node } = beginDownload();
  const file = new File(['x'], 'a');
  const files = Array.from({ length: MAX_FILES + 1 }, () => file);
  await expect(node.service.share(files)).rejects.toThrow(/^A share has at most 50,000 files/);
  expect(node.worker.requests.some(({ kind }) => kind === 'moreFiles')).toBe(false);
});

test.each(['before', 'after'])('the worker hears of sharing that is cancelled, %s it begins', async (when) => {
  const { node } = beginDownload();
  const stop = new AbortController();
  if (when === 'before') stop.abort();
  const sharing = node.service.share([new File(['first'], 'a')], { signal: stop.signal });
  const { call } = node.worker.requests.find(({ kind }) => kind === 'share') as { readonly call: number };
  stop.abort();
  expect(node.worker.requests.at(-1)).toEqual({ kind: 'stopSharing', call });
  node.worker.report({ kind: 'failure', call, code: 'aborted', message: 'Sharing was cancelled.' });
  await expect(sharing).rejects.toMatchObject({ code: 'aborted' });
  expect(node.service.shares).toEqual([]);
});

test('what is shared again while its share is paused is served again, and not only said to be', async () => {
  const { node } = beginDownload();
  const share = await beginShare(node, ONE_FILE);
  share.pause();
  node.worker.progress(infoHash, { state: 'paused', isComplete: true, doneBytes: 5, totalBytes: 5 });
  expect(share.isPaused).toBe(true);
  expect(await beginShare(node, ONE_FILE)).toBe(share);
  expect(node.worker.requests.at(-1)).toEqual({ kind: 'setPaused', infoHash, isPaused: false });
  expect(share.isPaused).toBe(false);
});

test('a share that storage stopped says why, until it goes on', async () => {
  const { node } = beginDownload();
  const share = await beginShare(node, ONE_FILE);
  const error = { code: 'storage-failed', message: 'A shared file can no longer be read.' } as const;
  let drawn = 0;
  share.on('progress', () => drawn++);
  node.worker.progress(infoHash, { state: 'paused', doneBytes: 5, error });
  expect(share.error).toMatchObject(error);
  expect(drawn).toBe(1);
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 5 });
  expect(share.error).toBeUndefined();
});

test('a share whose worker broke tells who draws it', async () => {
  const { node } = beginDownload();
  const share = await beginShare(node, ONE_FILE);
  let drawn = 0;
  share.on('progress', () => drawn++);
  node.worker.onerror?.({ message: 'it broke' });
  expect([share.error?.code, drawn]).toEqual(['internal', 1]);
});

const THREE_FILES = summaryOf({
  totalBytes: 15,
  pieceLength: 10,
  pieceCount: 2,
  files: ['a', 'b', 'c'].map((path, index) => ({ path, size: 5, index, offset: 5 * index })),
});

/** A download whose link selects the second of three files, and which another tab carries out. */
function follow(): { readonly node: FakeNode; readonly download: Download } {
  const [node] = new FakeWorld().pair();
  const download = node.service.download(`${magnet}&so=1`);
  node.worker.progress(infoHash, { isElsewhere: true });
  node.worker.report({ kind: 'metadata', summary: THREE_FILES });
  return { node, download };
}

function priorities(download: Download): string[] {
  return download.files().map(({ priority }) => priority);
}

test('what is set in a tab that follows another one neither shows nor reaches the worker', () => {
  const { node, download } = follow();
  download.setLimits({ up: 1000 });
  download.setSequential(true);
  download.setPriority('a', 'high');
  expect(download).toMatchObject({ limits: {}, isSequential: false });
  expect(priorities(download)).toEqual(['normal', 'normal', 'normal']);
  expect(node.worker.requests.filter(({ kind }) => kind.startsWith('set'))).toEqual([]);
});

test('a download that is taken over goes on as the other tab had it, whatever the link here selected', () => {
  const { node, download } = follow();
  node.worker.report({
    kind: 'settings',
    infoHash,
    selected: [0],
    origin: NO_ORIGIN,
    settings: { priorities: ['normal', 'normal', 'skip'] },
  });
  node.worker.progress(infoHash);
  node.worker.report({ kind: 'metadata', summary: THREE_FILES });
  expect(priorities(download)).toEqual(['normal', 'normal', 'skip']);
  expect(node.worker.requests.filter(({ kind }) => kind === 'setPriorities')).toEqual([]);
});

test('a download that the other tab has removed begins anew here, with what the link selects', () => {
  const { node, download } = follow();
  node.worker.progress(infoHash);
  node.worker.report({ kind: 'metadata', summary: THREE_FILES });
  expect(priorities(download)).toEqual(['skip', 'normal', 'skip']);
  expect(node.worker.requests.at(-1)).toMatchObject({ kind: 'setPriorities', priorities: ['skip', 'normal', 'skip'] });
});

test.each([
  ['before', true],
  ['after', false],
] as const)('a download is taken over with the selection of the other tab, known %s its files', (_title, isAfter) => {
  const [node] = new FakeWorld().pair();
  const download = node.service.download(`${magnet}&so=1`);
  node.worker.progress(infoHash, { isElsewhere: true });
  if (!isAfter) node.worker.report({ kind: 'metadata', summary: THREE_FILES });
  node.worker.report({ kind: 'settings', infoHash, selected: [2], origin: NO_ORIGIN, settings: {} });
  if (!isAfter) node.worker.report({ kind: 'metadata', summary: THREE_FILES });
  node.worker.progress(infoHash);
  if (isAfter) node.worker.report({ kind: 'metadata', summary: THREE_FILES });
  expect(priorities(download)).toEqual(['skip', 'skip', 'normal']);
});

test('a download is removed in the worker when the share of the same waits, which stays', async () => {
  const { node, download } = beginDownload();
  const wait = { wait: 'files', handles: [], settings: {} } as const;
  node.worker.report({ kind: 'sharedBefore', summary: ONE_FILE, ...wait });
  await download.remove({ keepData: true });
  const removals = node.worker.requests.filter(({ kind }) => kind === 'remove');
  expect(removals).toMatchObject([{ keepData: true, keepsShare: true }]);
  expect(node.service.shares).toHaveLength(1);
});
