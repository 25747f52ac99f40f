import { expect, test } from 'vitest';
import { hashToId } from '../../../../shared/src/ids.ts';
import { MAX_TORRENTS } from '../../../../shared/src/limits/storage.ts';
import { summaryOf } from './test/torrent.ts';
import { type FakeNode, FakeWorld } from './test/world.ts';

const hashOf = (i: number): string => hashToId(Uint8Array.of(7, i >> 8, i & 255));

/** A node with as many torrents as it takes on: all but `waiting` of them are shared, and those wait for their files. */
function fullNode(waiting = 0): FakeNode {
  const node = new FakeWorld().add(1);
  for (let i = 0; i < MAX_TORRENTS; i++) {
    const summary = summaryOf({ infoHash: hashOf(i) as never, name: `${i}` });
    const wait = i < waiting ? ('files' as const) : undefined;
    node.worker.report({ kind: 'sharedBefore', summary, wait, handles: [], settings: {} });
  }
  return node;
}

/** Shares a file; the worker finds that it is this torrent. */
function share(node: FakeNode, infoHash: string): Promise<unknown> {
  const sharing = node.service.share([new File(['x'], 'x')]);
  const { call } = node.worker.shareRequest();
  node.worker.report({ kind: 'answer', call, value: summaryOf({ infoHash: infoHash as never }) });
  return sharing;
}

const TOO_MANY = {
  code: 'over-budget',
  message:
    'This tab shares and downloads 1,000 things, as many as it takes on. They all go on. Remove one of them and try again.',
};

test('who has as many torrents as a tab takes on is told so, what to do, and that they go on', async () => {
  const node = fullNode();
  expect(() => node.service.download(hashOf(MAX_TORRENTS))).toThrow(expect.objectContaining(TOO_MANY));
  await expect(node.service.share([new File(['x'], 'x')])).rejects.toMatchObject(TOO_MANY);
  expect(node.service.shares).toHaveLength(MAX_TORRENTS);
  expect(node.worker.requests.filter(({ kind }) => kind === 'share' || kind === 'download')).toEqual([]);
});

test('one of as many as a tab takes on may be downloaded too, and one more after another was removed', async () => {
  const node = fullNode();
  expect(node.service.download(hashOf(3)).infoHash).toBe(hashOf(3));
  await node.service.shares[5]?.stop();
  expect(node.service.download(hashOf(MAX_TORRENTS)).infoHash).toBe(hashOf(MAX_TORRENTS));
});

test('files that a share waits for are taken however many torrents there are, and other files are not', async () => {
  const node = fullNode(1);
  await share(node, hashOf(0));
  expect(node.service.shares).toHaveLength(MAX_TORRENTS);
  const waiting = fullNode(1);
  await expect(share(waiting, hashOf(MAX_TORRENTS))).rejects.toMatchObject(TOO_MANY);
  const removed = waiting.worker.requests.at(-1);
  expect(removed).toMatchObject({ kind: 'remove', infoHash: hashOf(MAX_TORRENTS), keepData: false });
});
