import { describe, expect, test } from 'vitest';
import { hashToId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  KEEP_ALIVE_MS,
  MAX_CONGESTED_BYTES,
  MAX_PIPELINE,
  PEER_TIMEOUT_MS,
  TORRENT_TICK_MS,
  UPLOAD_BURST_BLOCKS,
} from '../../../shared/src/limits/swarm.ts';
import { EXTENDED_HANDSHAKE, encodeExtendedHandshake } from './extension.ts';
import { Bench, blocks, closes } from './test/bench.ts';
import { LATENCY_MS, Lab, makeContent } from './test/lab.ts';
import type { TorrentOutput } from './types.ts';
import { type WireMessage, WireWriter, encodePieceHeader } from './wire.ts';

const KIB = 1024;

test('a handshake for another torrent, or by another peer than the link proved, ends the link', () => {
  expect(closes(new Bench('seed').greet())).toEqual([]);
  expect(closes(new Bench('seed').greet(new Uint8Array(20)))).toEqual(['malformed']);
  expect(closes(new Bench('seed').greet(undefined, hashToId(Uint8Array.of(9))))).toEqual(['malformed']);
});

test('peers that met under the other hash of a hybrid torrent greet by that (BEP 52)', () => {
  const bench = new Bench('seed', makeContent(1, [100_000], 32 * KIB, 'hybrid'));
  const [swarm, bytes] = [hashToId(Uint8Array.of(7)), nodeIdToBytes(hashToId(Uint8Array.of(7)))];
  const greeting = bench.messages(bench.input({ kind: 'linkUp', peer: bench.peer, isOutbound: true, swarm }));
  expect(greeting).toMatchObject([{ kind: 'handshake', infoHash: bytes }]);
  const hello = (infoHash: Uint8Array): TorrentOutput[] => {
    const handshake = new WireWriter().handshake(infoHash, nodeIdToBytes(bench.peer)).take();
    return bench.input({ kind: 'received', from: bench.peer, bytes: handshake });
  };
  expect(closes(hello(bytes))).toEqual([]);
  bench.input({ kind: 'linkUp', peer: bench.peer, isOutbound: true, swarm });
  expect(closes(hello(bench.torrent.infoHashBytes))).toEqual(['malformed']);
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
  expect(seed.messages(seed.receive((writer) => writer.request(0, 0, 100)))).toEqual([
    { kind: 'reject', piece: 0, begin: 0, length: 100 },
  ]);
  expect(seed.messages(seed.receive((writer) => writer.interested()))).toEqual([{ kind: 'unchoke' }]);
  seed.input({ kind: 'congested', peer: seed.peer });
  seed.receive((writer) => writer.request(1, 0, 100).request(2, 0, 100));
  expect(seed.messages(seed.receive((writer) => writer.cancel(1, 0, 100)))).toEqual([
    { kind: 'reject', piece: 1, begin: 0, length: 100 },
  ]);
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
  const outs = Array.from({ length: 300 }, () =>
    bench.receive((writer) => writer.piece(0, 0, new Uint8Array(BLOCK_BYTES))),
  );
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
      for (const message of messages)
        if (message.kind === 'request') writer.reject(message.piece, message.begin, message.length);
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

/** Lets the time pass until `until`, each deadline at its instant. */
function pass(bench: Bench, until: number): TorrentOutput[] {
  const out: TorrentOutput[] = [];
  for (let due = bench.torrent.nextDeadline(); due && due.at <= until; due = bench.torrent.nextDeadline()) {
    bench.now = Math.max(bench.now, due.at);
    out.push(...bench.input({ kind: 'deadline' }));
  }
  bench.now = until;
  return out;
}

test('a peer that is silent for two minutes is given up, and one that says it is there is not', () => {
  const bench = new Bench('seed');
  bench.messages(bench.greet());
  expect(closes(pass(bench, PEER_TIMEOUT_MS - 1))).toEqual([]);
  bench.receive((writer) => writer.keepAlive());
  expect(closes(pass(bench, 2 * PEER_TIMEOUT_MS - TORRENT_TICK_MS))).toEqual([]);
  expect(closes(pass(bench, 2 * PEER_TIMEOUT_MS + TORRENT_TICK_MS))).toEqual(['timeout']);
});

test('who has nothing to say says that it is there before the other side gives it up, and says it no more often', () => {
  const bench = new Bench('seed');
  bench.messages(bench.greet());
  const kinds = (until: number): string[] => bench.messages(pass(bench, until)).map(({ kind }) => kind);
  expect(kinds(KEEP_ALIVE_MS - TORRENT_TICK_MS)).toEqual([]);
  bench.receive((writer) => writer.keepAlive());
  expect(kinds(PEER_TIMEOUT_MS - TORRENT_TICK_MS)).toEqual(['keepAlive']);
  bench.receive((writer) => writer.keepAlive());
  expect(kinds(2 * KEEP_ALIVE_MS - TORRENT_TICK_MS)).toEqual([]);
  expect(kinds(2 * PEER_TIMEOUT_MS - 2 * TORRENT_TICK_MS)).toEqual(['keepAlive']);
});

test('a peer that asks on and reads nothing is given up, and one whose channel drains in between is not', () => {
  /** What is refused is answered at once, however full the channel is. */
  const perAnswer = 17;
  const refusals = Math.floor((0.9 * MAX_CONGESTED_BYTES) / perAnswer);
  const ask = (bench: Bench): string[] =>
    closes(
      bench.receive((writer) => {
        for (let i = 0; i < refusals; i++) writer.request(0, 0, BLOCK_BYTES);
        return writer;
      }),
    );
  for (const drains of [true, false]) {
    const bench = new Bench('seed');
    bench.greet();
    bench.receive((writer) => writer.haveNone());
    bench.input({ kind: 'congested', peer: bench.peer });
    expect(ask(bench)).toEqual([]);
    if (drains) {
      bench.input({ kind: 'writable', peer: bench.peer });
      bench.input({ kind: 'congested', peer: bench.peer });
    }
    expect(ask(bench)).toEqual(drains ? [] : ['timeout']);
  }
});

/** Another node gives the metadata and the only piece, before the one of the bench has said a word. */
function downloadFromOther(bench: Bench): void {
  const other = hashToId(Uint8Array.of(3));
  const { metainfo, bytes } = bench.content;
  const all = new WireWriter().handshake(bench.torrent.infoHashBytes, nodeIdToBytes(other)).haveAll().unchoke();
  bench.input({ kind: 'linkUp', peer: other, isOutbound: true });
  bench.input({ kind: 'received', from: other, bytes: all.take() });
  bench.input({ kind: 'command', command: { kind: 'takeMetadata', metainfo } });
  const block = new WireWriter()
    .raw(encodePieceHeader(0, 0, bytes.length))
    .raw(bytes)
    .take();
  for (const output of bench.input({ kind: 'received', from: other, bytes: block }))
    if (output.kind === 'run' && output.run.kind === 'finishPiece')
      bench.input({ kind: 'effectDone', effect: output.run.effect, result: { kind: 'stored' } });
}

describe('a magnet link and a node', () => {
  const linkUp = (bench: Bench): WireMessage[] =>
    bench.messages(bench.input({ kind: 'linkUp', peer: bench.peer, isOutbound: true }));

  test('greet before the node is heard, and the metadata is asked for along with that', () => {
    expect(linkUp(new Bench('magnet')).map(({ kind }) => kind)).toEqual([
      'handshake',
      'haveNone',
      'extended',
      'interested',
      'extended',
    ]);
  });

  test.each(['v1', 'hybrid'] as const)('have the first block of a torrent (%s) after two round trips', (version) => {
    for (const bytes of [20 * KIB, 2048 * KIB]) {
      const lab = new Lab(1);
      const content = makeContent(6, [bytes], 16 * KIB, version);
      const magnet = lab.add('magnet', { content, role: 'magnet' });
      lab.connect(magnet, lab.add('seed', { content, role: 'seed' }));
      lab.run(1000, () => magnet.keptBytes > 0);
      expect(lab.now).toBeLessThan(5 * LATENCY_MS);
    }
  });

  test('nothing is said again when the node greets, but what came meanwhile is', () => {
    const bench = new Bench('magnet');
    linkUp(bench);
    expect(bench.messages(bench.receive((writer) => writer.raw(bench.greeting())))).toEqual([]);

    const late = new Bench('magnet', makeContent(5, [16 * KIB], 16 * KIB));
    linkUp(late);
    downloadFromOther(late);
    const greeting = late.receive((writer) => writer.raw(late.greeting()));
    expect(late.messages(greeting)).toMatchObject([
      { kind: 'extended' },
      { kind: 'have', piece: 0 },
      { kind: 'notInterested' },
    ]);
  });
});

/** Pauses or goes on; what the peer is sent. */
function setPaused(bench: Bench, isPaused: boolean): string[] {
  return bench
    .messages(bench.input({ kind: 'command', command: { kind: 'setPaused', isPaused } }))
    .map(({ kind }) => kind);
}

test('a paused magnet link asks for no metadata, and does when it goes on', () => {
  const bench = new Bench('magnet');
  setPaused(bench, true);
  bench.messages(bench.greet());
  const handshake = encodeExtendedHandshake(bench.content.metainfo.infoBytes.length);
  const out = bench.receive((writer) => writer.haveAll().extended(EXTENDED_HANDSHAKE, handshake));
  expect(bench.messages(out)).toEqual([]);
  expect(setPaused(bench, false)).toEqual(['extended']);
});

test('a paused torrent asks for no piece layers, and does when it goes on', () => {
  const content = makeContent(3, [256 * KIB], 64 * KIB, 'v2');
  const bench = new Bench('leecher', { ...content, metainfo: { ...content.metainfo, pieceLayers: [undefined] } });
  setPaused(bench, true);
  const out = [...bench.greet(), ...bench.receive((writer) => writer.haveAll())];
  expect(bench.messages(out).filter(({ kind }) => kind === 'hashRequest')).toEqual([]);
  expect(setPaused(bench, false)).toContain('hashRequest');
});
