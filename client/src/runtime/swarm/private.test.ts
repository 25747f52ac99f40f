import { expect, test } from 'vitest';
import { FakeWorld, type FakeNode, infoHash, magnet } from './test/world.ts';

function summary(isPrivate: boolean) {
  return {
    infoHash,
    name: 'thing',
    totalBytes: 100,
    pieceLength: 64,
    pieceCount: 2,
    files: [{ path: 'a', size: 100, index: 0, offset: 0 }],
    trackers: [],
    infoHashV2: undefined,
    isPrivate,
    webSeeds: [],
    torrentFile: new Uint8Array([1]),
  };
}

function downloadOf(node: FakeNode, isPrivate: boolean): void {
  node.service.download(magnet);
  node.worker.report({ kind: 'metadata', summary: summary(isPrivate) });
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
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  b.seed();
  a.service.download(magnet);
  await world.deliver();
  expect(a.worker.channels()).toHaveLength(1);
  a.worker.progress(infoHash, { state: 'finding' });
  a.worker.report({ kind: 'metadata', summary: summary(true) });
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
