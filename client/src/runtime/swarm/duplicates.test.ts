import { expect, test } from 'vitest';
import { settle } from '../../adapters/memory/manual-clock.ts';
import type { Download } from '../../api.ts';
import { truncateInfoHash } from '../../swarm/magnet.ts';
import { encodeTorrentFile } from '../../swarm/metainfo.ts';
import { makeContent } from '../../swarm/test/lab.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { TorrentSummary } from '../../worker/protocol.ts';
import { summaryOf } from './test/torrent.ts';
import { type FakeNode, FakeWorld } from './test/world.ts';

const { metainfo } = makeContent(1, [100_000], 32 * 1024, 'hybrid');
const { infoHash: V1, infoHashV2 = '' } = metainfo;
const V2 = truncateInfoHash(infoHashV2);
const BY_V1 = `magnet:?xt=urn:btih:${V1}&dn=first`;
const BY_V2 = `magnet:?xt=urn:btmh:1220${infoHashV2}&dn=second`;
const BY_BOTH = `magnet:?xt=urn:btih:${V1}&xt=urn:btmh:1220${infoHashV2}`;
const twinOf = (infoHash: InfoHash): InfoHash => (infoHash === V1 ? V2 : V1);

function known(node: FakeNode, infoHash: InfoHash, change: Partial<TorrentSummary> = {}): void {
  const summary = summaryOf({ infoHash, infoHashV2, twin: twinOf(infoHash), name: 'the torrent', ...change });
  node.worker.report({ kind: 'metadata', summary });
}

/** A node that downloads one torrent by either hash, which nobody knows yet. */
function beginTwice(): { readonly node: FakeNode; readonly first: Download; readonly second: Download } {
  const [node] = new FakeWorld().pair();
  return { node, first: node.service.download(BY_V1), second: node.service.download(BY_V2) };
}

/** What the worker was asked to let go of. */
const removed = (node: FakeNode): unknown[] =>
  node.worker.requests.flatMap((request) =>
    request.kind === 'remove' ? [{ infoHash: request.infoHash, keepData: request.keepData }] : [],
  );

for (const [name, infoHash] of [
  ['first', V1],
  ['second', V2],
] as const)
  test(`of a hybrid that was begun by both hashes the one whose metadata comes goes on: the ${name}`, async () => {
    const { node, first, second } = beginTwice();
    const [going, ended] = infoHash === V1 ? [first, second] : [second, first];
    known(node, infoHash);
    await settle();
    expect(removed(node)).toEqual([{ infoHash: twinOf(infoHash), keepData: true }]);
    expect([going.state, ended.state]).toEqual(['finding', 'failed']);
    expect(ended.error).toMatchObject({
      code: 'duplicate',
      message: expect.stringContaining('“the torrent”') as string,
    });
    await expect(ended.done).rejects.toMatchObject({ code: 'duplicate' });
    expect(new Set(node.service.downloads)).toEqual(new Set([first, second]));
    // Whatever it is asked for by, it is the one that goes on.
    for (const link of [BY_V1, BY_V2, BY_BOTH, V1, V2]) expect(node.service.download(link)).toBe(going);
  });

test('where one that ended was to be had the other is, too', async () => {
  const [node] = new FakeWorld().pair();
  const first = node.service.download(BY_V1);
  node.service.download(`${BY_V2}&tr=wss%3A%2F%2Fa.example&ws=https%3A%2F%2Fb.example`);
  known(node, V1);
  await settle();
  expect(first.trackers().map(({ url }) => url)).toEqual(['wss://a.example']);
  expect(node.worker.requests.at(-1)).toMatchObject({
    kind: 'download',
    source: { kind: 'magnet', infoHash: V1, trackers: ['wss://a.example'], webSeeds: ['https://b.example'] },
  });
});

test('nobody is told that this peer left a swarm in which it is by the other one', async () => {
  const { node } = beginTwice();
  node.worker.progress(V1, { state: 'finding' });
  node.worker.progress(V2, { state: 'finding' });
  known(node, V1);
  await settle();
  expect(node.announced).not.toContain('leave');
});

test('of two whose metadata is known, as one was removed before and its data kept, the one that was there first goes on', async () => {
  const { node, first, second } = beginTwice();
  known(node, V1);
  await second.remove({ keepData: true });
  await first.remove();
  node.worker.resumed({ infoHash: V2 });
  known(node, V2);
  node.worker.resumed({ infoHash: V1 });
  known(node, V1);
  await settle();
  expect(removed(node).at(-1)).toEqual({ infoHash: V1, keepData: true });
  expect(node.service.downloads.map(({ infoHash, error }) => [infoHash, error?.code])).toEqual([
    [V2, undefined],
    [V1, 'duplicate'],
  ]);
});

test('one that ended is removed with what is stored of it, or without, and may be begun once the other is gone', async () => {
  for (const keepData of [true, false]) {
    const { node, first, second } = beginTwice();
    known(node, V1);
    await second.remove({ keepData });
    expect([second.state, node.service.downloads]).toEqual(['removed', [first]]);
    expect(removed(node).at(-1)).toEqual({ infoHash: V2, keepData });
    await first.remove();
    const again = node.service.download(BY_V2);
    expect([again === second, again.infoHash, again.error]).toEqual([false, V2, undefined]);
  }
});

test('one that was begun once more is not touched when the one that ended is removed', async () => {
  const { node, first, second } = beginTwice();
  known(node, V1);
  await first.remove();
  const again = node.service.download(BY_V2);
  const before = removed(node).length;
  await second.remove();
  expect(removed(node)).toHaveLength(before);
  expect(node.service.downloads).toEqual([again]);
});

test('what is shared goes on, and the download of the same by its other hash ends', async () => {
  const [node] = new FakeWorld().pair();
  const download = node.service.download(BY_V2);
  known(node, V2);
  node.worker.progress(V2, { state: 'downloading', doneBytes: 50 });
  const sharing = node.service.share([new File(['x'], 'a')]);
  const value = summaryOf({ infoHash: V1, infoHashV2, twin: V2, files: [{ path: 'a', size: 1, index: 0, offset: 0 }] });
  node.worker.report({ kind: 'answer', call: node.worker.shareRequest().call, value });
  const share = await sharing;
  await settle();
  expect([share.error, download.error?.code]).toEqual([undefined, 'duplicate']);
  expect(node.published).toEqual(new Set([V1, V2]));
  // What is asked for by either hash is shared already.
  expect(node.service.download(BY_V2)).toMatchObject({ infoHash: V1, state: 'done' });
});

test('a share that waits for its files does not end the download of the same', async () => {
  const [node] = new FakeWorld().pair();
  const download = node.service.download(BY_V2);
  known(node, V2);
  const summary = summaryOf({ infoHash: V1, infoHashV2, twin: V2 });
  node.worker.report({ kind: 'sharedBefore', summary, wait: 'files', handles: [], settings: {} });
  await settle();
  expect(download.error).toBeUndefined();
  node.worker.report({ kind: 'sharedBefore', summary, wait: undefined, handles: [], settings: {} });
  expect(download.error?.code).toBe('duplicate');
});

test('a link that names both hashes finds the download that runs by one of them before its metadata is here', () => {
  for (const link of [BY_V1, BY_V2]) {
    const [node] = new FakeWorld().pair();
    const download = node.service.download(link);
    expect(node.service.download(BY_BOTH)).toBe(download);
  }
});

test('a link that says of two torrents that they are one begins the one that it names first', () => {
  const [node] = new FakeWorld().pair();
  const download = node.service.download(BY_V2);
  known(node, V2);
  const lie = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&xt=urn:btmh:1220${infoHashV2}`;
  expect(node.service.download(lie)).not.toBe(download);
});

test('the file of a torrent that runs by its other hash is given to that', async () => {
  const [node] = new FakeWorld().pair();
  const download = node.service.download(BY_V2);
  known(node, V2);
  expect(node.service.download(encodeTorrentFile(metainfo))).toBe(download);
  expect(node.worker.requests.at(-1)).toMatchObject({ kind: 'download', source: { kind: 'metainfo', infoHash: V2 } });
});
