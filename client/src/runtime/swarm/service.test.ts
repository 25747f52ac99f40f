import { expect, test } from 'vitest';
import { hashToId } from '../../../../shared/src/ids.ts';
import { MAX_CHANNEL_ID } from '../../../../shared/src/limits/links.ts';
import {
  CHANNEL_OPEN_TIMEOUT_MS,
  MAX_SEARCH_PAUSE_MS,
  MAX_SOUGHT_PEERS,
  MIN_RETRY_PAUSE_MS,
  REFUSED_PAUSE_MS,
  UNUSED_LINK_MS,
} from '../../../../shared/src/limits/storage.ts';
import { randomBelow, randomBytes, seededRng } from '../../../../shared/src/machine.ts';
import { settle } from '../../adapters/memory/manual-clock.ts';
import { encodeSwarmFrame } from './control.ts';
import { infoHash, magnet } from './test/torrent.ts';
import { FakeWorld, beginDownload } from './test/world.ts';

test('a provider is linked, asked for a channel, and both ends of it go to the workers', async () => {
  const world = new FakeWorld();
  const [seed, leech] = world.pair();
  world.providers.push(seed.contact);
  seed.service.download(magnet);
  await world.deliver();
  seed.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  leech.service.download(magnet);
  await world.deliver();
  expect(leech.worker.channels()).toMatchObject([{ infoHash, peer: seed.id, isOutbound: true }]);
  expect(seed.worker.channels()).toMatchObject([{ infoHash, peer: leech.id, isOutbound: false }]);
  expect(leech.channels.map(({ id }) => id)).toEqual(seed.channels.map(({ id }) => id));
});

test('when both sides ask at once exactly one channel comes to be, that of the lower id', async () => {
  const world = new FakeWorld();
  const [low, high] = world.pair();
  world.providers.push(low.contact, high.contact);
  world.link(high, low);
  low.service.download(magnet);
  high.service.download(magnet);
  await settle();
  expect(world.wire.length).toBe(2);
  await world.deliver();
  expect(low.worker.channels()).toMatchObject([{ isOutbound: true }]);
  expect(high.worker.channels()).toMatchObject([{ isOutbound: false }]);
  expect([low.channels, high.channels].map((made) => made.map(({ id }) => id))).toEqual([[17], [17]]);
  await world.clock.advance(CHANNEL_OPEN_TIMEOUT_MS + 1);
  await world.deliver();
  expect(low.worker.channels().length).toBe(1);
  expect(high.worker.channels().length).toBe(1);
});

test('a peer that does not have the torrent back yet refuses, and calls back as soon as it has', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  a.service.download(magnet);
  await world.deliver();
  expect(b.worker.channels()).toEqual([]);
  b.seed();
  await world.deliver();
  expect(a.worker.channels()).toMatchObject([{ peer: b.id, isOutbound: false }]);
  expect(b.worker.channels()).toMatchObject([{ peer: a.id, isOutbound: true }]);
  await world.clock.advance(2 * REFUSED_PAUSE_MS);
  await world.deliver();
  expect(a.worker.channels().length).toBe(1);
});

test('a peer that was refused and that nobody can call back asks again only after a rest', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  a.service.download(magnet);
  await world.deliver();
  expect(b.worker.channels()).toEqual([]);
  expect(a.released).toEqual([b.id]);
  b.links.delete(a.id);
  a.links.delete(b.id);
  b.seed();
  await world.clock.advance(REFUSED_PAUSE_MS / 2);
  await world.deliver();
  expect(a.worker.channels()).toEqual([]);
  await world.clock.advance(REFUSED_PAUSE_MS);
  await world.deliver();
  expect(a.worker.channels().length).toBe(1);
});

test('a paused torrent refuses channels, is published no more, and comes back with resume', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  a.service.download(magnet);
  a.worker.progress(infoHash, { doneBytes: 50 });
  expect(a.published).toEqual(new Set([infoHash]));
  a.worker.progress(infoHash, { state: 'paused', doneBytes: 50 });
  expect(a.published).toEqual(new Set());
  world.providers.push(a.contact);
  b.service.download(magnet);
  await world.deliver();
  expect(a.worker.channels()).toEqual([]);
  a.worker.progress(infoHash, { doneBytes: 50 });
  expect(a.published).toEqual(new Set([infoHash]));
});

test('a lost link ends its channels, and another source is looked for at once', async () => {
  const world = new FakeWorld();
  const [seed, leech] = world.pair();
  const other = world.add(7);
  for (const node of [seed, other]) node.seed();
  world.providers.push(seed.contact);
  leech.service.download(magnet);
  await world.deliver();
  expect(leech.worker.channels().map(({ peer }) => peer)).toEqual([seed.id]);
  await world.clock.advance(60_000);
  world.providers.splice(0, 1, other.contact);
  world.unlink(seed, leech);
  await world.deliver();
  expect(leech.worker.requests).toContainEqual({ kind: 'peerGone', peer: seed.id });
  expect(leech.worker.channels().map(({ peer }) => peer)).toEqual([seed.id, other.id]);
});

test('a source that no link could be opened to, however often, is asked as soon as there is one', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  b.seed();
  world.linking = Promise.reject(new Error('unreachable'));
  world.linking.catch(() => undefined);
  a.service.download(magnet);
  await world.clock.advance(10 * MIN_RETRY_PAUSE_MS);
  expect(a.worker.channels()).toEqual([]);
  world.linking = Promise.resolve();
  world.link(b, a);
  await world.deliver();
  expect(a.worker.channels()).toMatchObject([{ peer: b.id }]);
});

test('a download that finds nobody searches again with pauses that stay bounded', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  a.service.download(magnet);
  await world.clock.advance(120_000);
  const asked = a.announced.length;
  expect(a.announced[0]).toBe('started');
  expect(asked).toBeGreaterThan(7);
  expect(asked).toBeLessThan(20);
  b.seed();
  world.providers.push(b.contact);
  await world.clock.advance(MAX_SEARCH_PAUSE_MS);
  await world.deliver();
  expect(a.worker.channels().length).toBe(1);
});

test('a banned peer is not taken back, whichever side asks', async () => {
  const world = new FakeWorld();
  const [a, b] = await world.seededPair();
  const { serial } = a.worker.channel(0);
  a.worker.report({ kind: 'peerDropped', infoHash, peer: b.id, serial, why: 'banned' });
  b.worker.report({ kind: 'channelClosed', infoHash, peer: a.id, serial: b.worker.channel(0).serial });
  expect(a.released).toEqual([b.id]);
  world.providers.push(a.contact);
  b.worker.progress(infoHash, { state: 'finding' });
  await world.clock.advance(120_000);
  await world.deliver();
  expect(a.worker.channels().length).toBe(1);
});

test('a report about a channel that was replaced does not end the new one', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  a.seed();
  const link = world.link(b, a);
  const theirs = a.linkTo(b);
  for (const id of [16, 18]) a.service.receiveControl(theirs, encodeSwarmFrame({ kind: 'OPEN', id, infoHash }));
  const [first, second] = [a.worker.channel(0), a.worker.channel(1)];
  a.worker.report({ kind: 'channelClosed', infoHash, peer: b.id, serial: first.serial });
  a.service.linkDown(b.id);
  expect(link.isOfferer).toBe(true);
  expect(second.serial).not.toBe(first.serial);
  expect(a.worker.requests).toContainEqual({ kind: 'peerGone', peer: b.id });
});

test('an answer that comes after the opener gave up closes the channel that the other side made', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  b.seed();
  a.service.download(magnet);
  await settle();
  const late = world.wire.splice(0);
  await world.clock.advance(CHANNEL_OPEN_TIMEOUT_MS + 1);
  world.wire.splice(0, world.wire.length, ...late);
  await world.deliver();
  expect(a.channels[0]).toMatchObject({ id: 16, isClosed: true });
});

test('an answer to nothing makes no channel, however often it comes', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  const link = world.link(a, b);
  for (const id of [16, 18, 16]) a.service.receiveControl(link, encodeSwarmFrame({ kind: 'ACCEPT', id }));
  expect(a.channels).toEqual([]);
  world.providers.push(b.contact);
  b.seed();
  a.service.download(magnet);
  await world.deliver();
  const accept = encodeSwarmFrame({ kind: 'ACCEPT', id: a.channels[0]?.id ?? 0 });
  for (let again = 0; again < 3; again++) a.service.receiveControl(link, accept);
  expect(a.channels).toHaveLength(1);
});

test('a link that another peer opened and asks for no torrent over serves no swarm after a while', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.link(b, a);
  await world.clock.advance(UNUSED_LINK_MS);
  expect([a.released, b.released]).toEqual([[b.id], []]);
});

test('a link that a torrent uses is kept as long as that does, whoever opened it', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  b.seed();
  a.service.download(magnet);
  await world.deliver();
  expect(b.linkTo(a).isOfferer).toBe(false);
  await world.clock.advance(10 * UNUSED_LINK_MS);
  expect([a.released, b.released]).toEqual([[], []]);
  const { serial } = b.worker.channel(0);
  b.worker.report({ kind: 'channelClosed', infoHash, peer: a.id, serial });
  expect(b.released).toEqual([a.id]);
});

test('a link that went before its time was over is not asked for when another one is there', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.link(b, a);
  await world.clock.advance(UNUSED_LINK_MS - 1);
  world.unlink(a, b);
  world.link(b, a);
  await world.clock.advance(UNUSED_LINK_MS - 1);
  expect(a.released).toEqual([]);
});

test('what an earlier page left appears as a download and looks for peers', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const found: string[] = [];
  a.service.events.on('download', (download) => found.push(download.name));
  a.worker.resumed({ name: 'left over' });
  a.worker.progress(infoHash, { state: 'finding', doneBytes: 40 });
  await settle();
  expect(found).toEqual(['left over']);
  expect(a.announced).toEqual(['started']);
  expect(a.published).toEqual(new Set([infoHash]));
});

test('a worker that dies fails what runs, in words', async () => {
  const { node: a, download } = beginDownload();
  await settle();
  a.worker.onerror?.({ message: 'out of memory' });
  expect(download.state).toBe('failed');
  await expect(download.done).rejects.toMatchObject({ code: 'internal' });
});

test('hostile control frames throw nothing, and make no channels but those that a link has', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  a.seed();
  world.link(a, b);
  const link = a.linkTo(b);
  const rng = seededRng(4);
  for (let run = 0; run < 20_000; run++) {
    const frame =
      run % 3 === 0
        ? encodeSwarmFrame({ kind: 'OPEN', id: randomBelow(rng, 1100), infoHash })
        : new Uint8Array([2, randomBelow(rng, 5), ...randomBytes(rng, randomBelow(rng, 26))]);
    a.service.receiveControl(link, frame);
  }
  expect(a.service.counters.get('bad-id')).toBeGreaterThan(1000);
  const ids = a.worker.channels().map(({ channel }) => (channel as unknown as { id: number }).id);
  expect(ids.every((id) => id % 2 === 1 && id <= MAX_CHANNEL_ID)).toBe(true);
});

test('a peer that another one named by its id is found in the overlay, linked and asked for a channel', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  const download = a.service.download(magnet);
  b.service.download(magnet);
  await world.deliver();
  b.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  const stranger = hashToId(new Uint8Array([9]));
  a.worker.report({ kind: 'peersFound', infoHash, peers: [stranger, b.id], from: stranger });
  await world.deliver();
  expect(world.resolved).toEqual([stranger, b.id]);
  expect(a.worker.channels()).toMatchObject([{ infoHash, peer: b.id }]);
  a.worker.report({ kind: 'peersFound', infoHash, peers: [b.id], from: stranger });
  await world.deliver();
  expect(world.resolved).toHaveLength(2);
  expect(download.state).toBe('finding');
});

test('who has enough sources, or everything, asks for no peers that others name', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  a.service.download(magnet);
  await world.deliver();
  a.worker.progress(infoHash, { state: 'seeding', isComplete: true, doneBytes: 100 });
  a.worker.report({ kind: 'peersFound', infoHash, peers: [hashToId(new Uint8Array([9]))], from: a.id });
  await world.deliver();
  expect(world.resolved).toEqual([]);
});

test('what was skipped and is wanted after all is fetched at once from the source that was left as of no use', async () => {
  const world = new FakeWorld();
  const [seed, leech] = world.pair();
  world.providers.push(seed.contact);
  for (const node of [seed, leech]) node.service.download(magnet);
  seed.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  await world.deliver();
  leech.worker.progress(infoHash, { state: 'seeding', doneBytes: 40 });
  const { serial } = leech.worker.channel(0);
  leech.worker.report({ kind: 'peerDropped', infoHash, peer: seed.id, serial, why: 'useless' });
  seed.worker.report({ kind: 'channelClosed', infoHash, peer: leech.id, serial: seed.worker.channel(0).serial });
  await world.clock.advance(60_000);
  await world.deliver();
  expect(leech.worker.channels()).toHaveLength(1);
  leech.worker.progress(infoHash, { state: 'finding', doneBytes: 40 });
  await world.deliver();
  expect(leech.worker.channels().map(({ peer }) => peer)).toEqual([seed.id, seed.id]);
  expect(seed.worker.channels()).toHaveLength(2);
});

test('a download that had everything it wanted looks for sources again when it wants more', async () => {
  const world = new FakeWorld();
  const [seed, leech] = world.pair();
  for (const node of [seed, leech]) node.service.download(magnet);
  for (const node of [seed, leech]) node.worker.progress(infoHash, { state: 'seeding', doneBytes: 40 });
  await world.clock.advance(MAX_SEARCH_PAUSE_MS);
  world.providers.push(seed.contact);
  leech.worker.progress(infoHash, { state: 'finding', doneBytes: 40 });
  await world.deliver();
  expect(leech.worker.channels()).toMatchObject([{ peer: seed.id }]);
});

test('a download that had as many peers as it looks for searches again when they are lost, whatever the reason', async () => {
  const world = new FakeWorld();
  const leech = world.add(1);
  const crowd = Array.from({ length: MAX_SOUGHT_PEERS }, (_, i) => world.add(2 + i));
  leech.service.download(magnet);
  for (const node of crowd) node.seed();
  world.providers.push(...crowd.map(({ contact }) => contact));
  for (let second = 0; second < 60; second++) {
    await world.clock.advance(1000);
    await world.deliver();
  }
  expect(leech.worker.channels()).toHaveLength(MAX_SOUGHT_PEERS);
  await world.clock.advance(60_000);
  const source = world.add(90);
  source.seed();
  world.providers.splice(0, crowd.length, source.contact);
  for (const { peer, serial } of leech.worker.channels())
    leech.worker.report({ kind: 'peerDropped', infoHash, peer, serial, why: 'malformed' });
  await world.clock.advance(MAX_SEARCH_PAUSE_MS);
  await world.deliver();
  expect(leech.worker.channels().at(-1)).toMatchObject({ peer: source.id });
});

test('a channel whose other end was lost is given up even when a new one is refused, and asked for again later', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  for (const node of [b, a]) node.service.download(magnet);
  b.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  await world.deliver();
  const { serial } = a.worker.channel(0);
  a.worker.progress(infoHash, { state: 'paused' });
  const id = a.linkTo(b).isOfferer ? 17 : 16;
  a.service.receiveControl(a.linkTo(b), encodeSwarmFrame({ kind: 'OPEN', id, infoHash }));
  expect(a.worker.requests.at(-1)).toEqual({ kind: 'dropPeer', infoHash, peer: b.id });
  a.worker.report({ kind: 'channelClosed', infoHash, peer: b.id, serial });
  a.worker.progress(infoHash, { state: 'finding' });
  await world.clock.advance(2 * MIN_RETRY_PAUSE_MS);
  await world.deliver();
  expect(a.worker.channels()).toHaveLength(2);
});
