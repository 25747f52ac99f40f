import { expect, test } from 'vitest';
import { concatBytes } from '../../../shared/src/bytes.ts';
import { type NodeId, hashToId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES, MAX_TORRENT_PEERS } from '../../../shared/src/limits/swarm.ts';
import { type Rng, randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import {
  EXTENDED_HANDSHAKE,
  OUR_METADATA_ID,
  encodeExtendedHandshake,
  encodeMetadataDataHeader,
  encodeMetadataReject,
  encodeMetadataRequest,
} from './extension.ts';
import { mutate } from './test/fuzz.ts';
import { makeContent } from './test/lab.ts';
import { Torrent } from './torrent.ts';
import type { EffectResult, TorrentInput, TorrentOutput } from './types.ts';
import { WireWriter } from './wire.ts';
import { at } from './test/at.ts';

const content = makeContent(1, [300_000, 0, 77], 32 * 1024);
const { metainfo } = content;
const self = hashToId(Uint8Array.of(0));
const peers: readonly NodeId[] = Array.from({ length: 6 }, (_, i) => hashToId(Uint8Array.of(i + 1)));
const block = new Uint8Array(BLOCK_BYTES);

/** A message that fits the state more or less, so that the deep parts of the machine are reached. */
function message(rng: Rng, writer: WireWriter): WireWriter {
  const piece = randomBelow(rng, 11);
  const begin = BLOCK_BYTES * randomBelow(rng, 3);
  const length = randomBelow(rng, 4) === 0 ? randomBelow(rng, 70_000) : BLOCK_BYTES;
  switch (randomBelow(rng, 18)) {
    case 0:
      return writer.choke();
    case 1:
    case 2:
      return writer.unchoke();
    case 3:
      return writer.interested();
    case 4:
      return writer.notInterested();
    case 5:
      return writer.have(piece);
    case 6:
      return writer.haveAll();
    case 7:
      return writer.bitfield(randomBytes(rng, 2));
    case 8:
      return writer.request(piece, begin, length);
    case 9:
      return writer.cancel(piece, begin, length);
    case 10:
      return writer.reject(piece, begin, BLOCK_BYTES);
    case 11:
      return writer.extended(EXTENDED_HANDSHAKE, encodeExtendedHandshake(1 + randomBelow(rng, 40_000)));
    case 12:
      return writer.extended(OUR_METADATA_ID, encodeMetadataRequest(randomBelow(rng, 3)));
    case 13:
      return writer.extended(
        OUR_METADATA_ID,
        encodeMetadataDataHeader(0, metainfo.infoBytes.length),
        metainfo.infoBytes,
      );
    case 14:
      return writer.extended(OUR_METADATA_ID, encodeMetadataReject(0));
    case 15:
      return writer.raw(mutate(rng, [new WireWriter().request(piece, begin, length).take()]));
    default:
      return writer.piece(piece, begin, blockAt(piece, begin));
  }
}

function blockAt(piece: number, begin: number): Uint8Array {
  return block.subarray(0, Math.max(0, Math.min(BLOCK_BYTES, content.bytes.length - piece * 32_768 - begin)));
}

function result(rng: Rng): EffectResult {
  const kind = randomBelow(rng, 20);
  if (kind === 0) return { kind: 'failed', code: 'storage-full' };
  if (kind === 1) return { kind: 'badMetadata' };
  if (kind < 5) return { kind: 'metadata', metainfo };
  return kind < 7 ? { kind: 'mismatch' } : { kind: 'stored' };
}

/** A request that the machine made and that was not answered yet. */
interface Asked {
  readonly peer: NodeId;
  readonly piece: number;
  readonly begin: number;
}

function input(rng: Rng, effects: number[], asked: Asked[]): TorrentInput {
  const answer = randomBelow(rng, 2) === 0 ? asked.shift() : undefined;
  if (answer) {
    const writer = new WireWriter().piece(answer.piece, answer.begin, blockAt(answer.piece, answer.begin));
    return { kind: 'received', from: answer.peer, bytes: writer.take() };
  }
  const peer = at(peers, randomBelow(rng, peers.length));
  const kind = randomBelow(rng, 100);
  if (kind < 2) return { kind: 'linkUp', peer, isOutbound: randomBelow(rng, 2) === 0 };
  if (kind < 8) return { kind: 'linkDown', peer };
  if (kind < 10) return { kind: 'congested', peer };
  if (kind < 14) return { kind: 'writable', peer };
  if (kind < 20) return { kind: 'deadline' };
  if (kind < 22) return { kind: 'command', command: { kind: 'setPaused', isPaused: kind === 20 } };
  if (kind < 30) return { kind: 'effectDone', effect: effects.shift() ?? randomBelow(rng, 100), result: result(rng) };
  const writer = new WireWriter();
  if (kind < 50) {
    writer.handshake(nodeIdToBytes(metainfo.infoHash), nodeIdToBytes(peer));
    if (kind < 46) writer.haveAll().unchoke();
    return { kind: 'received', from: peer, bytes: writer.take() };
  }
  for (let count = 1 + randomBelow(rng, 3); count > 0; count--) message(rng, writer);
  return { kind: 'received', from: peer, bytes: writer.take() };
}

/** Outputs that no driver could carry out. */
function check(out: readonly TorrentOutput[], effects: number[], asked: Asked[]): void {
  for (const output of out) {
    if (output.kind === 'send') asked.push(...requestsIn(output.to, output.bytes));
    if (output.kind === 'send' && (output.bytes.length === 0 || output.bytes.length > 65_536))
      throw new Error('bad send');
    if (output.kind !== 'run') continue;
    const { run } = output;
    if (run.kind === 'finishPiece' || run.kind === 'checkMetadata') effects.push(run.effect);
    if (run.kind === 'checkMetadata') continue;
    const pieceBytes = Math.min(32_768, content.bytes.length - run.piece * 32_768);
    if (pieceBytes <= 0) throw new Error('no such piece');
    if (run.kind === 'keepBlock' && run.begin + run.bytes.length > pieceBytes)
      throw new Error('block outside of its piece');
    if (run.kind === 'sendBlock' && run.begin + run.length > pieceBytes) throw new Error('block outside of its piece');
  }
}

/** The requests among the messages of one `send`, which begins with a message. */
function requestsIn(peer: NodeId, bytes: Uint8Array): Asked[] {
  const asked: Asked[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const greeting = bytes[0] === 19 ? 68 : 0;
  for (let at = greeting; at + 4 < bytes.length; at += 4 + view.getUint32(at)) {
    if (bytes[at + 4] === 6) asked.push({ peer, piece: view.getUint32(at + 5), begin: view.getUint32(at + 9) });
  }
  return asked;
}

test('100,000 hostile inputs to whole torrents do not throw, and what comes out can be carried out', () => {
  let stored = 0;
  for (let round = 0; round < 500; round++) {
    const rng = seededRng(round);
    const isMagnet = round % 3 === 0;
    const bits = round % 3 === 1 ? randomBytes(rng, 2) : undefined;
    const torrent = new Torrent(
      { self, infoHash: metainfo.infoHash, metainfo: isMagnet ? undefined : metainfo, stored: bits },
      rng,
    );
    const effects: number[] = [];
    const asked: Asked[] = [];
    let now = 0;
    for (let step = 0; step < 200; step++) {
      const out: TorrentOutput[] = [];
      now += randomBelow(rng, round % 2 === 0 ? 50 : 5000);
      torrent.handle(input(rng, effects, asked), now, out);
      check(out, effects, asked);
      const snapshot = torrent.snapshot();
      if (snapshot.peers.length > peers.length || snapshot.storedPieces > snapshot.pieceCount)
        throw new Error('out of bounds');
    }
    stored += torrent.snapshot().storedPieces;
  }
  expect(stored).toBeGreaterThan(200);
}, 60_000);

test('noise instead of a stream, cut anywhere, does not throw', () => {
  const rng = seededRng(99);
  const torrent = new Torrent({ self, infoHash: metainfo.infoHash, metainfo, stored: undefined }, rng);
  const peer = at(peers, 0);
  const greeting = new WireWriter().handshake(nodeIdToBytes(metainfo.infoHash), nodeIdToBytes(peer)).take();
  let closed = 0;
  for (let i = 0; i < 20_000; i++) {
    const out: TorrentOutput[] = [];
    torrent.handle({ kind: 'linkUp', peer, isOutbound: true }, i, out);
    torrent.handle(
      { kind: 'received', from: peer, bytes: concatBytes(greeting, randomBytes(rng, randomBelow(rng, 60))) },
      i,
      out,
    );
    closed += out.filter((output) => output.kind === 'closeLink').length;
  }
  expect(closed).toBeGreaterThan(10_000);
}, 60_000);

test('the number of peers is bounded', () => {
  const torrent = new Torrent({ self, infoHash: metainfo.infoHash, metainfo, stored: undefined }, seededRng(1));
  const out: TorrentOutput[] = [];
  for (let i = 0; i < MAX_TORRENT_PEERS + 10; i++) {
    torrent.handle({ kind: 'linkUp', peer: hashToId(Uint8Array.of(i & 255, i >> 8)), isOutbound: true }, 0, out);
  }
  expect(out.filter((output) => output.kind === 'closeLink')).toHaveLength(10);
});
