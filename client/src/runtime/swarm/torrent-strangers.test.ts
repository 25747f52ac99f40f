import { expect, test } from 'vitest';
import { binaryText } from '../../../../shared/src/bytes.ts';
import { MAX_CHANNELS_PER_TORRENT } from '../../../../shared/src/limits/storage.ts';
import {
  MAX_ANNOUNCED_OFFERS,
  MAX_ASKED_TRACKERS,
  MAX_GIVER_OFFERS,
  MAX_STRANGERS,
  MAX_STRANGER_CONNECTIONS,
  MIN_TRACKER_PAUSE_MS,
  OFFER_PATIENCE_MS,
  STRANGER_CONNECT_MS,
  TRACKER_INTERVAL_MS,
} from '../../../../shared/src/limits/trackers.ts';
import { seededRng } from '../../../../shared/src/machine.ts';
import { settle } from '../../adapters/memory/manual-clock.ts';
import { makeAlias } from './alias.ts';
import { StrangerPool } from './stranger-pool.ts';
import { STRANGER, type Scene, THEIRS, URL_A, ask, of } from './test/stranger-scene.ts';
import { FakeStrangerNetwork, type FakeTracker } from './test/strangers.ts';
import { infoHash, magnet, summaryOf } from './test/torrent.ts';
import { FakeWorld, type FakeNode } from './test/world.ts';

test('a torrent without a WebTorrent tracker fetches no code for one', async () => {
  const world = new FakeWorld();
  const [node] = world.pair();
  node.service.download(`${magnet}&tr=udp%3A%2F%2Fa.example&tr=https%3A%2F%2Fb.example`);
  node.worker.progress(infoHash, { state: 'finding' });
  await settle();
  expect(world.strangersLoaded).toBe(0);
});

test('who looks for sources offers connections, and whoever answers one becomes a peer of the torrent', async () => {
  const { node, network, tracker } = await ask();
  expect(tracker.heard).toMatchObject([{ event: 'started', numwant: MAX_ANNOUNCED_OFFERS }]);
  expect(node.service.downloads[0]?.trackers()).toEqual([{ url: URL_A, state: 'answered', reason: undefined }]);
  tracker.answer(THEIRS, 1);
  expect(network.connections.map(({ accepted }) => accepted)).toEqual([undefined, 'theirs', ...Array(3)]);
  expect(of(node, 'attachHeld')).toEqual([]);
  network.connections[1]?.connect();
  expect(of(node, 'attachHeld')).toMatchObject([{ infoHash, peer: STRANGER, isOutbound: true, serial: 2 }]);
  expect(binaryText(of(node, 'attachHeld')[0]!.alias)).toBe(tracker.heard[0]?.['peer_id']);
});

test('an offer of another is answered, and its channel goes to the worker when it is there', async () => {
  const { node, network, tracker } = await ask('seeding');
  expect(tracker.heard[0]).toMatchObject({ left: 0, numwant: MAX_GIVER_OFFERS });
  tracker.offer(THEIRS);
  await settle();
  expect(tracker.heard.at(-1)).toMatchObject({ to_peer_id: THEIRS, offer_id: 'x', answer: { sdp: 'ours' } });
  network.connections.at(-1)?.connect();
  expect(of(node, 'attachHeld')).toMatchObject([{ peer: STRANGER, isOutbound: false }]);
});

test('offers that nobody answers are closed, and the channels held for them let go', async () => {
  const { world, node, network } = await ask();
  await world.clock.advance(OFFER_PATIENCE_MS + 1);
  expect(network.open).toEqual([]);
  expect(of(node, 'dropHeld').map(({ serial }) => serial)).toEqual(of(node, 'hold').map(({ serial }) => serial));
});

test('a stranger that does not get here in time is given up', async () => {
  const { world, network, tracker } = await ask('seeding');
  tracker.offer(THEIRS);
  await settle();
  const connection = network.connections.at(-1);
  await world.clock.advance(STRANGER_CONNECT_MS + 1);
  expect(connection?.isClosed).toBe(true);
});

test('a stranger that gets here and makes no channel is given up', async () => {
  const { world, network, tracker } = await ask('seeding');
  tracker.offer(THEIRS);
  await settle();
  const connection = network.connections.at(-1);
  connection?.handler.connected();
  await world.clock.advance(STRANGER_CONNECT_MS + 1);
  expect(connection?.isClosed).toBe(true);
});

test('a stranger that gets here and has a channel stays', async () => {
  const { world, network, tracker } = await ask('seeding');
  tracker.offer(THEIRS);
  await settle();
  network.connections.at(-1)?.connect();
  await world.clock.advance(STRANGER_CONNECT_MS + 1);
  expect(network.connections.at(-1)?.isClosed).toBe(false);
});

test('a pause takes leave of the tracker and of all strangers, and going on asks anew', async () => {
  const { node, network, tracker } = await ask();
  tracker.answer(THEIRS, 0);
  network.connections[0]?.connect();
  node.worker.progress(infoHash, { state: 'paused' });
  expect(tracker.heard.at(-1)).toMatchObject({ event: 'stopped' });
  expect([tracker.isClosed, network.open]).toEqual([true, []]);
  expect(of(node, 'dropPeer')).toEqual([{ kind: 'dropPeer', infoHash, peer: STRANGER }]);
  node.worker.progress(infoHash, { state: 'finding' });
  expect(network.trackers.map(({ url }) => url)).toEqual([URL_A, URL_A]);
});

test('when the metadata says that the torrent is private, trackers of its link are asked no more and strangers let go', async () => {
  const { node, network, tracker } = await ask();
  tracker.offer(THEIRS);
  await settle();
  node.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true }) });
  expect([tracker.isClosed, network.open]).toEqual([true, []]);
  expect(node.service.downloads[0]?.trackers()).toMatchObject([{ url: URL_A, state: 'idle' }]);
});

/** A node that downloads a private torrent whose file names these trackers. */
async function askPrivately(...trackers: readonly string[]): Promise<Omit<Scene, 'tracker'>> {
  const world = new FakeWorld();
  const network = new FakeStrangerNetwork();
  world.strangers = network;
  const [node] = world.pair();
  node.service.download(`${magnet}&tr=wss%3A%2F%2Flink.example`);
  node.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true, trackers }) });
  node.worker.progress(infoHash, { state: 'finding' });
  await settle();
  return { world, node, network };
}

test('a private torrent asks the tracker that it names itself, which strangers come from, and none of a link', async () => {
  const { node, network } = await askPrivately(URL_A);
  expect(network.trackers.map(({ url, isClosed }) => [url, isClosed])).toEqual([[URL_A, false]]);
  const [tracker] = network.trackers as [FakeTracker];
  tracker.open();
  await settle();
  tracker.answer(THEIRS, 0);
  network.connections[0]?.connect();
  expect(of(node, 'attachHeld')).toMatchObject([{ peer: STRANGER }]);
});

test('whom the tracker of a link introduced is let go when the metadata says private, though that names the same', async () => {
  const { node, network, tracker } = await ask('seeding');
  tracker.offer(THEIRS);
  await settle();
  network.connections.at(-1)?.connect();
  node.worker.report({ kind: 'metadata', summary: summaryOf({ isPrivate: true, trackers: [URL_A] }) });
  expect([tracker.isClosed, network.open]).toEqual([true, []]);
  expect(network.trackers.map(({ url }) => url)).toEqual([URL_A, URL_A]);
});

test('of the trackers of a private torrent one is asked at a time, the next when it fails, without the peers of before (BEP 27)', async () => {
  const [a, b] = [URL_A, 'wss://b.example'];
  const { world, node, network } = await askPrivately(a, b);
  const states = (): (string | undefined)[] => node.service.downloads[0]?.trackers().map(({ state }) => state) ?? [];
  for (const [at, url] of [a, b, a].entries()) {
    expect(network.trackers.map(({ url }) => url).slice(at)).toEqual([url]);
    expect(states().slice(0, 2)).toEqual(url === a ? ['asking', 'idle'] : ['idle', 'asking']);
    const tracker = network.trackers[at] as FakeTracker;
    tracker.open();
    await settle();
    tracker.say({ interval: 120 });
    tracker.answer(THEIRS, 0);
    network.connections.find(({ accepted, isClosed }) => accepted && !isClosed)?.connect();
    tracker.lose();
    // As long as nobody else is asked, they stay.
    expect(network.open).toHaveLength(1);
    await world.clock.advance(2 * MIN_TRACKER_PAUSE_MS);
    expect(network.open).toHaveLength(0);
  }
});

test('the next tracker of a private torrent is asked, too, when one refuses, and what that said is shown until it thinks better of it', async () => {
  const [a, b] = [URL_A, 'wss://b.example'];
  const { world, node, network } = await askPrivately(a, b);
  const states = (): unknown => node.service.downloads[0]?.trackers().slice(0, 2);
  const refused = { url: a, state: 'failed', reason: 'not registered' };
  const turns = [
    [{ 'failure reason': 'not\nregistered' }, [refused, { url: b, state: 'idle', reason: undefined }]],
    [{ interval: 120 }, [refused, { url: b, state: 'answered', reason: undefined }]],
    [
      { interval: 120 },
      [
        { url: a, state: 'answered', reason: undefined },
        { url: b, state: 'idle', reason: undefined },
      ],
    ],
  ] as const;
  for (const [at, [words, expected]] of turns.entries()) {
    const tracker = network.trackers[at] as FakeTracker;
    tracker.open();
    await settle();
    tracker.say(words);
    expect(states()).toEqual(expected);
    if (!tracker.isClosed) tracker.lose();
    await world.clock.advance(2 * MIN_TRACKER_PAUSE_MS);
  }
  expect(network.trackers.map(({ url }) => url)).toEqual([a, b, a, b]);
});

test('a tracker that refused knows this peer by another id the next time, and shows as refusing while it is asked again', async () => {
  const { world, node, network, tracker } = await ask();
  tracker.say({ 'failure reason': 'one id for each torrent' });
  expect(tracker.isClosed).toBe(true);
  await world.clock.advance(2 * MIN_TRACKER_PAUSE_MS);
  const again = network.trackers[1] as FakeTracker;
  again.open();
  await settle();
  const refused = { url: URL_A, state: 'failed', reason: 'one id for each torrent' };
  expect(node.service.downloads[0]?.trackers()).toEqual([refused]);
  expect(again.heard[0]?.['peer_id']).not.toBe(tracker.heard[0]?.['peer_id']);
  again.say({ interval: 120 });
  expect(node.service.downloads[0]?.trackers()).toMatchObject([{ state: 'answered', reason: undefined }]);
});

test('completing is told to the tracker', async () => {
  const { node, tracker } = await ask();
  node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  expect(tracker.heard.at(-1)).toMatchObject({ event: 'completed', left: 0 });
});

test('a stranger that lied loses its connection, and is not answered again', async () => {
  const { node, network, tracker } = await ask('seeding');
  tracker.offer(THEIRS);
  await settle();
  const connection = network.connections.at(-1);
  connection?.connect();
  const [{ serial } = { serial: 0 }] = of(node, 'attachHeld');
  node.worker.report({ kind: 'peerDropped', infoHash, peer: STRANGER, serial, why: 'banned' });
  expect(connection?.isClosed).toBe(true);
  const heard = tracker.heard.length;
  tracker.offer(THEIRS, 'y');
  await settle();
  expect(tracker.heard.length).toBe(heard);
});

test('a stranger that comes in by two trackers is connected once', async () => {
  const { network, tracker, node } = await ask('seeding');
  for (const id of ['x', 'y', 'z']) {
    tracker.offer(THEIRS, id);
    await settle();
    network.connections.at(-1)?.connect();
  }
  expect(of(node, 'attachHeld')).toHaveLength(1);
});

test('when offers crossed, the connection stays that the lower peer id offered', async () => {
  for (const [theirs, isOutbound] of [
    ['-AA0000-abcdefghijkl', false],
    ['-ZZ0000-abcdefghijkl', true],
  ] as const) {
    const { node, network, tracker } = await ask();
    tracker.offer(theirs);
    await settle();
    tracker.answer(theirs, 0);
    const [ours, their] = [network.connections[0], network.connections.at(-1)];
    // Whichever comes first.
    (isOutbound ? their : ours)?.connect();
    (isOutbound ? ours : their)?.connect();
    expect(of(node, 'attachHeld').at(-1)).toMatchObject({ isOutbound });
    expect([ours?.isClosed, their?.isClosed]).toEqual(isOutbound ? [false, true] : [true, false]);
  }
});

test('a node that has a channel is not met as a stranger, neither before nor after', async () => {
  const { world, network, tracker } = await ask('seeding');
  const other = world.add(7);
  const [node] = [...world.nodes()];
  const alias = (): string => binaryText(makeAlias(other.id, infoHash, seededRng(5)));
  tracker.offer(alias());
  await settle();
  network.connections.at(-1)?.connect();
  expect(network.connections.at(-1)?.isClosed).toBe(false);
  other.service.download(magnet);
  world.link(other, node as FakeNode);
  world.providers.push((node as FakeNode).contact);
  await world.clock.advance(2_000);
  await world.deliver();
  expect(network.connections.at(-1)?.isClosed).toBe(true);
  const count = network.connections.length;
  tracker.offer(alias(), 'again');
  await settle();
  expect(network.connections.length).toBe(count);
});

test('trackers of a share are in its torrent and link, and asked; what is no URL is refused', async () => {
  const world = new FakeWorld();
  const network = new FakeStrangerNetwork();
  world.strangers = network;
  const [node] = world.pair();
  const files = [new File(['x'], 'thing')];
  await expect(node.service.share(files, { trackers: ['no tracker'] })).rejects.toMatchObject({ code: 'bad-argument' });
  const sharing = node.service.share(files, { trackers: [URL_A] });
  const request = node.worker.shareRequest();
  expect(request.trackers).toEqual([URL_A]);
  node.worker.report({ kind: 'answer', call: request.call, value: summaryOf({ trackers: request.trackers }) });
  const share = await sharing;
  await settle();
  expect(new URL(share.magnet).searchParams.getAll('tr')).toEqual([URL_A]);
  expect(network.trackers.map(({ url }) => url)).toEqual([URL_A]);
});

test('only some trackers of a torrent are asked', async () => {
  const world = new FakeWorld();
  const network = new FakeStrangerNetwork();
  world.strangers = network;
  const [node] = world.pair();
  const urls = Array.from({ length: MAX_ASKED_TRACKERS + 3 }, (_, i) => `&tr=ws%3A%2F%2F${i}.example`);
  node.service.download(magnet + urls.join(''));
  node.worker.progress(infoHash, { state: 'finding' });
  await settle();
  expect(network.trackers).toHaveLength(MAX_ASKED_TRACKERS);
});

test('a tracker that a further link names is asked, too', async () => {
  const { network, node } = await ask();
  node.service.download(`${magnet}&tr=ws%3A%2F%2Fb.example`);
  expect(network.trackers.map(({ url }) => url)).toEqual([URL_A, 'ws://b.example']);
});

test('a tracker that hands out strangers without end gets no more than the torrent and the tab have room for', async () => {
  const { world, network, tracker } = await ask('seeding');
  for (let n = 0; n < 4 * MAX_STRANGER_CONNECTIONS; n++) {
    tracker.offer(`-WW0300-${String(n).padStart(12, '0')}`, `${n}`);
    await settle();
    network.connections.at(-1)?.connect();
  }
  expect(network.open.length).toBeLessThanOrEqual(MAX_STRANGERS + MAX_GIVER_OFFERS);
  await world.clock.advance(TRACKER_INTERVAL_MS);
  expect(network.open.length).toBeLessThanOrEqual(MAX_STRANGERS + MAX_GIVER_OFFERS);
  expect(MAX_STRANGERS).toBeLessThan(MAX_CHANNELS_PER_TORRENT);
});

test('a tab has only so many places, and fewer for offers than for answers', () => {
  const pool = new StrangerPool();
  const takeAll = (use: 'answer' | 'taker' | 'giver'): number => {
    let taken = 0;
    while (pool.take(use)) taken++;
    return taken;
  };
  const first = pool.take('giver');
  const [giver, taker, answer] = [takeAll('giver'), takeAll('taker'), takeAll('answer')];
  expect(1 + giver + taker + answer).toBe(MAX_STRANGER_CONNECTIONS);
  expect(Math.min(giver, taker, answer)).toBeGreaterThan(0);
  first?.();
  first?.();
  expect([pool.take('giver'), takeAll('answer')]).toEqual([undefined, 1]);
});
