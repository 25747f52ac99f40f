import { expect, test } from 'vitest';
import { equalBytes } from '../../../shared/src/bytes.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  MAX_WEB_FETCHES,
  MAX_WEB_SEEDS,
  MIN_WEB_PAUSE_MS,
  MIN_WEB_RUN_BYTES,
  WEB_RUN_BYTES,
} from '../../../shared/src/limits/swarm.ts';
import { Lab, type LabContent, type LabPeer, makeContent } from './test/lab.ts';
import type { TorrentCommand } from './types.ts';
import type { WebSeedInfo } from './web-types.ts';

const KIB = 1024;
const URL = 'https://seed.example/';

/** A leecher that begins, with web seeds. */
function begin(lab: Lab, content: LabContent, webSeeds: readonly string[] = [URL]): LabPeer {
  const peer = lab.add('peer', { content, role: 'leecher', webSeeds });
  command(lab, peer, { kind: 'setPaused', isPaused: false });
  return peer;
}

function command(lab: Lab, peer: LabPeer, given: TorrentCommand): void {
  lab.input(peer, { kind: 'command', command: given });
}

const seedsOf = (peer: LabPeer): readonly WebSeedInfo[] => peer.torrent.snapshot().webSeeds;
const storedOf = (peer: LabPeer): number[] =>
  peer.events.flatMap((event) => (event.kind === 'pieceStored' ? [event.piece] : []));

for (const version of ['v1', 'v2', 'hybrid'] as const) {
  test(`a web seed alone gives a whole ${version} torrent, in long runs and at most four requests at once`, () => {
    const content = makeContent(80, [20 * 1024 * KIB, 300 * KIB, 5], 64 * KIB, version);
    const lab = new Lab(80);
    lab.web.seeds.set(URL, { bytesPerSecond: 4_000_000 });
    const peer = begin(lab, content);
    lab.run(60_000, () => peer.isComplete);
    expect(peer.hasIdenticalBytes).toBe(true);
    expect(lab.web.most).toBe(MAX_WEB_FETCHES);
    const requests = lab.web.requests.get(URL)!;
    // The first ones are short, as nothing is known of the server then.
    expect(requests[0]).toBe(MIN_WEB_RUN_BYTES / BLOCK_BYTES);
    expect(Math.max(...requests)).toBe(WEB_RUN_BYTES / BLOCK_BYTES);
    expect(requests.length).toBeLessThan(20);
    const [seed] = seedsOf(peer);
    expect(seed).toMatchObject({ url: URL, state: 'idle' });
    expect(seed!.downloadedBytes).toBe(20 * 1024 * KIB + 300 * KIB + 5);
    expect(peer.torrent.snapshot().wastedBytes).toBe(0);
    // Nothing is left to wait for: a driver would be called for ever.
    expect(peer.torrent.nextDeadline()).toBeUndefined();
  });
}

test('a web seed that another link names while nobody else has anything gives the torrent from then on', () => {
  const content = makeContent(87, [2 * 1024 * KIB], 64 * KIB);
  const lab = new Lab(87);
  lab.web.seeds.set(URL, { bytesPerSecond: 4_000_000 });
  const peer = begin(lab, content, []);
  lab.run(5000);
  expect(seedsOf(peer)).toEqual([]);
  const urls = Array.from({ length: MAX_WEB_SEEDS }, (_, at) => `${URL}${at}`);
  command(lab, peer, { kind: 'addWebSeeds', urls: [URL, ...urls] });
  lab.run(60_000, () => peer.isComplete);
  expect(peer.hasIdenticalBytes).toBe(true);
  expect(seedsOf(peer).length).toBe(MAX_WEB_SEEDS);
});

test('peers and a web seed share the work, and hardly a block is fetched twice', () => {
  const content = makeContent(81, [8 * 1024 * KIB], 64 * KIB);
  const lab = new Lab(81);
  lab.web.seeds.set(URL, { bytesPerSecond: 500_000 });
  lab.add('the seed', { content, role: 'seed', uplink: 1000 });
  const peer = begin(lab, content);
  lab.connectAll();
  lab.run(60_000, () => peer.isComplete);
  expect(peer.hasIdenticalBytes).toBe(true);
  const { webSeeds, downloadedBytes, wastedBytes } = peer.torrent.snapshot();
  expect(webSeeds[0]!.downloadedBytes).toBeGreaterThan(1024 * KIB);
  expect(downloadedBytes - webSeeds[0]!.downloadedBytes).toBeGreaterThan(1024 * KIB);
  expect(wastedBytes).toBeLessThan(0.05 * content.bytes.length);
});

test('a slow web seed does not hold up the end: peers are asked for what would come last', () => {
  const content = makeContent(82, [2 * 1024 * KIB], 64 * KIB);
  const lab = new Lab(82);
  lab.web.seeds.set(URL, { bytesPerSecond: 10_000 });
  lab.add('the seed', { content, role: 'seed', uplink: 500 });
  const peer = begin(lab, content);
  lab.run(1000);
  lab.connectAll();
  // The server alone would take more than three minutes.
  lab.run(30_000, () => peer.isComplete);
  expect(peer.hasIdenticalBytes).toBe(true);
});

for (const version of ['v1', 'hybrid'] as const) {
  test(`a web seed that sends bad data for a ${version} torrent is asked for nothing more, and peers give the rest`, () => {
    const content = makeContent(83, [1024 * KIB], 64 * KIB, version);
    const lab = new Lab(83);
    lab.web.seeds.set(URL, {
      bytesPerSecond: 2_000_000,
      corrupt: (piece, block) => (piece === 3 ? block.map((byte) => byte ^ 1) : block),
    });
    const peer = begin(lab, content);
    lab.run(10_000);
    expect(seedsOf(peer)).toMatchObject([{ state: 'banned' }]);
    expect(peer.events.filter(({ kind }) => kind === 'banned')).toEqual([]);
    const asked = lab.web.requests.get(URL)!.length;
    lab.add('the seed', { content, role: 'seed' });
    lab.connectAll();
    lab.run(60_000, () => peer.isComplete);
    expect(peer.hasIdenticalBytes).toBe(true);
    expect(lab.web.requests.get(URL)!.length).toBe(asked);
  });
}

test('a web seed that fails rests twice as long each time, and goes on when it works again', () => {
  const content = makeContent(84, [256 * KIB], 64 * KIB);
  const lab = new Lab(84);
  const failure = { kind: 'fetchFailed', isFinal: false } as const;
  lab.web.seeds.set(URL, { bytesPerSecond: 1_000_000, fails: (request) => (request < 3 ? failure : undefined) });
  const peer = begin(lab, content);
  lab.run(MIN_WEB_PAUSE_MS - 1);
  expect(seedsOf(peer)).toMatchObject([{ state: 'resting' }]);
  expect(lab.web.requests.get(URL)!.length).toBe(1);
  lab.run(MIN_WEB_PAUSE_MS + 1000);
  expect(lab.web.requests.get(URL)!.length).toBe(2);
  lab.run(3 * MIN_WEB_PAUSE_MS - 1000);
  expect(lab.web.requests.get(URL)!.length).toBe(2);
  lab.run(60_000, () => peer.isComplete);
  expect(peer.hasIdenticalBytes).toBe(true);
});

test('a web seed that will never serve is given up, and another one does all', () => {
  const content = makeContent(85, [1024 * KIB], 64 * KIB);
  const lab = new Lab(85);
  lab.web.seeds.set('https://good.example/', { bytesPerSecond: 1_000_000 });
  const peer = begin(lab, content, [URL, 'https://good.example/']);
  lab.run(60_000, () => peer.isComplete);
  expect(peer.hasIdenticalBytes).toBe(true);
  expect(seedsOf(peer).map(({ state }) => state)).toEqual(['failed', 'idle']);
});

test('pausing and stopping end the requests; resuming begins anew', () => {
  const content = makeContent(86, [1024 * KIB], 64 * KIB);
  const lab = new Lab(86);
  lab.web.seeds.set(URL, { bytesPerSecond: 200_000 });
  const peer = begin(lab, content);
  lab.run(1000);
  expect(lab.web.running).toBeGreaterThan(0);
  command(lab, peer, { kind: 'setPaused', isPaused: true });
  expect(lab.web.running).toBe(0);
  const stored = storedOf(peer).length;
  lab.run(lab.now + 5000);
  expect(storedOf(peer).length).toBeLessThanOrEqual(stored + 1);
  command(lab, peer, { kind: 'setPaused', isPaused: false });
  lab.run(lab.now + 60_000, () => peer.isComplete);
  expect(peer.hasIdenticalBytes).toBe(true);
  const other = begin(lab, content);
  lab.run(lab.now + 500);
  command(lab, other, { kind: 'stop' });
  expect(lab.web.running).toBe(0);
});

test('skipped files are not fetched, what a player waits for comes first, and a limit holds', () => {
  const content = makeContent(87, [1024 * KIB, 1024 * KIB], 64 * KIB);
  const lab = new Lab(87);
  lab.web.seeds.set(URL, { bytesPerSecond: 10_000_000 });
  const peer = lab.add('peer', { content, role: 'leecher', webSeeds: [URL] });
  command(lab, peer, { kind: 'setPriorities', priorities: ['normal', 'skip'] });
  const rest = begin(lab, content);
  command(lab, rest, { kind: 'setPaused', isPaused: true });
  lab.run(20_000, () => peer.isComplete);
  expect(storedOf(peer).toSorted((a, b) => a - b)).toEqual(Array.from({ length: 16 }, (_, piece) => piece));
  expect(equalBytes(peer.store.subarray(0, 1024 * KIB), content.bytes.subarray(0, 1024 * KIB))).toBe(true);
  command(lab, rest, { kind: 'setLimits', downBytesPerSecond: 100_000, upBytesPerSecond: undefined });
  command(lab, rest, { kind: 'setDeadline', piece: 20, at: lab.now });
  const resumedAt = lab.now;
  command(lab, rest, { kind: 'setPaused', isPaused: false });
  lab.run(resumedAt + 10_000, () => storedOf(rest).length > 0);
  expect(storedOf(rest)[0]).toBe(20);
  lab.run(resumedAt + 90_000, () => rest.isComplete);
  expect(rest.hasIdenticalBytes).toBe(true);
  // The first run may go ahead of the limit; the rest keeps to it.
  expect(lab.now - resumedAt).toBeGreaterThan((1000 * (content.bytes.length - 2 * MIN_WEB_RUN_BYTES)) / 100_000);
});

test('of a torrent with very many web seeds only some are used', () => {
  const lab = new Lab(88);
  const urls = Array.from({ length: 100 }, (_, at) => `https://seed-${at}.example/`);
  const peer = lab.add('peer', { content: makeContent(88, [64 * KIB], 64 * KIB), role: 'leecher', webSeeds: urls });
  expect(seedsOf(peer)).toHaveLength(MAX_WEB_SEEDS);
});

test('a web seed that trickles keeps nobody from what another one gives', () => {
  const content = makeContent(94, [4 * 1024 * KIB], 512 * KIB);
  const lab = new Lab(94);
  // A block takes it 160 s.
  lab.web.seeds.set(URL, { bytesPerSecond: 100 });
  const other = 'https://mirror.example/';
  lab.web.seeds.set(other, { bytesPerSecond: 1_000_000 });
  const peer = begin(lab, content, [URL, other]);
  lab.run(30_000, () => peer.isComplete);
  expect(peer.hasIdenticalBytes).toBe(true);
  expect(seedsOf(peer).map(({ downloadedBytes }) => downloadedBytes)).toEqual([0, 4 * 1024 * KIB]);
});

test('a slow web seed under a limit is left what it was asked for, though another one idles', () => {
  const content = makeContent(95, [2 * 1024 * KIB], 512 * KIB);
  const lab = new Lab(95);
  lab.web.seeds.set(URL, { bytesPerSecond: 60_000 });
  const other = 'https://mirror.example/';
  lab.web.seeds.set(other, { bytesPerSecond: 1_000_000 });
  const peer = begin(lab, content, []);
  command(lab, peer, { kind: 'setLimits', downBytesPerSecond: 100_000, upBytesPerSecond: undefined });
  command(lab, peer, { kind: 'addWebSeeds', urls: [URL, other] });
  lab.run(60_000, () => peer.isComplete);
  expect(peer.hasIdenticalBytes).toBe(true);
  const asked = [URL, other].flatMap((url) => lab.web.requests.get(url) ?? []);
  expect(asked.reduce((sum, blocks) => sum + blocks, 0)).toBe((2 * 1024 * KIB) / BLOCK_BYTES);
});
