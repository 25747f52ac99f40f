import { expect, test } from 'vitest';
import { infoHash, magnet, summaryOf } from './test/torrent.ts';
import { FakeWorld, type FakeNode } from './test/world.ts';

function downloadOf(node: FakeNode, isPrivate: boolean): void {
  node.service.download(magnet);
  node.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate }) });
}

test('a private torrent is announced to the tracker and to nobody else (BEP 27)', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  for (const [node, isPrivate] of [
    [a, true],
    [b, false],
  ] as const) {
    downloadOf(node, isPrivate);
    node.worker.progress(infoHash, { state: 'downloading', doneBytes: 50 });
    node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
    await world.deliver();
  }
  expect([a.published.size, b.published.size]).toEqual([0, 1]);
  expect(a.announced).toContain('completed');
  expect(a.service.downloads[0]?.info()?.isPrivate).toBe(true);
});

test('whoever the overlay named before the metadata said that it is private is let go, and asked no more', async () => {
  const world = new FakeWorld();
  const [a, b] = await world.seededPair();
  expect(a.worker.channels()).toHaveLength(1);
  a.worker.progress(infoHash, { state: 'finding' });
  a.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true }) });
  expect(a.worker.requests.at(-1)).toEqual({ kind: 'dropPeer', infoHash, peer: b.id });
  a.worker.report({ kind: 'channelClosed', infoHash, peer: b.id, serial: a.worker.channel(0).serial });
  await world.clock.advance(120_000);
  await world.deliver();
  expect(a.worker.channels()).toHaveLength(1);
});

test('peers that others name for a private torrent are not looked up', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  downloadOf(a, true);
  a.worker.progress(infoHash, { state: 'finding' });
  a.worker.report({ kind: 'peersFound', infoHash, peers: [b.id], from: b.id });
  await world.deliver();
  expect(world.resolved).toEqual([]);
});
