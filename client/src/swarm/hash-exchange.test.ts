import { expect, test } from 'vitest';
import { hashToId } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import {
  HASH_TIMEOUT_MS,
  MAX_HASHED_NODES_PER_SECOND,
  MAX_HASHES_PER_REQUEST,
  MAX_HASH_ANSWERS_PER_SECOND,
  MAX_LEAF_ASKS,
  MAX_LEAF_BYTES,
  MAX_PIPELINE,
} from '../../../shared/src/limits/swarm.ts';
import { Effects } from './effects.ts';
import { HashTrees } from './hash-trees.ts';
import { LayerFetch } from './layer-fetch.ts';
import { LeafFetch } from './leaf-fetch.ts';
import { TREE_HASH_BYTES, leafHashes } from './merkle.ts';
import { PeerSession } from './peer-session.ts';
import { at } from './test/at.ts';
import { Bench, closes } from './test/bench.ts';
import { type LabContent, makeContent } from './test/lab.ts';
import type { TorrentOutput } from './types.ts';
import type { FileHashRange, WireHashRange } from './wire.ts';

const PIECE_LENGTH = 64 * 1024;
/** Two files of two pieces each, the second of which is half full, one of three pieces and one of one. */
const CONTENT = makeContent(3, [96 * 1024, 96 * 1024, 192 * 1024, 64 * 1024], PIECE_LENGTH, 'hybrid');
const trees = new HashTrees(CONTENT.metainfo);
const [one, two, three] = [at(trees.files, 0), at(trees.files, 1), at(trees.files, 2)];
const leavesOf = (piece: number, content: LabContent = CONTENT): Uint8Array => {
  const end = piece * PIECE_LENGTH + (piece % 2 === 0 ? PIECE_LENGTH : PIECE_LENGTH / 2);
  return leafHashes(content.bytes.subarray(piece * PIECE_LENGTH, end));
};
const range = (change: Partial<FileHashRange> = {}): FileHashRange => {
  return { piecesRoot: one.piecesRoot, baseLayer: 0, index: 0, length: 4, proofLayers: 0, ...change };
};
const jobs = (out: readonly TorrentOutput[]): { readonly effect: number; readonly piece: number }[] =>
  out.flatMap((output) => (output.kind === 'run' && output.run.kind === 'hashLeaves' ? [output.run] : []));

function seed(): {
  bench: Bench;
  ask: (range: FileHashRange) => TorrentOutput[];
  kinds: (out: TorrentOutput[]) => string[];
} {
  const bench = new Bench('seed', CONTENT);
  bench.messages(bench.greet());
  bench.messages(bench.receive((writer) => writer.haveNone().interested()));
  const kinds = (out: TorrentOutput[]): string[] => bench.messages(out).map(({ kind }) => kind);
  return { bench, ask: (asked) => bench.receive((writer) => writer.hashRequest(asked)), kinds };
}

test('a seed answers with a piece layer at once, and with leaves once it has hashed the piece', () => {
  const { bench, ask, kinds } = seed();
  expect(kinds(ask(range({ baseLayer: 2, length: 2 })))).toEqual(['hashes']);
  const out = ask(range());
  expect(bench.messages(out)).toEqual([]);
  const [job] = jobs(out) as [{ effect: number; piece: number }];
  expect(job.piece).toBe(0);
  const result = { kind: 'leaves', leaves: leavesOf(0) } as const;
  const done = bench.input({ kind: 'effectDone', effect: job.effect, result });
  expect(bench.messages(done)).toEqual([{ kind: 'hashes', ...range(), hashes: leavesOf(0) }]);
  // Now they are known.
  expect(kinds(ask(range()))).toEqual(['hashes']);
});

test('blocks wait for leaves that are being hashed, so that these come first', () => {
  const { bench } = seed();
  const out = bench.receive((writer) => writer.hashRequest(range()).request(0, 0, 100));
  expect(out.some((output) => output.kind === 'run' && output.run.kind === 'sendBlock')).toBe(false);
  const [job] = jobs(out) as [{ effect: number; piece: number }];
  const done = bench.input({ kind: 'effectDone', effect: job.effect, result: { kind: 'leaves', leaves: leavesOf(0) } });
  expect(done.map((output) => (output.kind === 'run' ? output.run.kind : output.kind))).toEqual(['send', 'sendBlock']);
});

test('leaves that storage gives and that are not those of the piece are not sent', () => {
  const { bench, ask, kinds } = seed();
  const [job] = jobs(ask(range())) as [{ effect: number; piece: number }];
  const result = { kind: 'leaves', leaves: leavesOf(2) } as const;
  expect(kinds(bench.input({ kind: 'effectDone', effect: job.effect, result }))).toEqual(['hashReject']);
});

test('what cannot be answered is rejected: unknown files, ranges outside of the tree, too much at once', () => {
  const { ask, kinds } = seed();
  for (const change of [
    { piecesRoot: new Uint8Array(32) },
    { length: 3 },
    { length: 1 },
    { length: 2 * MAX_HASHES_PER_REQUEST },
    { index: 1 },
    { index: 8 },
    { baseLayer: 3 },
    { proofLayers: 3 },
    { length: 8 },
    { index: 2 ** 32 - 4 },
    // Behind the end of the third file, whose tree has room for a fourth piece.
    { piecesRoot: three.piecesRoot, index: 12 },
  ])
    expect(kinds(ask(range(change)))).toEqual(['hashReject']);
});

test('who is choked gets what is known, and one piece a second is hashed for it', () => {
  const bench = new Bench('seed', CONTENT);
  bench.messages(bench.greet());
  bench.receive((writer) => writer.haveNone());
  const second = range({ index: 4 });
  const out = bench.receive((writer) =>
    writer
      .hashRequest(range())
      .hashRequest(second)
      .hashRequest(range({ baseLayer: 2, length: 2 })),
  );
  const [job] = jobs(out) as [{ effect: number; piece: number }];
  expect(jobs(out)).toHaveLength(1);
  expect(bench.messages(out).map(({ kind }) => kind)).toEqual(['hashReject', 'hashes']);
  const done = { kind: 'effectDone', effect: job.effect, result: { kind: 'leaves', leaves: leavesOf(0) } } as const;
  expect(bench.messages(bench.input(done)).map(({ kind }) => kind)).toEqual(['hashes']);
  const ask = (): TorrentOutput[] => bench.receive((writer) => writer.hashRequest(second));
  expect(bench.messages(ask()).map(({ kind }) => kind)).toEqual(['hashReject']);
  bench.now = 1000;
  bench.input({ kind: 'deadline' });
  expect(jobs(ask())).toHaveLength(1);
});

test('a peer that asks without end is refused until the second is over', () => {
  const { bench, ask, kinds } = seed();
  const layer = range({ baseLayer: 2, length: 2 });
  const first = bench.receive((writer) => {
    for (let i = 0; i < MAX_HASH_ANSWERS_PER_SECOND; i++) writer.hashRequest(layer);
    return writer;
  });
  expect(new Set(kinds(first))).toEqual(new Set(['hashes']));
  expect(kinds(ask(layer))).toEqual(['hashReject']);
  bench.now = 1000;
  bench.input({ kind: 'deadline' });
  expect(kinds(ask(layer))).toEqual(['hashes']);
});

test('a peer that has trees computed for it without end is refused until the second is over', () => {
  const length = 1024 * 1024;
  const content = makeContent(5, [2 * length], length, 'v2');
  const bench = new Bench('seed', content);
  bench.messages(bench.greet());
  bench.messages(bench.receive((writer) => writer.haveNone().interested()));
  const root = at(new HashTrees(content.metainfo).files, 0).piecesRoot;
  const perPiece = length / BLOCK_BYTES;
  /** The first two nodes above the leaves of a piece. */
  const above = (piece: number): FileHashRange => ({
    ...range(),
    piecesRoot: root,
    baseLayer: 1,
    length: 2,
    index: (piece * perPiece) / 2,
  });
  const ask = (pieces: readonly number[]): string[] => {
    const out = bench.receive((writer) => pieces.reduce((each, piece) => each.hashRequest(above(piece)), writer));
    return bench.messages(out).map(({ kind }) => kind);
  };
  for (const piece of [0, 1]) {
    const [job] = jobs(bench.receive((writer) => writer.hashRequest(above(piece)))) as [
      { effect: number; piece: number },
    ];
    const leaves = leafHashes(content.bytes.subarray(piece * length, (piece + 1) * length));
    bench.messages(bench.input({ kind: 'effectDone', effect: job.effect, result: { kind: 'leaves', leaves } }));
  }
  // Those of one piece are computed once for requests that come one after the other.
  expect(new Set(ask(Array<number>(MAX_HASHED_NODES_PER_SECOND / perPiece).fill(1)))).toEqual(new Set(['hashes']));
  const turns = Array.from({ length: MAX_HASHED_NODES_PER_SECOND / perPiece - 2 }, (_, turn) => turn % 2);
  expect(new Set(ask(turns))).toEqual(new Set(['hashes']));
  expect(ask([0])).toEqual(['hashReject']);
  bench.now = 1000;
  bench.input({ kind: 'deadline' });
  expect(ask([0])).toEqual(['hashes']);
});

test('where a piece is one block its leaf is asked for with its layer, not by itself: that no peer answers (BEP 52)', () => {
  const { bytes, metainfo } = makeContent(4, [96 * 1024, 10], 16 * 1024, 'hybrid');
  const unknown = { ...metainfo, pieceLayers: metainfo.files.map(() => undefined) };
  const bench = new Bench('leecher', { bytes, metainfo: unknown });
  bench.messages(bench.greet());
  const messages = bench.messages(bench.receive((writer) => writer.haveAll().unchoke()));
  expect(messages.some(({ kind }) => kind === 'request')).toBe(true);
  const lengths = messages.flatMap((message) => (message.kind === 'hashRequest' ? [message.length] : []));
  expect(lengths.filter((length) => length < 2)).toEqual([]);
});

/** A leecher that was unchoked by a seed of whom many blocks were right; `asked` is what it wants to know first. */
function leecher(): { bench: Bench; asked: WireHashRange[]; out: TorrentOutput[] } {
  const bench = new Bench('leecher', CONTENT);
  bench.messages(bench.greet());
  bench.torrent.content?.downloader.trials?.credit(bench.peer, MAX_PIPELINE);
  const out = bench.receive((writer) => writer.haveAll().unchoke());
  const asked = bench.messages(out).flatMap((message) => (message.kind === 'hashRequest' ? [message] : []));
  return { bench, asked, out };
}

test('a leecher asks for the leaves of each piece before its blocks, and verifies each block with them', () => {
  const bench = new Bench('leecher', CONTENT);
  bench.messages(bench.greet());
  const messages = bench.messages(bench.receive((writer) => writer.haveAll().unchoke()));
  const [first, next] = messages.filter(({ kind }) => kind === 'hashRequest' || kind === 'request');
  expect(first).toMatchObject({ kind: 'hashRequest', length: 4, proofLayers: 0 });
  if (next?.kind !== 'request' || first?.kind !== 'hashRequest') throw new Error('asked for something else');
  const leaves = leavesOf(next.piece);
  const padded = new Uint8Array(128);
  padded.set(leaves);
  const { kind: _, ...asked } = first;
  const bytes = CONTENT.bytes.subarray(next.piece * PIECE_LENGTH, next.piece * PIECE_LENGTH + next.length);
  const out = bench.receive((writer) => writer.hashes(asked, padded).piece(next.piece, next.begin, bytes));
  const kept = out.flatMap((output) => (output.kind === 'run' && output.run.kind === 'keepBlock' ? [output.run] : []));
  expect(kept).toMatchObject([{ piece: next.piece, leaf: leaves.subarray(0, 32), from: bench.peer }]);
});

test('leaves of one file are not believed to be those of another, whatever their index says', () => {
  const { bench, asked } = leecher();
  const other = asked.find(({ piecesRoot }) => piecesRoot[0] === two.piecesRoot[0]);
  if (!other) throw new Error('the second file was not asked for');
  // An index beyond the first file's end points at a piece of the second one, for which leaves are awaited.
  const index = 8 + other.index;
  const lie = range({ index, length: 4, proofLayers: 1 });
  const out = bench.receive((writer) => writer.hashes(lie, leavesOf(0), leafHashes(new Uint8Array(1))));
  expect(out.filter((output) => output.kind === 'run' && output.run.kind === 'checkBlocks')).toEqual([]);
  expect(bench.torrent.content?.hashes?.trees.leavesOf(two.firstPiece + other.index / 4)).toBeUndefined();
});

test('hashes that nobody asked for count as unwanted and end the link in the end', () => {
  const { bench } = leecher();
  let out: TorrentOutput[] = [];
  for (let i = 0; i < 300 && closes(out).length === 0; i++)
    out = bench.receive((writer) => writer.hashes(range({ piecesRoot: new Uint8Array(32) }), new Uint8Array(128)));
  expect(closes(out)).toEqual(['malformed']);
});

test('a peer that did not say that it speaks of hash trees is not asked, and may not begin with it', () => {
  const bench = new Bench('leecher', CONTENT);
  bench.input({ kind: 'linkUp', peer: bench.peer, isOutbound: false });
  const greeting = bench.greeting();
  greeting[27] = 0x04;
  bench.messages(bench.receive((writer) => writer.raw(greeting)));
  const out = bench.receive((writer) => writer.haveAll().unchoke());
  expect(bench.messages(out).some(({ kind }) => kind === 'hashRequest')).toBe(false);
  expect(closes(bench.receive((writer) => writer.hashRequest(range())))).toEqual(['malformed']);
});

/** Trees of a file of so many pieces, of whose content only the length is known. */
function treesOf(pieceCount: number): HashTrees {
  const pieceLayers = [new Uint8Array(pieceCount * TREE_HASH_BYTES)];
  const length = pieceCount * PIECE_LENGTH;
  const files = [{ path: ['a'], length, offset: 0, piecesRoot: new Uint8Array(32).fill(7), isPadding: false }];
  return new HashTrees({ ...CONTENT.metainfo, files, totalLength: length, pieceLayers });
}

test('leaves are kept up to a bound, and of more those that came first are forgotten', () => {
  const perPiece = 4 * TREE_HASH_BYTES;
  const room = MAX_LEAF_BYTES / perPiece;
  const many = treesOf(room + 2);
  for (let piece = 0; piece < room; piece++) many.keepLeaves(piece, new Uint8Array(perPiece));
  expect(many.leavesOf(0)).toBeDefined();
  // The same once more is no more than before.
  many.keepLeaves(room - 1, new Uint8Array(perPiece));
  expect(many.leavesOf(0)).toBeDefined();
  for (const piece of [room, room + 1]) many.keepLeaves(piece, new Uint8Array(perPiece));
  const kept = [0, 1, 2, room + 1].map((piece) => many.leavesOf(piece) !== undefined);
  expect(kept).toEqual([false, false, true, true]);
});

test('leaves of no more pieces than that are asked for at once, and of one that is forgotten another in its place', () => {
  const effects = new Effects();
  const fetch = new LeafFetch(treesOf(MAX_LEAF_ASKS + 2), effects, new Map());
  const session = new PeerSession(new Bench('seed', CONTENT).peer, true, 0);
  session.hasV2 = true;
  const asks = (piece: number, now = 0): boolean => {
    const before = session.writer.length;
    fetch.want(session, piece, now);
    return session.writer.length > before;
  };
  for (let piece = 0; piece < MAX_LEAF_ASKS; piece++) expect(asks(piece)).toBe(true);
  expect(asks(MAX_LEAF_ASKS)).toBe(false);
  // Whoever did not answer is asked again all the same.
  expect(asks(0, HASH_TIMEOUT_MS)).toBe(true);
  fetch.forget(0);
  expect([asks(MAX_LEAF_ASKS), asks(MAX_LEAF_ASKS + 1)]).toEqual([true, false]);
});

test('a piece layer that comes after its time is taken', () => {
  const unknown = { ...CONTENT.metainfo, pieceLayers: CONTENT.metainfo.files.map(() => undefined) };
  const bench = new Bench('leecher', { bytes: CONTENT.bytes, metainfo: unknown });
  const asked = bench
    .messages([...bench.greet(), ...bench.receive((writer) => writer.haveAll())])
    .flatMap((message) => (message.kind === 'hashRequest' ? [message] : []));
  expect(asked.length).toBeGreaterThan(0);
  bench.now = HASH_TIMEOUT_MS;
  const out = bench.input({ kind: 'deadline' });
  for (const wanted of asked) {
    const file = at(trees.withRoot(wanted.piecesRoot), 0);
    const hashes = trees.tree(file)?.answer(wanted);
    if (hashes) out.push(...bench.receive((writer) => writer.hashes(wanted, hashes)));
  }
  expect(out.flatMap((output) => (output.kind === 'emit' ? [output.event.kind] : []))).toContain('pieceLayers');
});

test('piece layers that were asked for and are supplied meanwhile are not held against who still sends them', () => {
  const bare = new HashTrees({ ...CONTENT.metainfo, pieceLayers: undefined });
  const fetch = new LayerFetch(bare);
  const session = new PeerSession(hashToId(Uint8Array.of(1)), true, 0);
  [session.hasV2, session.phase] = [true, 'up'];
  const sessions = new Map([[session.id, session]]);
  fetch.pump(new Effects(), sessions, 0);
  for (const file of bare.files) bare.setLayer(file, trees.layersOf(CONTENT.metainfo)[file.index] as Uint8Array);
  fetch.dropKnown(sessions);
  expect(fetch.isDone).toBe(true);
  for (const { piecesRoot } of [one, two, three]) {
    const late = {
      kind: 'hashes',
      ...range({ piecesRoot, baseLayer: 2, length: 2 }),
      hashes: new Uint8Array(64),
    } as const;
    expect(fetch.receive(session, late)).toBe('unwanted');
    session.countUnwanted();
  }
  expect(session.unwantedBlocks).toBe(0);
});

test('leaves that come when another peer is asked for them are not held against who sends them', () => {
  const fetch = new LeafFetch(treesOf(1), new Effects(), new Map());
  const [first, second] = [1, 2].map((i) => new PeerSession(hashToId(Uint8Array.of(i)), true, 0)) as [
    PeerSession,
    PeerSession,
  ];
  first.hasV2 = second.hasV2 = true;
  fetch.want(first, 0, 0);
  fetch.want(second, 0, HASH_TIMEOUT_MS);
  const piecesRoot = new Uint8Array(32).fill(7);
  const late = { kind: 'hashes', ...range({ piecesRoot }), hashes: new Uint8Array(128) } as const;
  expect(fetch.receive(first, late)).toBe('unwanted');
  first.countUnwanted();
  expect(first.unwantedBlocks).toBe(0);
});
