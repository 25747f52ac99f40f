import { expect, test } from 'vitest';
import { hashToId } from '../../../../shared/src/ids.ts';
import {
  ENOUGH_SOURCES,
  FIRST_CHANNEL_ID,
  MAX_CHANNELS_PER_TORRENT,
  MAX_SEARCH_PAUSE_MS,
  MAX_SOUGHT_PEERS,
  PEER_TURNOVER_MS,
} from '../../../../shared/src/limits/storage.ts';
import type { PeerKey } from '../../swarm/peer-key.ts';
import { encodeSwarmFrame } from './control.ts';
import { infoHash, magnet, summaryOf } from './test/torrent.ts';
import { idlePeer } from './test/worker-peer.ts';
import { type FakeNode, FakeWorld } from './test/world.ts';

const dropped = (node: FakeNode): PeerKey[] =>
  node.worker.requests.flatMap((request) => (request.kind === 'dropPeer' ? [request.peer] : []));

/** A seed all of whose places are taken, and one more who asks for one. */
async function fullSeed(): Promise<{ world: FakeWorld; seed: FakeNode; peers: FakeNode[]; late: FakeNode }> {
  const world = new FakeWorld();
  const seed = world.add(1);
  seed.seed();
  world.providers.push(seed.contact);
  const peers = Array.from({ length: MAX_CHANNELS_PER_TORRENT }, (_, i) => world.add(2 + i));
  const late = world.add(2 + MAX_CHANNELS_PER_TORRENT);
  for (const peer of peers) peer.service.download(magnet);
  await world.deliver();
  expect(seed.worker.channels()).toHaveLength(MAX_CHANNELS_PER_TORRENT);
  return { world, seed, peers, late };
}

/** The worker says how the seed's peers do: all are idle, the one in question moved least. */
function tell(seed: FakeNode, peers: readonly FakeNode[], least: FakeNode): void {
  const infos = peers.map(({ id }) => idlePeer(id, { downloadedBytes: id === least.id ? 0 : 1000 }));
  seed.worker.progress(infoHash, { state: 'seeding', doneBytes: 100, peers: infos });
}

test('a peer that is of no use leaves once another was refused for want of its place, and not before its time is over', async () => {
  const { world, seed, peers, late } = await fullSeed();
  const least = peers[7]!;
  await world.clock.advance(PEER_TURNOVER_MS - 1);
  tell(seed, peers, least);
  expect(dropped(seed)).toEqual([]);
  late.service.download(magnet);
  await world.deliver();
  expect(seed.worker.channels()).toHaveLength(MAX_CHANNELS_PER_TORRENT);
  await world.clock.advance(1);
  tell(seed, peers, least);
  expect(dropped(seed)).toEqual([least.id]);
});

test('peers of no use keep their places while nobody else wants one', async () => {
  const { world, seed, peers } = await fullSeed();
  await world.clock.advance(PEER_TURNOVER_MS);
  tell(seed, peers, peers[0]!);
  expect(dropped(seed)).toEqual([]);
});

test('one place changes hands at a time, and the next when somebody is refused again, 90 s later at the earliest', async () => {
  const { world, seed, peers, late } = await fullSeed();
  await world.clock.advance(PEER_TURNOVER_MS);
  const ask = async (): Promise<void> => {
    if (late.links.has(seed.id)) world.unlink(late, seed);
    world.link(late, seed);
    seed.service.receiveControl(seed.linkTo(late), encodeSwarmFrame({ kind: 'OPEN', id: FIRST_CHANNEL_ID, infoHash }));
    await world.deliver();
  };
  await ask();
  tell(seed, peers, peers[5]!);
  await ask();
  tell(seed, peers, peers[6]!);
  expect(dropped(seed)).toEqual([peers[5]!.id]);
  await world.clock.advance(PEER_TURNOVER_MS);
  tell(seed, peers, peers[6]!);
  tell(seed, peers, peers[8]!);
  expect(dropped(seed)).toEqual([peers[5]!.id, peers[6]!.id]);
  await world.clock.advance(PEER_TURNOVER_MS);
  tell(seed, peers, peers[8]!);
  expect(dropped(seed)).toHaveLength(2);
});

test('a download that has found its peers gives the place of the least useful to one that waits', async () => {
  const world = new FakeWorld();
  const node = world.add(1);
  const peers = Array.from({ length: MAX_SOUGHT_PEERS + 1 }, (_, i) => world.add(2 + i));
  for (const peer of peers) peer.seed();
  world.providers.push(...peers.map(({ contact }) => contact));
  node.service.download(magnet);
  for (let second = 0; second < 10; second++) {
    await world.deliver();
    await world.clock.advance(1000);
  }
  const used = node.worker.channels().map(({ peer }) => peer);
  expect(used).toHaveLength(MAX_SOUGHT_PEERS);
  const report = (): void =>
    node.worker.progress(infoHash, {
      peers: used.map((id, i) => idlePeer(id, { downloadedBytes: i === 3 ? 0 : 1000 })),
    });
  report();
  expect(dropped(node)).toEqual([]);
  await world.clock.advance(PEER_TURNOVER_MS);
  report();
  expect(dropped(node)).toEqual([used[3]]);
});

test('the tracker hears of a share that comes back once: it did not become complete here (BEP 3)', async () => {
  const node = new FakeWorld().add(1);
  const summary = summaryOf();
  node.worker.report({ kind: 'sharedBefore', summary, wait: undefined, handles: [], settings: {} });
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  node.worker.progress(infoHash, { state: 'paused', doneBytes: 100 });
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  expect(node.announced).toEqual(['started', 'started']);
});

test('the tracker hears that a download is complete, once', async () => {
  const node = new FakeWorld().add(1);
  node.service.download(magnet);
  node.worker.progress(infoHash, { state: 'downloading', doneBytes: 50 });
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  node.worker.progress(infoHash, { state: 'paused', doneBytes: 100 });
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  expect(node.announced.filter((event) => event === 'completed')).toHaveLength(1);
});

test.each([
  ['choke', { isChokingUs: true }, true],
  ['answer nothing', { isChokingUs: false, isSnubbed: true }, true],
  ['give a block now and then', { isChokingUs: false, downloadedBytes: 50 }, true],
  ['give', { isChokingUs: false, downBytesPerSecond: 5 }, false],
])('a download whose sources all %s looks for others, or leaves it', async (_what, how, isLooking) => {
  const world = new FakeWorld();
  const [a] = world.pair();
  a.service.download(magnet);
  await world.deliver();
  const ids = Array.from({ length: ENOUGH_SOURCES }, (_, i) => hashToId(Uint8Array.of(100 + i)));
  a.worker.progress(infoHash, { peers: ids.map((id) => idlePeer(id, { isSource: true, ...how })) });
  await world.clock.advance(MAX_SEARCH_PAUSE_MS);
  await world.deliver();
  world.seekers.length = 0;
  const named = hashToId(Uint8Array.of(99));
  a.worker.report({ kind: 'peersFound', infoHash, peers: [named], from: a.id });
  await world.clock.advance(2 * MAX_SEARCH_PAUSE_MS);
  await world.deliver();
  expect([world.seekers.length > 0, world.resolved.includes(named)]).toEqual([isLooking, isLooking]);
});
