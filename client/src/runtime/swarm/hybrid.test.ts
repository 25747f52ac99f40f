import { expect, test } from 'vitest';
import { hashToId } from '../../../../shared/src/ids.ts';
import { MAX_COMPLETE_TWINS } from '../../../../shared/src/limits/storage.ts';
import { settle } from '../../adapters/memory/manual-clock.ts';
import { truncateInfoHash } from '../../swarm/magnet.ts';
import { makeContent } from '../../swarm/test/lab.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { TorrentSummary } from '../../worker/protocol.ts';
import { FakeStrangerNetwork } from './test/strangers.ts';
import { summaryOf } from './test/torrent.ts';
import { FakeWorld, type FakeNode } from './test/world.ts';

const { infoHash: V1, infoHashV2 = '' } = makeContent(1, [100_000], 32 * 1024, 'hybrid').metainfo;
const V2 = truncateInfoHash(infoHashV2);
const BY_V2 = `magnet:?xt=urn:btmh:1220${infoHashV2}`;
const linkTo = (infoHash: InfoHash): string => (infoHash === V2 ? BY_V2 : `magnet:?xt=urn:btih:${infoHash}`);
const twinOf = (infoHash: InfoHash): InfoHash => (infoHash === V1 ? V2 : V1);
const BOTH = [
  ['v1', V1],
  ['v2', V2],
] as const;

const hybrid = (infoHash: InfoHash, change: Partial<TorrentSummary> = {}): TorrentSummary =>
  summaryOf({ infoHash, infoHashV2, twin: twinOf(infoHash), ...change });

/** The node has a download of the torrent by this hash, and knows what it is. */
async function learn(node: FakeNode, infoHash: InfoHash, change: Partial<TorrentSummary> = {}): Promise<void> {
  node.service.download(linkTo(infoHash));
  await settle();
  node.worker.report({ kind: 'metadata', summary: hybrid(infoHash, change) });
  await settle();
}

/** The node shared it on an earlier page, and has its files. */
function shareBefore({ worker }: FakeNode, summary: TorrentSummary): void {
  worker.report({ kind: 'sharedBefore', summary, wait: undefined, handles: [], settings: {} });
  worker.progress(summary.infoHash, { state: 'seeding', doneBytes: 100 });
}

test('a torrent that goes by its v2 hash alone is announced and looked for by the beginning of that (BEP 52)', async () => {
  const world = new FakeWorld();
  const network = new FakeStrangerNetwork();
  world.strangers = network;
  const [a, b] = world.pair();
  world.providersOf.set(V2, [b.contact]);
  b.seed(V2);
  await world.deliver();
  a.service.download(`${BY_V2}&tr=wss%3A%2F%2Fa.example`);
  a.worker.report({ kind: 'metadata', summary: summaryOf({ infoHash: V2, infoHashV2 }) });
  a.worker.progress(V2, { state: 'downloading', doneBytes: 50 });
  await world.deliver();
  network.trackers[0]?.open();
  await settle();
  expect(a.announcements).toEqual([{ swarm: V2, event: 'started' }]);
  expect([...a.published]).toEqual([V2]);
  expect(network.trackers[0]?.infoHashes()).toEqual([V2]);
  expect(a.worker.channels()).toMatchObject([{ infoHash: V2, swarm: V2, peer: b.id }]);
});

for (const [name, own] of BOTH)
  test(`a hybrid that was opened by its ${name} hash finds who goes by the other one once its metadata is here`, async () => {
    const world = new FakeWorld();
    const [a, b] = world.pair();
    world.providersOf.set(twinOf(own), [b.contact]);
    b.seed(twinOf(own));
    a.service.download(linkTo(own));
    await world.deliver();
    expect(a.worker.channels()).toEqual([]);
    a.worker.report({ kind: 'metadata', summary: hybrid(own) });
    await world.deliver();
    expect(a.worker.channels()).toMatchObject([{ infoHash: own, swarm: twinOf(own), peer: b.id }]);
    expect(b.worker.channels()).toMatchObject([{ infoHash: twinOf(own), swarm: twinOf(own), peer: a.id }]);
  });

for (const [name, own] of BOTH)
  test(`a hybrid that was opened by its ${name} hash is announced by both, and taken back from both`, async () => {
    const world = new FakeWorld();
    const [a] = world.pair();
    await learn(a, own);
    a.worker.progress(own, { state: 'downloading', doneBytes: 50 });
    expect([...a.published]).toEqual([own, twinOf(own)]);
    a.worker.progress(own, { state: 'seeding', doneBytes: 100 });
    expect([...a.published]).toEqual([own, twinOf(own)]);
    await a.service.downloads[0]?.remove();
    expect([...a.published]).toEqual([]);
    const told = (event: string): Set<InfoHash> =>
      new Set(a.announcements.flatMap((each) => (each.event === event ? [each.swarm] : [])));
    for (const event of ['started', 'completed', 'leave']) expect(told(event)).toEqual(new Set([V1, V2]));
  });

test('who has a link by the v2 hash alone finds a hybrid that was shared here', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  shareBefore(b, hybrid(V1));
  expect([...b.published]).toEqual([V1, V2]);
  world.providersOf.set(V2, [b.contact]);
  a.service.download(BY_V2);
  await world.deliver();
  expect(a.worker.channels()).toMatchObject([{ infoHash: V2, swarm: V2, peer: b.id }]);
  expect(b.worker.channels()).toMatchObject([{ infoHash: V1, swarm: V2, peer: a.id }]);
});

test('of a large library what is complete goes by its v1 hash alone, except the oldest', async () => {
  const [a] = new FakeWorld().pair();
  const library = Array.from({ length: MAX_COMPLETE_TWINS }, (_, i) => hashToId(new Uint8Array([i])));
  for (const infoHash of library) shareBefore(a, summaryOf({ infoHash }));
  shareBefore(a, hybrid(V1));
  expect([...a.published]).toEqual([...library, V1]);
  await a.service.shares[0]?.stop();
  a.worker.progress(V1, { state: 'seeding', doneBytes: 100 });
  expect([...a.published]).toEqual([...library.slice(1), V1, V2]);
});

test('who asks for a hybrid by its other hash gets a channel, and is called back by that when it was refused one', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  a.service.download(linkTo(V1));
  await world.deliver();
  await learn(b, V2);
  b.worker.progress(V2, { state: 'seeding', doneBytes: 100 });
  await world.deliver();
  expect(b.worker.channels()).toMatchObject([{ infoHash: V2, swarm: V1, peer: a.id }]);
  expect(a.worker.channels()).toMatchObject([{ infoHash: V1, swarm: V1, peer: b.id }]);
});

test('two who ask each other by different hashes at once get one channel', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.link(a, b);
  await learn(a, V1);
  await learn(b, V2);
  world.providersOf.set(V1, [a.contact]);
  world.providersOf.set(V2, [b.contact]);
  for (const [node, infoHash] of [
    [a, V1],
    [b, V2],
  ] as const) {
    node.worker.progress(infoHash, { state: 'paused' });
    node.worker.progress(infoHash, { state: 'downloading', doneBytes: 50 });
  }
  await settle();
  expect(world.wire).toHaveLength(2);
  await world.deliver();
  expect([a, b].map(({ worker }) => worker.channels().map(({ swarm }) => swarm))).toEqual([[V2], [V2]]);
});

test('a peer that was named without its hash is asked by the other one at once when it does not know the first', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  await learn(a, V1);
  b.seed(V2);
  a.worker.progress(V1, { state: 'finding' });
  a.worker.report({ kind: 'peersFound', infoHash: V1, peers: [b.id], from: b.id });
  await world.deliver();
  expect(a.worker.channels()).toMatchObject([{ infoHash: V1, swarm: V2, peer: b.id }]);
});

test('a peer that knows the torrent by neither hash is not asked again and again', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  await learn(a, V1);
  await world.deliver();
  await world.clock.advance(1_000);
  await world.deliver();
  expect([world.wire, a.worker.channels()]).toEqual([[], []]);
});

test('WebTorrent trackers are asked for who goes by either hash, and strangers are greeted by theirs', async () => {
  const world = new FakeWorld();
  const network = new FakeStrangerNetwork();
  world.strangers = network;
  const [a] = world.pair();
  a.service.download(`${BY_V2}&tr=wss%3A%2F%2Fa.example`);
  a.worker.progress(V2, { state: 'finding' });
  await settle();
  a.worker.report({ kind: 'metadata', summary: hybrid(V2) });
  for (const tracker of network.trackers) tracker.open();
  await settle();
  expect(network.trackers.flatMap((tracker) => tracker.infoHashes())).toEqual([V2, V1]);
  expect(network.trackers.map(({ heard }) => heard[0]?.['peer_id'])).toEqual(
    Array(2).fill(network.trackers[0]?.heard[0]?.['peer_id']),
  );
  network.trackers[0]?.say({ 'failure reason': 'not registered' }, V2);
  network.trackers[1]?.say({ interval: 120 }, V1);
  expect(a.service.downloads[0]?.trackers()).toMatchObject([{ state: 'answered', reason: undefined }]);
  network.trackers[1]?.answer('-WW0300-abcdefghijkl', 0, V1);
  network.connections.find(({ accepted }) => accepted)?.connect();
  expect(a.worker.requests.at(-1)).toMatchObject({ kind: 'attachHeld', infoHash: V2, swarm: V1 });
});

test('a private hybrid asks one of its trackers at a time, by its v1 hash, whatever it was opened by', async () => {
  const world = new FakeWorld();
  const network = new FakeStrangerNetwork();
  world.strangers = network;
  const [a] = world.pair();
  await learn(a, V2, { isPrivate: true, trackers: ['wss://a.example', 'wss://b.example'] });
  a.worker.progress(V2, { state: 'finding' });
  await settle();
  for (const tracker of network.trackers) tracker.open();
  await settle();
  expect(network.trackers.map((tracker) => [tracker.url, ...tracker.infoHashes()])).toEqual([['wss://a.example', V1]]);
});

test('the link to a hybrid that was opened by its v2 hash names both hashes, once both are known', async () => {
  const [a] = new FakeWorld().pair();
  await learn(a, V2);
  const [download] = a.service.downloads;
  expect(new URL(download?.magnet ?? '').searchParams.getAll('xt')).toEqual([
    `urn:btih:${V1}`,
    `urn:btmh:1220${infoHashV2}`,
  ]);
  expect([download?.infoHash, download?.info()?.infoHash]).toEqual([V2, V1]);
});
