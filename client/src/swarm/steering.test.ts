import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { Bench, blocks } from './test/bench.ts';
import { Lab, type LabPeer, makeContent } from './test/lab.ts';
import type { TorrentCommand, TorrentOutput } from './types.ts';

const KIB = 1024;

function command(lab: Lab, peer: LabPeer, given: TorrentCommand): void {
  lab.input(peer, { kind: 'command', command: given });
}

const storedOf = (peer: LabPeer): number[] =>
  peer.events.flatMap((event) => (event.kind === 'pieceStored' ? [event.piece] : []));

for (const role of ['leecher', 'magnet'] as const) {
  test(`a ${role} fetches no piece of skipped files alone, is done without them, and goes on when they are wanted`, () => {
    const content = makeContent(70, [64 * KIB, 64 * KIB, 64 * KIB], 32 * KIB);
    const lab = new Lab(70);
    lab.add('the seed', { content, role: 'seed' });
    const peer = lab.add('peer', { content, role });
    command(lab, peer, { kind: 'setPriorities', priorities: ['normal', 'skip', 'high'] });
    lab.connectAll();
    lab.run(20_000, () => peer.isComplete);
    expect(storedOf(peer).toSorted((a, b) => a - b)).toEqual([0, 1, 4, 5]);
    expect(peer.torrent.snapshot()).toMatchObject({ isFinished: true, leftBytes: 0, storedPieces: 4 });
    // Both are of no use to each other then, and part.
    lab.run(lab.now + 5000);
    expect(peer.links.size).toBe(0);
    command(lab, peer, { kind: 'setPriorities', priorities: [] });
    expect(peer.torrent.snapshot()).toMatchObject({ isFinished: false, leftBytes: 64 * KIB });
    lab.connectAll();
    lab.run(60_000, () => peer.torrent.snapshot().isFinished);
    expect(peer.hasIdenticalBytes).toBe(true);
    expect(peer.events.filter((event) => event.kind === 'complete')).toHaveLength(2);
    expect(peer.buffers.size).toBe(0);
  });
}

test('a file that is skipped in the middle of its download is asked for no more, and its buffers are freed', () => {
  const content = makeContent(71, [1024 * KIB, 64 * KIB], 64 * KIB);
  const lab = new Lab(71);
  lab.add('the seed', { content, role: 'seed', uplink: 200 });
  const peer = lab.add('peer', { content, role: 'leecher' });
  command(lab, peer, { kind: 'setPriorities', priorities: ['normal', 'skip'] });
  lab.connectAll();
  lab.run(2000);
  expect(peer.keptBytes).toBeGreaterThan(0);
  command(lab, peer, { kind: 'setPriorities', priorities: ['skip', 'normal'] });
  lab.run(20_000, () => peer.isComplete);
  const kept = peer.keptBytes;
  lab.run(lab.now + 10_000);
  expect(peer.isComplete).toBe(true);
  expect(peer.keptBytes).toBe(kept);
  expect(peer.buffers.size).toBe(0);
});

test('a file that is skipped and wanted again at once costs neither the source nor what was under way twice', () => {
  const content = makeContent(75, [3072 * KIB, 3072 * KIB], 64 * KIB);
  const lab = new Lab(75);
  lab.add('the seed', { content, role: 'seed', uplink: 1000 });
  const peer = lab.add('peer', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(2000);
  for (const first of ['skip', 'normal'] as const) {
    command(lab, peer, { kind: 'setPriorities', priorities: [first, 'normal'] });
    lab.run(lab.now + 5);
  }
  lab.run(60_000, () => peer.torrent.snapshot().isFinished);
  expect(peer.hasIdenticalBytes).toBe(true);
  expect(peer.closed).toEqual([]);
});

test('in order, pieces come one after the other, and a piece that is waited for comes next', () => {
  const content = makeContent(72, [2048 * KIB], 32 * KIB);
  const lab = new Lab(72);
  lab.add('the seed', { content, role: 'seed', uplink: 200 });
  const peer = lab.add('peer', { content, role: 'leecher' });
  command(lab, peer, { kind: 'setSequential', isSequential: true });
  lab.connectAll();
  lab.run(3000);
  const first = storedOf(peer);
  expect(first).toEqual(first.toSorted((a, b) => a - b));
  command(lab, peer, { kind: 'setDeadline', piece: 60, at: 4000 });
  lab.run(6000, () => storedOf(peer).includes(60));
  // What was on order before comes before it: three seconds of the rate at most.
  expect(storedOf(peer).indexOf(60) - first.length).toBeLessThanOrEqual((3 * 200_000) / (32 * KIB) + 2);
  lab.run(60_000, () => peer.isComplete);
  expect(peer.hasIdenticalBytes).toBe(true);
});

test('a super-seed sends one copy and hardly more, and tells the rest when it ceases to be one', () => {
  const content = makeContent(73, [1024 * KIB], 32 * KIB);
  const lab = new Lab(73);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 500 });
  command(lab, seed, { kind: 'setSuperSeeding', isSuperSeeding: true });
  const leechers = [1, 2, 3, 4].map((name) => lab.add(`leecher ${name}`, { content, role: 'leecher', uplink: 500 }));
  lab.connectAll();
  lab.run(120_000, () => leechers.every((peer) => peer.isComplete));
  expect(leechers.every((peer) => peer.hasIdenticalBytes)).toBe(true);
  expect(seed.torrent.snapshot().uploadedBytes).toBeLessThanOrEqual(1.1 * content.bytes.length);
  // They are seeds now, so it is not the only one any more.
  lab.run(lab.now + 3000);
  expect(seed.torrent.snapshot().isSuperSeeding).toBe(false);
});

test('a super-seed gives a peer that is alone everything, for it has nobody to pass pieces on to', () => {
  const content = makeContent(73, [1024 * KIB], 32 * KIB);
  const lab = new Lab(73);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 500 });
  command(lab, seed, { kind: 'setSuperSeeding', isSuperSeeding: true });
  const alone = lab.add('alone', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(20_000, () => alone.isComplete);
  expect(alone.hasIdenticalBytes).toBe(true);
  expect(seed.torrent.snapshot().uploadedBytes).toBe(content.bytes.length);
});

test('a super-seed gives peers that pass nothing on little, and tells them the rest when it ceases to be one', () => {
  const content = makeContent(77, [1024 * KIB], 32 * KIB);
  const lab = new Lab(77);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 500 });
  command(lab, seed, { kind: 'setSuperSeeding', isSuperSeeding: true });
  const peers = ['a', 'b'].map((name) => lab.add(name, { content, role: 'leecher' }));
  for (const peer of peers) lab.connect(seed, peer);
  lab.run(5000);
  expect(peers.map(({ isComplete }) => isComplete)).toEqual([false, false]);
  expect(seed.torrent.snapshot().isSuperSeeding).toBe(true);
  command(lab, seed, { kind: 'setSuperSeeding', isSuperSeeding: false });
  lab.run(lab.now + 60_000, () => peers.every(({ isComplete }) => isComplete));
  expect(peers.every(({ hasIdenticalBytes }) => hasIdenticalBytes)).toBe(true);
});

test('super-seeding ends by itself when another seed is seen, and everybody gets the rest', () => {
  const content = makeContent(76, [1024 * KIB], 32 * KIB);
  const lab = new Lab(76);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 500 });
  command(lab, seed, { kind: 'setSuperSeeding', isSuperSeeding: true });
  const peers = ['a', 'b'].map((name) => lab.add(name, { content, role: 'leecher' }));
  for (const peer of peers) lab.connect(seed, peer);
  lab.run(3000);
  expect(peers.map(({ isComplete }) => isComplete)).toEqual([false, false]);
  const second = lab.add('second', { content, role: 'seed', uplink: 500 });
  lab.connect(seed, second);
  lab.run(lab.now + 2000, () => !seed.torrent.snapshot().isSuperSeeding);
  expect(seed.torrent.snapshot().isSuperSeeding).toBe(false);
  lab.run(lab.now + 60_000, () => peers.every(({ isComplete }) => isComplete));
  expect(peers.every(({ hasIdenticalBytes }) => hasIdenticalBytes)).toBe(true);
});

test('the piece map shows what is stored, what is under way, and how many peers have each piece', () => {
  const content = makeContent(74, [256 * KIB], 64 * KIB);
  const lab = new Lab(74);
  lab.add('seed 1', { content, role: 'seed', uplink: 20 });
  lab.add('seed 2', { content, role: 'seed', uplink: 20 });
  const peer = lab.add('peer', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(2500);
  const { stored, open, availability } = peer.torrent.pieceMap();
  expect([...availability]).toEqual([2, 2, 2, 2]);
  expect(stored).toHaveLength(1);
  expect(open.length).toBeGreaterThan(0);
  for (const { receivedBlocks, blockCount } of open) expect(receivedBlocks).toBeLessThanOrEqual(blockCount);
  const magnet = lab.add('magnet', { content, role: 'magnet' });
  expect(magnet.torrent.pieceMap()).toMatchObject({ open: [], availability: new Uint8Array(0) });
});

test('a limit that is lifted holds up nothing of what waited for it', () => {
  const bench = new Bench('seed');
  const limit = (upBytesPerSecond: number | undefined): TorrentOutput[] =>
    bench.input({ kind: 'command', command: { kind: 'setLimits', downBytesPerSecond: undefined, upBytesPerSecond } });
  limit(1000);
  bench.greet();
  bench.receive((writer) => writer.haveNone().interested());
  const asked = bench.receive((writer) => writer.request(0, 0, BLOCK_BYTES).request(1, 0, BLOCK_BYTES));
  expect(blocks(asked)).toBe(0);
  bench.now = 10;
  expect(blocks(limit(undefined))).toBe(2);
});
