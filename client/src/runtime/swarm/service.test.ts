import { expect, test } from 'vitest';
import { hashToId } from '../../../../shared/src/ids.ts';
import {
  CHANNEL_OPEN_TIMEOUT_MS,
  MAX_SEARCH_PAUSE_MS,
  MAX_SOUGHT_PEERS,
  MIN_RETRY_PAUSE_MS,
  REFUSED_PAUSE_MS,
} from '../../../../shared/src/limits/storage.ts';
import { randomBelow, randomBytes, seededRng } from '../../../../shared/src/machine.ts';
import { encodeSwarmFrame } from './control.ts';
import { FakeWorld, settled } from './test/world.ts';

const infoHash = hashToId(new Uint8Array([1]));
const magnet = `magnet:?xt=urn:btih:${infoHash}&dn=thing`;

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
  await settled();
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

test('a peer that does not know the torrent refuses, and is asked again only after a rest', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  a.service.download(magnet);
  await world.deliver();
  expect(b.worker.channels()).toEqual([]);
  expect(a.released).toEqual([b.id]);
  b.service.download(magnet);
  b.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
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
  for (const node of [seed, other]) {
    node.service.download(magnet);
    node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  }
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

test('a download that finds nobody searches again with pauses that stay bounded', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  a.service.download(magnet);
  await world.clock.advance(120_000);
  const asked = a.announced.length;
  expect(a.announced[0]).toBe('started');
  expect(asked).toBeGreaterThan(7);
  expect(asked).toBeLessThan(20);
  b.service.download(magnet);
  b.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  world.providers.push(b.contact);
  await world.clock.advance(MAX_SEARCH_PAUSE_MS);
  await world.deliver();
  expect(a.worker.channels().length).toBe(1);
});

test('a banned peer is not taken back, whichever side asks', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  b.service.download(magnet);
  b.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  a.service.download(magnet);
  await world.deliver();
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
  a.service.download(magnet);
  a.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
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
  b.service.download(magnet);
  b.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  a.service.download(magnet);
  await settled();
  const late = world.wire.splice(0);
  await world.clock.advance(CHANNEL_OPEN_TIMEOUT_MS + 1);
  world.wire.splice(0, world.wire.length, ...late);
  await world.deliver();
  expect(a.channels[0]).toMatchObject({ id: 16, isClosed: true });
});

test('removing a download leaves the swarm and rejects its promise without anyone having to look', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const download = a.service.download(magnet);
  a.worker.progress(infoHash, { doneBytes: 10 });
  await download.remove();
  expect(download.state).toBe('removed');
  await expect(download.done).rejects.toMatchObject({ code: 'aborted' });
  expect(a.announced.at(-1)).toBe('leave');
  expect(a.published.size).toBe(0);
  expect(a.worker.requests.at(-1)).toMatchObject({ kind: 'remove', infoHash, keepData: false });
  expect(a.service.downloads).toEqual([]);
});

test('the same torrent gives the same download, and what is no magnet link is refused at once', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  expect(a.service.download(magnet)).toBe(a.service.download(infoHash.toUpperCase()));
  expect(() => a.service.download('magnet:?dn=nothing')).toThrow(expect.objectContaining({ code: 'bad-magnet' }));
  expect(() => a.service.download(new Uint8Array([1, 2]))).toThrow(expect.objectContaining({ code: 'bad-metainfo' }));
});

test('progress reaches listeners and the iterator, which ends when everything is here', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const download = a.service.download(magnet);
  const seen: number[] = [];
  const iterating = (async () => {
    for await (const progress of download) seen.push(progress.doneBytes);
  })();
  await settled();
  for (const doneBytes of [10, 60]) {
    a.worker.progress(infoHash, { doneBytes, downBytesPerSecond: 20 });
    await settled();
  }
  expect(download.progress).toMatchObject({ doneBytes: 60, etaMs: 2000 });
  a.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  await iterating;
  await download.done;
  expect(seen).toEqual([0, 10, 60, 100]);
});

test('storage that is full pauses the download with a sentence and does not fail it', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const download = a.service.download(magnet);
  const error = { code: 'storage-full', message: 'This download needs 5 GB.' } as const;
  a.worker.progress(infoHash, { state: 'paused', error });
  expect(download.state).toBe('paused');
  expect(download.error).toMatchObject(error);
});

test('what an earlier page left appears as a download and looks for peers', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const found: string[] = [];
  a.service.events.on('download', (download) => found.push(download.name));
  a.worker.report({
    kind: 'resumed',
    infoHash,
    name: 'left over',
    trackers: [],
    isComplete: false,
    priorities: undefined,
  });
  a.worker.progress(infoHash, { state: 'finding', doneBytes: 40 });
  await settled();
  expect(found).toEqual(['left over']);
  expect(a.announced).toEqual(['started']);
  expect(a.published).toEqual(new Set([infoHash]));
});

test('a worker that dies fails what runs, in words', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const download = a.service.download(magnet);
  await settled();
  a.worker.onerror?.({ message: 'out of memory' });
  expect(download.state).toBe('failed');
  await expect(download.done).rejects.toMatchObject({ code: 'internal' });
});

test('hostile control frames throw nothing and never make more channels than the bound', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  a.service.download(magnet);
  a.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
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
  expect(a.worker.channels().every(({ channel }) => (channel as unknown as { id: number }).id % 2 === 1)).toBe(true);
});

/** Two files in pieces of 10 bytes, with padding between them. */
const TWO_FILES = {
  infoHash,
  name: 'thing',
  totalBytes: 35,
  pieceLength: 10,
  pieceCount: 4,
  files: [
    { path: 'a', size: 12, index: 0, offset: 0 },
    { path: 'b', size: 15, index: 2, offset: 20 },
  ],
  trackers: [],
  infoHashV2: undefined,
  torrentFile: new Uint8Array([1]),
} as const;

test('priorities name files by path or place, leave padding out, and reach the worker for all files at once', () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const download = a.service.download(magnet);
  expect(() => download.setPriority('b', 'skip')).toThrow(expect.objectContaining({ code: 'not-ready' }));
  a.worker.report({ kind: 'metadata', summary: TWO_FILES });
  download.setPriority('b', 'skip');
  download.setPriority([0], 'high');
  expect(a.worker.requests.at(-1)).toEqual({
    kind: 'setPriorities',
    infoHash,
    priorities: ['high', 'normal', 'skip'],
  });
  expect(download.files().map(({ priority }) => priority)).toEqual(['high', 'skip']);
  expect(() => download.setPriority('c', 'low')).toThrow(expect.objectContaining({ code: 'not-found' }));
  expect(() => download.setPriority(2, 'low')).toThrow(expect.objectContaining({ code: 'not-found' }));
});

test('a download whose wanted files are here is done, and stays so while it is paused', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const download = a.service.download(magnet);
  a.worker.report({ kind: 'metadata', summary: TWO_FILES });
  a.worker.progress(infoHash, { state: 'seeding', isComplete: true, doneBytes: 20, totalBytes: 35 });
  await download.done;
  a.worker.progress(infoHash, { state: 'paused', isComplete: true, doneBytes: 20, totalBytes: 35 });
  expect(download).toMatchObject({ state: 'done', isPaused: true });
  a.worker.progress(infoHash, { state: 'paused', isComplete: false, doneBytes: 20, totalBytes: 35 });
  expect(download.state).toBe('paused');
});

test('reading the pieces asks for one map at a time, and files count what the newest one says', () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const download = a.service.download(magnet);
  a.worker.report({ kind: 'metadata', summary: TWO_FILES });
  const asked = (): number => a.worker.requests.filter(({ kind }) => kind === 'askPieces').length;
  expect(download.pieces()).toMatchObject({ count: 0 });
  expect(download.files()[0]?.doneBytes).toBe(0);
  expect(asked()).toBe(1);
  const pieces = { count: 4, stored: new Uint8Array([0b0110_0000]), availability: new Uint8Array([0, 2, 1, 255]) };
  a.worker.progress(infoHash, { doneBytes: 20, totalBytes: 35, pieces });
  expect(download.files().map(({ doneBytes }) => doneBytes)).toEqual([2, 10]);
  expect(asked()).toBe(2);
});

test('limits are checked, kept, and passed on for one torrent and for all', () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const download = a.service.download(magnet);
  download.setLimits({ down: 1000 });
  a.service.setLimits({ up: 500 });
  expect(a.worker.requests.slice(-2)).toEqual([
    { kind: 'setLimits', infoHash, limits: { down: 1000, up: undefined } },
    { kind: 'setLimits', infoHash: undefined, limits: { up: 500 } },
  ]);
  expect(download.limits).toEqual({ down: 1000, up: undefined });
  for (const down of [0, -1, Number.NaN])
    expect(() => download.setLimits({ down })).toThrow(expect.objectContaining({ code: 'bad-argument' }));
});

test('peers say who named them, in flags, too', async () => {
  const world = new FakeWorld();
  const [a, b] = world.pair();
  world.providers.push(b.contact);
  const download = a.service.download(magnet);
  await world.deliver();
  const idle = { downBytesPerSecond: 0, upBytesPerSecond: 0, downloadedBytes: 0, uploadedBytes: 7, progress: 1 };
  const bits = { isChoked: true, isInterested: false, isSource: true, isSnubbed: false };
  const peer = { ...idle, ...bits, id: b.id, isChokingUs: false, slot: 'none', isInbound: false } as const;
  a.worker.progress(infoHash, { peers: [peer], uploadedBytes: 7, doneBytes: 14 });
  expect(download.peers()).toMatchObject([{ id: b.id, source: 'overlay', flags: 'DH', uploadedBytes: 7 }]);
  expect(download.progress.ratio).toBe(0.5);
});

test('a share is paused and resumed, and its peers are gone once it is stopped', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const sharing = a.service.share([new File(['x'.repeat(12)], 'a'), new File(['y'.repeat(15)], 'b')]);
  const request = a.worker.requests.at(-1);
  if (request?.kind !== 'share') throw new Error('nothing was shared');
  a.worker.report({ kind: 'answer', call: request.call, value: TWO_FILES });
  const share = await sharing;
  share.pause();
  expect(a.worker.requests.at(-1)).toEqual({ kind: 'setPaused', infoHash, isPaused: true });
  a.worker.progress(infoHash, { state: 'paused', isComplete: true, doneBytes: 35, totalBytes: 35 });
  expect(share.isPaused).toBe(true);
  expect(await (await share.files[1]?.blob())?.text()).toBe('y'.repeat(15));
  expect(share.info()).toMatchObject({ infoHash, pieceLength: 10, pieceCount: 4 });
  await share.stop();
  share.resume();
  expect(a.worker.requests.at(-1)).toMatchObject({ kind: 'remove' });
});

test('the files of a share are those that its torrent puts there, and hashing them is told of', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const told: number[] = [];
  const sharing = a.service.share([new File(['second'], 'b'), new File(['first'], 'a')], {
    onProgress: ({ doneBytes, totalBytes }) => told.push(doneBytes / totalBytes),
  });
  const request = a.worker.requests.at(-1);
  if (request?.kind !== 'share') throw new Error('nothing was shared');
  a.worker.report({ kind: 'hashing', call: request.call, doneBytes: 5, totalBytes: 20 });
  const files = TWO_FILES.files.map((file, at) => ({ ...file, source: 1 - at }));
  a.worker.report({ kind: 'answer', call: request.call, value: { ...TWO_FILES, files } });
  const share = await sharing;
  expect(told).toEqual([0.25]);
  expect(await Promise.all(share.files.map(async (file) => (await file.blob()).text()))).toEqual(['first', 'second']);
});

test('a link that selects files skips the others, as soon as it is known which there are (BEP 53)', async () => {
  const world = new FakeWorld();
  const [a] = world.pair();
  const download = a.service.download(`${magnet}&so=2`);
  await world.deliver();
  expect(a.worker.requests.some(({ kind }) => kind === 'setPriorities')).toBe(false);
  a.worker.report({ kind: 'metadata', summary: TWO_FILES });
  expect(a.worker.requests.at(-1)).toEqual({ kind: 'setPriorities', infoHash, priorities: ['skip', 'skip', 'normal'] });
  expect(download.files().map(({ priority }) => priority)).toEqual(['skip', 'normal']);
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
  for (const node of crowd) {
    node.service.download(magnet);
    node.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
  }
  world.providers.push(...crowd.map(({ contact }) => contact));
  for (let second = 0; second < 60; second++) {
    await world.clock.advance(1000);
    await world.deliver();
  }
  expect(leech.worker.channels()).toHaveLength(MAX_SOUGHT_PEERS);
  await world.clock.advance(60_000);
  const source = world.add(90);
  source.service.download(magnet);
  source.worker.progress(infoHash, { state: 'seeding', doneBytes: 100 });
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
