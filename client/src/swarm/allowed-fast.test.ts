import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes } from '../../../shared/src/bytes.ts';
import { hashToId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  ALLOWED_FAST_BYTES,
  ALLOWED_FAST_PIECES,
  MAX_ALLOWED_FAST,
  RECHOKE_MS,
} from '../../../shared/src/limits/swarm.ts';
import { vector } from '../../../shared/test/vectors.ts';
import { allowedFastSet, allowedFastSize } from './allowed-fast.ts';
import { PieceSet } from './piece-set.ts';
import { Bench, blocks, closes } from './test/bench.ts';
import { at } from './test/at.ts';
import { Lab, makeContent } from './test/lab.ts';
import type { TorrentOutput } from './types.ts';
import { FAST_BIT, type WireMessage, type WireRequest, WireWriter } from './wire.ts';

const KIB = 1024;

/** Of the 128 pieces of a bench's torrent. */
const SIZE = 3;

const bytes20 = fc.uint8Array({ minLength: 20, maxLength: 20 });

const piecesIn = (messages: readonly WireMessage[]): number[] =>
  messages.flatMap((message) => (message.kind === 'allowedFast' ? [message.piece] : []));
const requestsIn = (messages: readonly WireMessage[]): WireRequest[] =>
  messages.flatMap((message) => (message.kind === 'request' ? [message] : []));

/** A seed and a peer that it chokes, for the peer did not say that it is interested. */
function seedAndNewcomer(): { readonly bench: Bench; readonly offered: readonly number[] } {
  const bench = new Bench('seed');
  bench.messages(bench.greet());
  return { bench, offered: piecesIn(bench.messages(bench.receive((writer) => writer.haveNone()))) };
}

/** All four blocks of a piece. */
function askFor(bench: Bench, piece: number): TorrentOutput[] {
  return bench.receive((writer) => {
    for (let place = 0; place < 4; place++) writer.request(piece, place * BLOCK_BYTES, BLOCK_BYTES);
    return writer;
  });
}

/** A leecher that is choked by a peer who has everything, and what it asks for after it was offered `pieces`. */
function offerTo(bench: Bench, pieces: readonly number[]): WireRequest[] {
  bench.messages(bench.greet());
  bench.messages(bench.receive((writer) => writer.haveAll()));
  const offer = (writer: WireWriter): WireWriter => pieces.reduce((all, piece) => all.allowedFast(piece), writer);
  return requestsIn(bench.messages(bench.receive(offer)));
}

test('the chain is that of BEP 6, whose examples begin it with an address', () => {
  const network = Uint8Array.of(80, 4, 4, 0);
  const infoHash = new Uint8Array(20).fill(0xaa);
  const nine = [1059, 431, 808, 1217, 287, 376, 1188, 353, 508];
  expect(allowedFastSet(network, infoHash, 1313, 9)).toEqual(nine);
  expect(allowedFastSet(network, infoHash, 1313, 7)).toEqual(nine.slice(0, 7));
});

test('a set that begins with a node id is the worked example', () => {
  const nodeId = Uint8Array.from({ length: 20 }, (_, i) => 0xa0 + i);
  const infoHash = Uint8Array.from({ length: 20 }, (_, i) => i);
  const writer = new WireWriter();
  for (const piece of allowedFastSet(nodeId, infoHash, 1313, ALLOWED_FAST_PIECES)) writer.allowedFast(piece);
  expect(writer.take()).toEqual(vector('wire/ALLOWED_FAST_SET'));
});

test('a set holds different pieces of the torrent, as many as asked for, and begins with every smaller set', () => {
  fc.assert(
    fc.property(
      bytes20,
      bytes20,
      fc.integer({ min: 1, max: 3000 }),
      fc.integer({ min: 0, max: 64 }),
      (requester, infoHash, pieceCount, size) => {
        const set = allowedFastSet(requester, infoHash, pieceCount, size);
        expect(set).toHaveLength(Math.min(size, pieceCount));
        expect(new Set(set).size).toBe(set.length);
        expect(set.every((piece) => piece >= 0 && piece < pieceCount)).toBe(true);
        expect(allowedFastSet(requester, infoHash, pieceCount, size >> 1)).toEqual(set.slice(0, size >> 1));
      },
    ),
  );
});

test('a set is ten pieces, fewer of a small torrent or of large pieces, and none of a tiny one', () => {
  const { metainfo } = new Bench('seed').content;
  expect(allowedFastSize({ ...metainfo, totalLength: 500 * 64 * KIB })).toBe(ALLOWED_FAST_PIECES);
  expect(allowedFastSize({ ...metainfo, totalLength: 5000 * 64 * KIB })).toBe(ALLOWED_FAST_PIECES);
  expect(allowedFastSize(metainfo)).toBe(SIZE);
  expect(allowedFastSize({ ...metainfo, totalLength: 10 * 64 * KIB })).toBe(1);
  expect(allowedFastSize({ ...metainfo, totalLength: 9 * 64 * KIB })).toBe(0);
  const large = { ...metainfo, pieceLength: ALLOWED_FAST_BYTES, totalLength: 2 ** 40 };
  expect(allowedFastSize(large)).toBe(1);
  expect(allowedFastSize({ ...large, pieceLength: 4 * ALLOWED_FAST_BYTES })).toBe(1);
  expect(allowedFastSize({ ...large, pieceLength: ALLOWED_FAST_BYTES / 3 })).toBe(3);
});

test('a newcomer is offered its set once it has said that it has nothing', () => {
  const { bench, offered } = seedAndNewcomer();
  const { infoHashBytes } = bench.torrent;
  expect(offered).toEqual(allowedFastSet(nodeIdToBytes(bench.peer), infoHashBytes, 128, SIZE));
});

test('a peer that has as many pieces as a set is offered nothing, and one that has fewer only what it lacks', () => {
  const set = allowedFastSet(nodeIdToBytes(new Bench('seed').peer), new Bench('seed').torrent.infoHashBytes, 128, SIZE);
  for (const [has, offered] of [
    [set, []],
    [set.slice(0, 1), set.slice(1)],
  ] as const) {
    const bench = new Bench('seed');
    bench.messages(bench.greet());
    const pieces = new PieceSet(128);
    for (const piece of has) pieces.add(piece);
    expect(piecesIn(bench.messages(bench.receive((writer) => writer.bitfield(pieces.toBitfield()))))).toEqual(offered);
  }
});

test('a leecher without pieces, a super-seed, and a seed of a peer without BEP 6 offer nothing', () => {
  const leecher = new Bench('leecher');
  leecher.messages(leecher.greet());
  expect(piecesIn(leecher.messages(leecher.receive((writer) => writer.haveNone())))).toEqual([]);
  const superSeed = new Bench('seed');
  superSeed.input({ kind: 'command', command: { kind: 'setSuperSeeding', isSuperSeeding: true } });
  superSeed.messages(superSeed.greet());
  expect(piecesIn(superSeed.messages(superSeed.receive((writer) => writer.haveNone())))).toEqual([]);
  const seed = new Bench('seed');
  seed.messages(greetWithoutFast(seed));
  expect(piecesIn(seed.messages(seed.receive((writer) => writer.bitfield(new Uint8Array(16)))))).toEqual([]);
});

test('a choked peer is served each offered piece once, and refused everything else', () => {
  const { bench, offered } = seedAndNewcomer();
  const other = [...Array(128).keys()].find((piece) => !offered.includes(piece)) as number;
  expect(blocks(askFor(bench, other))).toBe(0);
  for (const piece of offered.slice(0, 2)) {
    expect(blocks(askFor(bench, piece))).toBe(4);
    expect(blocks(askFor(bench, piece))).toBe(0);
  }
});

test('requests of other sizes get no more of a piece than it holds', () => {
  const { bench, offered } = seedAndNewcomer();
  const piece = at(offered, 0);
  const ask = (begin: number, length: number): number => blocks(bench.receive((w) => w.request(piece, begin, length)));
  expect([ask(0, 40 * KIB), ask(0, 40 * KIB), ask(40 * KIB, 24 * KIB), ask(0, 1)]).toEqual([1, 0, 1, 0]);
});

test('a peer that has as many pieces as a set by now is refused', () => {
  const { bench, offered } = seedAndNewcomer();
  expect(blocks(askFor(bench, at(offered, 0)))).toBe(4);
  bench.receive((writer) => {
    for (let piece = 0; piece < SIZE; piece++) writer.have(piece);
    return writer;
  });
  const missing = offered.findLast((piece) => piece >= SIZE) as number;
  expect(blocks(askFor(bench, missing))).toBe(0);
});

test('of what waits when a peer is choked, offered pieces are sent and the rest is refused; a pause refuses all', () => {
  for (const isPaused of [false, true]) {
    const { bench, offered } = seedAndNewcomer();
    const other = [...Array(128).keys()].find((piece) => !offered.includes(piece)) as number;
    expect(bench.messages(bench.receive((writer) => writer.interested()))).toEqual([{ kind: 'unchoke' }]);
    bench.input({ kind: 'congested', peer: bench.peer });
    for (const piece of [other, at(offered, 0)]) askFor(bench, piece);
    const messages = bench.messages(isPaused ? pause(bench) : outbid(bench));
    const refused = messages.flatMap((message) => (message.kind === 'reject' ? [message.piece] : []));
    expect(new Set(refused)).toEqual(new Set(isPaused ? [other, at(offered, 0)] : [other]));
    expect(blocks(bench.input({ kind: 'writable', peer: bench.peer }))).toBe(isPaused ? 0 : 4);
    expect(blocks(askFor(bench, at(offered, 1)))).toBe(isPaused ? 0 : 4);
  }
});

test('a choked leecher asks for the pieces that it was offered, and for nothing else', () => {
  const asked = offerTo(new Bench('leecher'), [7, 90]);
  expect(new Set(asked.map(({ piece }) => piece))).toEqual(new Set([7, 90]));
  expect(asked).toHaveLength(8);
});

test('an offer is no word that the peer has the piece', () => {
  const bench = new Bench('leecher');
  bench.messages(bench.greet());
  bench.messages(
    bench.receive((writer) => writer.bitfield(Uint8Array.from({ length: 16 }, (_, i) => (i === 0 ? 1 : 0)))),
  );
  const asked = requestsIn(bench.messages(bench.receive((writer) => writer.allowedFast(3).allowedFast(7))));
  expect(new Set(asked.map(({ piece }) => piece))).toEqual(new Set([7]));
});

test('an offered piece that is refused all the same is not asked for again', () => {
  const bench = new Bench('leecher');
  const asked = offerTo(bench, [7]);
  const refuse = (writer: WireWriter): WireWriter =>
    asked.reduce((all, { piece, begin, length }) => all.reject(piece, begin, length), writer);
  expect(requestsIn(bench.messages(bench.receive(refuse)))).toEqual([]);
});

test('an offer that comes before the metadata is judged when that is here', () => {
  for (const piece of [127, 128]) {
    const content = makeContent(3, [8192 * KIB], 64 * KIB);
    const lab = new Lab(3);
    const offer = new WireWriter().allowedFast(piece).take();
    const tamper = (bytes: Uint8Array): Uint8Array => (bytes[0] === 19 ? concatBytes(bytes, offer) : bytes);
    lab.connect(lab.add('the seed', { content, role: 'seed', tamper }), lab.add('magnet', { content, role: 'magnet' }));
    const magnet = at(lab.peers, 1);
    lab.run(30_000, () => magnet.isComplete || magnet.closed.length > 0);
    expect(magnet.closed.map(({ why }) => why)).toEqual(piece === 127 ? [] : ['malformed']);
  }
});

test('an offer of a piece that there is not, and any without BEP 6, ends the link', () => {
  const bench = new Bench('leecher');
  bench.greet();
  expect(closes(bench.receive((writer) => writer.allowedFast(128)))).toEqual(['malformed']);
  for (const write of [(w: WireWriter) => w.allowedFast(1), (w: WireWriter) => w.suggest(1)]) {
    const plain = new Bench('leecher');
    greetWithoutFast(plain);
    expect(closes(plain.receive(write))).toEqual(['malformed']);
  }
});

test('of more offers than anybody makes in good faith the first are taken', () => {
  const bench = new Bench('leecher');
  const all = [...Array(128).keys()];
  const first = new Set(all.slice(0, MAX_ALLOWED_FAST));
  let asked = offerTo(bench, all);
  const seen = new Set<number>();
  for (let round = 0; round < 40 && asked.length > 0; round++) {
    for (const { piece } of asked) seen.add(piece);
    asked = requestsIn(
      bench.messages(
        bench.receive((writer) =>
          asked.reduce((w, { piece, begin, length }) => w.piece(piece, begin, new Uint8Array(length)), writer),
        ),
      ),
    );
  }
  expect(seen).toEqual(first);
});

test('a newcomer among peers that all have slots gets its first piece before anybody unchokes it', () => {
  const content = makeContent(4, [8192 * KIB], 64 * KIB);
  const lab = new Lab(4);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 2000 });
  for (let i = 0; i < 6; i++) lab.add(`leecher ${i}`, { content, role: 'leecher', uplink: 100 });
  lab.connectAll();
  lab.run(2000);
  const newcomer = lab.add('newcomer', { content, role: 'leecher', uplink: 100 });
  lab.connect(newcomer, seed);
  lab.run(60_000, () => newcomer.torrent.snapshot().storedPieces > 0);
  const { peers, storedPieces } = newcomer.torrent.snapshot();
  expect(storedPieces).toBe(1);
  expect(peers.map(({ peerChoking }) => peerChoking)).toEqual([true]);
});

function greetWithoutFast(bench: Bench): TorrentOutput[] {
  const handshake = bench.greeting();
  const place = 20 + FAST_BIT.byte;
  handshake[place] = at([...handshake], place) & ~FAST_BIT.mask;
  const out = bench.input({ kind: 'linkUp', peer: bench.peer, isOutbound: false });
  return [...out, ...bench.input({ kind: 'received', from: bench.peer, bytes: handshake })];
}

const pause = (bench: Bench): TorrentOutput[] =>
  bench.input({ kind: 'command', command: { kind: 'setPaused', isPaused: true } });

/** Eight others want something, too, and the turn of the bench's peer is over. */
function outbid(bench: Bench): TorrentOutput[] {
  for (let i = 0; i < 8; i++) {
    const peer = hashToId(Uint8Array.of(100 + i));
    const { infoHashBytes } = bench.torrent;
    const bytes = new WireWriter().handshake(infoHashBytes, nodeIdToBytes(peer)).haveNone().interested().take();
    bench.input({ kind: 'linkUp', peer, isOutbound: false });
    bench.input({ kind: 'received', from: peer, bytes });
  }
  bench.now = RECHOKE_MS;
  return bench.input({ kind: 'deadline' }).filter((output) => output.kind !== 'send' || output.to === bench.peer);
}
