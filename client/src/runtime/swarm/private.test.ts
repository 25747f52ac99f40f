import { expect, test } from 'vitest';
import { settle } from '../../adapters/memory/manual-clock.ts';
import { privateMetainfo } from '../../swarm/test/private-metainfo.ts';
import { encodeTorrentFile } from '../../swarm/metainfo.ts';
import { FakeStrangerNetwork } from './test/strangers.ts';
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

/** A node that has a channel to one that the server's tracker named. */
async function trackedPair(): Promise<readonly [FakeWorld, FakeNode, FakeNode]> {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.tracked.push(b.contact);
  b.seed();
  a.service.download(magnet);
  await world.deliver();
  expect(a.worker.channels()).toHaveLength(1);
  a.worker.progress(infoHash, { state: 'finding' });
  return [world, a, b];
}

test("a private torrent with trackers of its own lets go whom the server's tracker named, and is announced there no more (BEP 27)", async () => {
  const [world, a, b] = await trackedPair();
  a.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true, trackers: ['udp://own.example'] }) });
  expect(a.worker.requests.at(-1)).toEqual({ kind: 'dropPeer', infoHash, peer: b.id });
  expect(a.announced).toEqual(['started', 'leave']);
  a.worker.report({ kind: 'channelClosed', infoHash, peer: b.id, serial: a.worker.channel(0).serial });
  await world.clock.advance(600_000);
  await world.deliver();
  expect([a.worker.channels().length, a.announced, a.released]).toEqual([1, ['started', 'leave'], [b.id]]);
});

test("a private torrent that names no tracker stays with the server's and whom that named", async () => {
  const [, a] = await trackedPair();
  a.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true }) });
  expect(a.worker.requests.filter(({ kind }) => kind === 'dropPeer')).toEqual([]);
  expect(a.announced).toEqual(['started']);
});

test('nodes that ask for a private torrent with trackers of its own are refused, as those trackers introduce nobody so', async () => {
  const [world, a, b] = await trackedPair();
  b.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true, trackers: ['wss://own.example'] }) });
  b.worker.report({ kind: 'channelClosed', infoHash, peer: a.id, serial: b.worker.channel(0).serial });
  a.worker.report({ kind: 'channelClosed', infoHash, peer: b.id, serial: a.worker.channel(0).serial });
  await world.clock.advance(600_000);
  await world.deliver();
  expect(b.worker.channels()).toHaveLength(1);
});

test('a channel that was asked for before the metadata names trackers of its own is not taken', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.tracked.push(b.contact);
  b.seed();
  a.service.download(magnet);
  await settle();
  expect(world.wire).toHaveLength(1);
  a.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true, trackers: ['wss://own.example'] }) });
  await world.deliver();
  expect([a.worker.channels(), a.released]).toEqual([[], [b.id]]);
});

test("whom the server's tracker names only after the metadata named others is not linked", async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  let answer: () => void = () => undefined;
  world.answering = new Promise((resolve) => (answer = resolve));
  world.tracked.push(b.contact);
  b.seed();
  a.service.download(magnet);
  await world.deliver();
  a.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true, trackers: ['wss://own.example'] }) });
  answer();
  await world.deliver();
  expect(a.links.size).toBe(0);
});

test("the server's tracker hears nothing of a private torrent that begins with a file which names others", async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const metainfo = { ...privateMetainfo(), trackers: ['wss://own.example'] };
  a.service.download(encodeTorrentFile(metainfo));
  a.worker.progress(metainfo.infoHash, { state: 'downloading', doneBytes: 50 });
  await world.deliver();
  expect([world.seekers, a.published.size, a.announced]).toEqual([[], 0, []]);
});

test('the file of a private torrent that is opened after its metadata came names the trackers that are asked from then on', async () => {
  const world = new FakeWorld();
  const network = new FakeStrangerNetwork();
  world.strangers = network;
  const [a] = world.pair();
  const metainfo = { ...privateMetainfo(), trackers: ['wss://own.example'], webSeeds: ['https://seed.example/'] };
  const download = a.service.download(`magnet:?xt=urn:btih:${metainfo.infoHash}&tr=wss%3A%2F%2Flink.example`);
  // Of one that another tab carries out no further word comes.
  a.worker.report({ kind: 'metadata', summary: summaryOf({ infoHash: metainfo.infoHash, isPrivate: true }) });
  a.worker.progress(metainfo.infoHash, { state: 'finding' });
  await settle();
  expect(network.trackers).toEqual([]);
  expect(a.service.download(encodeTorrentFile(metainfo))).toBe(download);
  await settle();
  expect(network.trackers.map(({ url }) => url)).toEqual(['wss://own.example']);
  expect(download.trackers().map(({ url }) => url)).toEqual(['wss://own.example', 'wss://link.example']);
  expect(download.info()?.webSeeds).toEqual(['https://seed.example/']);
  expect(a.announced.at(-1)).toBe('leave');
});

test('a link to a private torrent has no say, and neither does a second file of it', async () => {
  const [a] = new FakeWorld().pair();
  const metainfo = { ...privateMetainfo(), trackers: ['wss://own.example'] };
  const download = a.service.download(encodeTorrentFile(metainfo));
  a.service.download(`magnet:?xt=urn:btih:${metainfo.infoHash}&tr=wss%3A%2F%2Flink.example`);
  a.service.download(encodeTorrentFile({ ...metainfo, trackers: ['wss://second.example'] }));
  await settle();
  expect(download.trackers().map(({ url }) => url)).toEqual(['wss://own.example']);
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

test('the overlay is not asked for a private torrent that begins with its file', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const metainfo = privateMetainfo();
  a.service.download(encodeTorrentFile(metainfo));
  a.worker.progress(metainfo.infoHash, { state: 'downloading', doneBytes: 50 });
  await world.deliver();
  expect([world.seekers, a.published.size, a.announced]).toEqual([[], 0, ['started']]);
});

test('the overlay hears nothing of a private download of an earlier page, even before its metadata is here', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  a.worker.resumed({ isPrivate: true });
  a.worker.progress(infoHash, { state: 'finding', doneBytes: 40 });
  await world.deliver();
  expect([world.seekers, a.published.size, a.announced]).toEqual([[], 0, ['started']]);
});

test('a download that the page asked for by itself is private once the worker finds that an earlier page left it', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  a.service.download(magnet);
  a.worker.resumed({ isPrivate: true });
  a.worker.progress(infoHash, { state: 'finding', doneBytes: 40 });
  await world.deliver();
  expect(a.published.size).toBe(0);
});

test.each(['overlay', 'exchange'])(
  'whoever the %s names only after the metadata said that the torrent is private is not linked',
  async (source) => {
    const world = new FakeWorld();
    const [a, b] = world.pair();
    let answer: () => void = () => undefined;
    world.overlay = new Promise((resolve) => (answer = resolve));
    if (source === 'overlay') world.providers.push(b.contact);
    b.seed();
    a.service.download(magnet);
    if (source === 'exchange') a.worker.report({ kind: 'peersFound', infoHash, peers: [b.id], from: b.id });
    await world.deliver();
    a.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true }) });
    answer();
    await world.deliver();
    expect(a.links.size).toBe(0);
  },
);

test('a peer that the overlay named is asked for no channel when its link comes up after the metadata', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  b.seed();
  let linked: () => void = () => undefined;
  world.linking = new Promise((resolve) => (linked = resolve));
  a.service.download(magnet);
  await world.deliver();
  a.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true }) });
  linked();
  await world.deliver();
  expect([a.worker.channels(), a.released]).toEqual([[], [b.id]]);
});

test('a channel that was asked for before the metadata said that the torrent is private is not taken', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  b.seed();
  a.service.download(magnet);
  await settle();
  expect(world.wire).toHaveLength(1);
  a.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true }) });
  await world.deliver();
  expect([a.worker.channels(), a.released]).toEqual([[], [b.id]]);
});
