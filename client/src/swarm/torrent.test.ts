import { expect, test } from 'vitest';
import { type NodeId, hashToId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES, MAX_PIPELINE, UPLOAD_BURST_BLOCKS } from '../../../shared/src/limits/swarm.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { Lab, type LabPeer, type LabPeerOptions, makeContent } from './test/lab.ts';
import { Torrent } from './torrent.ts';
import type { TorrentInput, TorrentOutput } from './types.ts';
import { WireDecoder } from './wire-decoder.ts';
import { type WireMessage, WireWriter } from './wire.ts';

const KIB = 1024;
const flip = (_piece: number, _begin: number, block: Uint8Array): Uint8Array => block.map((byte) => byte ^ 0xff);
const addMany = (lab: Lab, count: number, options: LabPeerOptions): LabPeer[] =>
  Array.from({ length: count }, (_, i) => lab.add(`${options.role} ${i}`, options));

function expectDone(peers: readonly LabPeer[]): void {
  for (const peer of peers) {
    expect(peer.isComplete).toBe(true);
    expect(peer.hasIdenticalBytes).toBe(true);
    expect(peer.buffers.size).toBe(0);
    expect(peer.events.filter((event) => event.kind === 'complete')).toHaveLength(1);
  }
}

test('five leechers get identical bytes from one seed, and each from all the others at once', () => {
  const content = makeContent(1, [4096 * KIB + 77], 64 * KIB);
  const lab = new Lab(1);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 1000 });
  const leechers = addMany(lab, 5, { content, role: 'leecher', uplink: 1000 });
  lab.connectAll();
  lab.run(120_000, () => leechers.every((peer) => peer.isComplete));
  expectDone(leechers);
  for (const peer of leechers) {
    expect(peer.sources.size).toBe(5);
    // Every block is kept exactly once: what comes twice at the end is not written again.
    expect(peer.keptBytes).toBe(content.bytes.length);
  }
  expect(seed.torrent.snapshot().uploadedBytes).toBeLessThan(3 * content.bytes.length);
});

for (const [title, lengths, pieceLength] of [
  ['a file of one byte', [1], 16 * KIB],
  ['a file of exactly one piece', [16 * KIB], 16 * KIB],
  ['a file of exactly two blocks in one piece', [32 * KIB], 32 * KIB],
  ['several files, one of them empty, with pieces across their borders', [5, 0, 40_000, 16 * KIB, 1], 16 * KIB],
  ['pieces whose length is no multiple of a block', [100_000], 24_000],
  ['a file of no bytes', [0], 16 * KIB],
] as const) {
  test(`${title} is fetched, with the torrent file and with a magnet link alone`, () => {
    const content = makeContent(2, lengths, pieceLength);
    const lab = new Lab(2);
    lab.add('the seed', { content, role: 'seed' });
    const others = [lab.add('leecher', { content, role: 'leecher' }), lab.add('magnet', { content, role: 'magnet' })];
    lab.connectAll();
    lab.run(30_000, () => others.every((peer) => peer.isComplete));
    expectDone(others);
    expect(others[1]?.events.filter((event) => event.kind === 'metadata')).toHaveLength(1);
  });
}

test('a seed says at the start that everything is here, without any peer', () => {
  const lab = new Lab(3);
  const seed = lab.add('the seed', { content: makeContent(3, [100], 16 * KIB), role: 'seed' });
  lab.run(1);
  expect(seed.isComplete).toBe(true);
  expect(seed.torrent.nextDeadline()).toBeUndefined();
});

test('metadata of many blocks comes from several peers, also from one that has only just learnt it', () => {
  const content = makeContent(4, Array.from({ length: 3000 }, () => 10), 16 * KIB);
  expect(content.metainfo.infoBytes.length).toBeGreaterThan(5 * BLOCK_BYTES);
  const lab = new Lab(4);
  const seeds = addMany(lab, 2, { content, role: 'seed' });
  const first = lab.add('first', { content, role: 'magnet' });
  const second = lab.add('second', { content, role: 'magnet' });
  for (const seed of seeds) lab.connect(seed, first);
  lab.connect(first, second);
  lab.run(30_000, () => second.isComplete);
  expectDone([first, second]);
});

test('a peer that lies about the metadata is banned, and the honest one is not', () => {
  const content = makeContent(5, Array.from({ length: 3000 }, () => 10), 16 * KIB);
  const lab = new Lab(5);
  const honest = lab.add('honest', { content, role: 'seed' });
  // A change in the middle of a long message: the bencode around it stays as it is.
  const tamper = (bytes: Uint8Array): Uint8Array => (bytes.length < 8000 ? bytes : bytes.map((byte, i) => (i === 4000 ? byte ^ 1 : byte)));
  const liar = lab.add('liar', { content, role: 'seed', tamper });
  const leecher = lab.add('leecher', { content, role: 'magnet' });
  lab.connect(liar, leecher);
  lab.connect(honest, leecher);
  lab.run(60_000, () => leecher.isComplete);
  expectDone([leecher]);
  expect(leecher.banned).not.toContain(honest.id);
  const alone = lab.add('alone', { content, role: 'magnet' });
  lab.connect(liar, alone);
  lab.run(lab.now + 5000);
  expect(alone.banned).toEqual([liar.id]);
  expect(alone.closed).toContainEqual({ peer: liar.id, why: 'banned' });
});

for (const [title, every] of [
  ['in every block', 1],
  ['in every tenth block', 10],
] as const) {
  test(`a peer that lies ${title} is banned by everyone, named, and everyone else completes`, () => {
    for (let seed = 0; seed < 5; seed++) {
      const content = makeContent(6, [3000 * KIB], 64 * KIB);
      const lab = new Lab(600 + seed);
      lab.add('the seed', { content, role: 'seed', uplink: 500 });
      let count = 0;
      const corrupt: NonNullable<LabPeerOptions['corrupt']> = (...args) => (count++ % every === 0 ? flip(...args) : args[2]);
      const liar = lab.add('liar', { content, role: 'seed', uplink: 500, corrupt });
      const leechers = addMany(lab, 4, { content, role: 'leecher', uplink: 500 });
      lab.connectAll();
      lab.run(300_000, () => leechers.every((peer) => peer.isComplete));
      expectDone(leechers);
      for (const peer of leechers) expect(peer.banned).toEqual([liar.id]);
    }
  });
}

test('a banned peer is not accepted again', () => {
  const content = makeContent(7, [64 * KIB], 32 * KIB);
  const lab = new Lab(7);
  const liar = lab.add('liar', { content, role: 'seed', corrupt: flip });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connect(liar, leecher);
  lab.run(5000);
  expect(leecher.banned).toEqual([liar.id]);
  lab.connect(liar, leecher);
  expect(leecher.closed.filter((entry) => entry.why === 'banned')).toHaveLength(2);
  expect(leecher.torrent.snapshot().storedPieces).toBe(0);
});

test('when a source vanishes in the middle another one continues', () => {
  const content = makeContent(8, [2000 * KIB], 64 * KIB);
  const lab = new Lab(8);
  const seeds = addMany(lab, 2, { content, role: 'seed', uplink: 200 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(60_000, () => leecher.torrent.snapshot().storedPieces > 10);
  lab.kill(seeds[0]!);
  lab.run(60_000, () => leecher.isComplete);
  expectDone([leecher]);
  expect(leecher.sources.size).toBe(2);
});

test('when the only seed vanishes, leechers that have everything between them finish', () => {
  const content = makeContent(9, [1000 * KIB], 32 * KIB);
  const lab = new Lab(9);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 500 });
  const leechers = addMany(lab, 4, { content, role: 'leecher', uplink: 500 });
  lab.connectAll();
  const stored = (): number => {
    const pieces = leechers.flatMap((peer) => peer.events.map((event) => (event.kind === 'pieceStored' ? event.piece : -1)));
    return new Set(pieces.filter((piece) => piece >= 0)).size;
  };
  lab.run(60_000, () => stored() === leechers[0]!.torrent.snapshot().pieceCount);
  lab.kill(seed);
  lab.run(120_000, () => leechers.every((peer) => peer.isComplete));
  expectDone(leechers);
});

test('a source that stops answering is snubbed, and what it was asked for comes from another', () => {
  const content = makeContent(10, [500 * KIB], 32 * KIB);
  const lab = new Lab(10);
  const [dead, alive] = [lab.add('dead', { content, role: 'seed', uplink: 50 }), lab.add('alive', { content, role: 'seed', uplink: 20 })];
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connect(dead, leecher);
  lab.run(500);
  dead.isMute = true;
  lab.connect(alive, leecher);
  lab.run(200_000, () => leecher.isComplete);
  expectDone([leecher]);
  expect(lab.now).toBeLessThan(90_000);
});

test('a full disk pauses the download with its reason, and resuming it goes on', () => {
  const content = makeContent(11, [500 * KIB], 32 * KIB);
  const lab = new Lab(11);
  lab.add('the seed', { content, role: 'seed' });
  const store = (count: number) => (count === 5 ? ({ kind: 'failed', code: 'storage-full' } as const) : undefined);
  const leecher = lab.add('leecher', { content, role: 'leecher', store });
  lab.connectAll();
  lab.run(10_000);
  expect(leecher.events).toContainEqual({ kind: 'storageFailed', code: 'storage-full' });
  expect(leecher.torrent.snapshot().isPaused).toBe(true);
  expect(leecher.isComplete).toBe(false);
  lab.input(leecher, { kind: 'command', command: { kind: 'setPaused', isPaused: false } });
  lab.run(30_000, () => leecher.isComplete);
  expectDone([leecher]);
});

test('a paused torrent takes and gives nothing, and goes on where it was', () => {
  const content = makeContent(12, [4000 * KIB], 64 * KIB);
  const lab = new Lab(12);
  lab.add('the seed', { content, role: 'seed', uplink: 500 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(2000);
  lab.input(leecher, { kind: 'command', command: { kind: 'setPaused', isPaused: true } });
  lab.run(4000);
  const before = leecher.keptBytes;
  expect(before).toBeGreaterThan(0);
  lab.run(20_000);
  expect(leecher.keptBytes).toBe(before);
  expect(leecher.closed).toEqual([]);
  lab.input(leecher, { kind: 'command', command: { kind: 'setPaused', isPaused: false } });
  lab.run(60_000, () => leecher.isComplete);
  expectDone([leecher]);
});

test('two that have everything part as useless to each other', () => {
  const content = makeContent(13, [100 * KIB], 16 * KIB);
  const lab = new Lab(13);
  const [a, b] = addMany(lab, 2, { content, role: 'seed' }) as [LabPeer, LabPeer];
  lab.connect(a, b);
  lab.run(5000);
  expect([...a.closed, ...b.closed].map((entry) => entry.why)).toContain('useless');
  expect(a.links.size + b.links.size).toBe(0);
});

test('stopping drops every peer and every buffer, and nothing is answered after it', () => {
  const content = makeContent(14, [2000 * KIB], 256 * KIB);
  const lab = new Lab(14);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 200 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(2000);
  expect(leecher.buffers.size).toBeGreaterThan(0);
  lab.input(leecher, { kind: 'command', command: { kind: 'stop' } });
  expect(leecher.closed).toEqual([{ peer: seed.id, why: 'stopped' }]);
  expect(leecher.buffers.size).toBe(0);
  const out: TorrentOutput[] = [];
  leecher.torrent.handle({ kind: 'linkUp', peer: seed.id, isOutbound: true }, 3000, out);
  expect(out).toEqual([]);
  expect(leecher.torrent.nextDeadline()).toBeUndefined();
});

/** A seed and one hand-driven peer. */
class Bench {
  readonly content = makeContent(20, [8192 * KIB], 64 * KIB);
  readonly peer: NodeId = hashToId(Uint8Array.of(1));
  readonly self: NodeId = hashToId(Uint8Array.of(2));
  readonly torrent: Torrent;
  readonly decoder = new WireDecoder();
  now = 0;

  constructor(role: 'seed' | 'leecher') {
    const { metainfo } = this.content;
    const stored = new Uint8Array(16).fill(role === 'seed' ? 0xff : 0);
    this.torrent = new Torrent({ self: this.self, infoHash: metainfo.infoHash, metainfo, stored }, seededRng(1));
  }

  input(input: TorrentInput): TorrentOutput[] {
    const out: TorrentOutput[] = [];
    this.torrent.handle(input, this.now, out);
    return out;
  }

  receive(write: (writer: WireWriter) => WireWriter): TorrentOutput[] {
    return this.input({ kind: 'received', from: this.peer, bytes: write(new WireWriter()).take() });
  }

  greet(infoHash = this.torrent.infoHashBytes, peer = this.peer): TorrentOutput[] {
    const out = this.input({ kind: 'linkUp', peer: this.peer, isOutbound: false });
    return [...out, ...this.receive((writer) => writer.handshake(infoHash, nodeIdToBytes(peer)))];
  }

  messages(out: readonly TorrentOutput[]): WireMessage[] {
    const messages: WireMessage[] = [];
    for (const output of out) if (output.kind === 'send') this.decoder.push(output.bytes, messages);
    return messages;
  }
}

const closes = (out: readonly TorrentOutput[]): string[] => out.flatMap((output) => (output.kind === 'closeLink' ? [output.why] : []));
const blocks = (out: readonly TorrentOutput[]): number => out.filter((output) => output.kind === 'run' && output.run.kind === 'sendBlock').length;

test('a handshake for another torrent, or by another peer than the link proved, ends the link', () => {
  expect(closes(new Bench('seed').greet())).toEqual([]);
  expect(closes(new Bench('seed').greet(new Uint8Array(20)))).toEqual(['malformed']);
  expect(closes(new Bench('seed').greet(undefined, hashToId(Uint8Array.of(9))))).toEqual(['malformed']);
});

test('a peer that never greets is given up after ten seconds', () => {
  const bench = new Bench('seed');
  bench.input({ kind: 'linkUp', peer: bench.peer, isOutbound: true });
  bench.now = 10_000;
  expect(closes(bench.input({ kind: 'deadline' }))).toEqual(['timeout']);
});

test('blocks leave in small bursts, none while the channel is congested, and at once when it is writable', () => {
  const bench = new Bench('seed');
  bench.greet();
  bench.receive((writer) => writer.haveNone().interested());
  const out = bench.receive((writer) => {
    for (let i = 0; i < 200; i++) writer.request(i >> 2, (i & 3) * BLOCK_BYTES, BLOCK_BYTES);
    return writer;
  });
  expect(blocks(out)).toBe(UPLOAD_BURST_BLOCKS);
  bench.input({ kind: 'congested', peer: bench.peer });
  bench.now = 100;
  expect(blocks(bench.input({ kind: 'deadline' }))).toBe(0);
  expect(blocks(bench.input({ kind: 'writable', peer: bench.peer }))).toBe(UPLOAD_BURST_BLOCKS);
  bench.now = bench.torrent.nextDeadline()!.at;
  expect(blocks(bench.input({ kind: 'deadline' }))).toBe(UPLOAD_BURST_BLOCKS);
});

test('a request is refused while choked, and a cancelled one is not served', () => {
  const seed = new Bench('seed');
  expect(seed.messages(seed.greet()).map((message) => message.kind)).toEqual(['handshake', 'haveAll', 'extended']);
  seed.receive((writer) => writer.haveNone());
  expect(seed.messages(seed.receive((writer) => writer.request(0, 0, 100)))).toEqual([{ kind: 'reject', piece: 0, begin: 0, length: 100 }]);
  expect(seed.messages(seed.receive((writer) => writer.interested()))).toEqual([{ kind: 'unchoke' }]);
  seed.input({ kind: 'congested', peer: seed.peer });
  seed.receive((writer) => writer.request(1, 0, 100).request(2, 0, 100));
  expect(seed.messages(seed.receive((writer) => writer.cancel(1, 0, 100)))).toEqual([{ kind: 'reject', piece: 1, begin: 0, length: 100 }]);
  expect(blocks(seed.input({ kind: 'writable', peer: seed.peer }))).toBe(1);
});

test('what no honest peer would send ends the link', () => {
  for (const write of [
    (w: WireWriter) => w.have(128),
    (w: WireWriter) => w.bitfield(new Uint8Array(15)),
    (w: WireWriter) => w.haveNone().haveAll(),
    (w: WireWriter) => w.have(1).bitfield(new Uint8Array(16)),
    (w: WireWriter) => w.request(128, 0, BLOCK_BYTES),
    (w: WireWriter) => w.request(0, 65536 - 100, 101),
    (w: WireWriter) => w.request(0, 0, 0),
    (w: WireWriter) => w.request(0, 0, 129 * KIB),
    (w: WireWriter) => w.piece(0, 1, new Uint8Array(BLOCK_BYTES)),
    (w: WireWriter) => w.piece(0, 0, new Uint8Array(BLOCK_BYTES - 1)),
    (w: WireWriter) => w.piece(128, 0, new Uint8Array(BLOCK_BYTES)),
    (w: WireWriter) => w.extended(0, new Uint8Array(5)),
  ]) {
    const bench = new Bench('leecher');
    bench.greet();
    expect(closes(bench.receive(write))).toEqual(['malformed']);
    expect(bench.torrent.snapshot().peers).toEqual([]);
  }
});

test('blocks that nobody asked for are not kept, and too many of them end the link', () => {
  const bench = new Bench('leecher');
  bench.greet();
  const outs = Array.from({ length: 300 }, () => bench.receive((writer) => writer.piece(0, 0, new Uint8Array(BLOCK_BYTES))));
  expect(outs.flat().some((output) => output.kind === 'run')).toBe(false);
  expect(closes(outs.flat())).toEqual(['malformed']);
});

test('a peer that rejects everything is useless', () => {
  const bench = new Bench('leecher');
  bench.messages(bench.greet());
  let out = bench.receive((writer) => writer.haveAll().unchoke());
  let reason: string[] = [];
  for (let round = 0; round < 100 && reason.length === 0; round++) {
    const messages = bench.messages(out);
    out = bench.receive((writer) => {
      for (const message of messages) if (message.kind === 'request') writer.reject(message.piece, message.begin, message.length);
      return writer;
    });
    reason = closes(out);
  }
  expect(reason).toEqual(['useless']);
});

test('all requests of one call go out in one message, and never more than the pipeline holds', () => {
  const bench = new Bench('leecher');
  bench.greet();
  const out = bench.receive((writer) => writer.haveAll().unchoke());
  expect(out.filter((output) => output.kind === 'send')).toHaveLength(1);
  for (let i = 0; i < 2000; i++) bench.receive((writer) => (i % 2 === 0 ? writer.choke() : writer.unchoke()));
  let requests = 0;
  const late = bench.receive((writer) => writer.unchoke());
  for (const output of late) if (output.kind === 'send') requests += Math.floor(output.bytes.length / 17);
  expect(requests).toBeLessThanOrEqual(MAX_PIPELINE);
});
