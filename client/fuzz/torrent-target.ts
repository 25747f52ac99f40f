import { sha256 } from '@noble/hashes/sha2.js';
import { hashToId, nodeIdToBytes } from '../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../shared/src/limits/metainfo.ts';
import { type Rng, randomBelow, randomBytes } from '../../shared/src/machine.ts';
import {
  EXTENDED_HANDSHAKE,
  OUR_EXCHANGE_ID,
  OUR_METADATA_ID,
  encodeExtendedHandshake,
  encodeMetadataDataHeader,
  encodeMetadataReject,
  encodeMetadataRequest,
} from '../src/swarm/extension.ts';
import { allowedFastSize } from '../src/swarm/allowed-fast.ts';
import { encodePeerNews } from '../src/swarm/peer-exchange.ts';
import { type PeerKey, isStranger, peerIdOf, strangerOf } from '../src/swarm/peer-key.ts';
import { at } from '../src/swarm/test/at.ts';
import { mutate } from '../src/swarm/test/fuzz.ts';
import { type LabContent, makeContent } from '../src/swarm/test/lab.ts';
import { Torrent } from '../src/swarm/torrent.ts';
import type { EffectResult, Metainfo, TorrentInput, TorrentOutput } from '../src/swarm/types.ts';
import type { WebBlock } from '../src/swarm/web-types.ts';
import { type FileHashRange, MESSAGE, WireWriter } from '../src/swarm/wire.ts';
import type { FuzzTarget } from './target.ts';

/** Inputs of one life of a torrent. */
const LIFE = 200;

const PIECE_LENGTH = 32 * 1024;
const LENGTHS = [300_000, 0, 77];
const CONTENTS: readonly LabContent[] = (['v1', 'hybrid', 'v2'] as const).map((version) =>
  makeContent(1, LENGTHS, PIECE_LENGTH, version),
);
const SELF = hashToId(Uint8Array.of(0));
const NODES = Array.from({ length: 5 }, (_, i) => hashToId(Uint8Array.of(i + 1)));
/** The last one is a stranger, whom a tracker introduced. */
const PEERS: readonly PeerKey[] = [...NODES, strangerOf(new Uint8Array(20).fill(7))];

/** A request or an offer that the machine made and that was not answered yet. */
interface Asked {
  readonly peer: PeerKey;
  readonly piece: number;
  readonly begin: number;
}

/**
 * Whole torrents that live through random and mutated inputs: messages that fit more or less, streams that do not,
 * commands, results of effects that may never have begun. Nothing may throw, and a driver must be able to carry out
 * whatever comes out.
 */
export const torrentTarget: FuzzTarget = {
  name: 'torrent',
  weight: 3,
  roundInputs: LIFE,
  leastAccepted: 0.5,
  round: (rng) => new Life(rng).run(),
};

class Life {
  readonly #rng: Rng;
  readonly #content: LabContent;
  readonly #metainfo: Metainfo;
  readonly #torrent: Torrent;
  readonly #stepMs: number;
  /** BOUNDED: by the effects of one life. */
  readonly #effects: number[] = [];
  /** Blocks that a web seed was asked for. BOUNDED: by the requests of one life. */
  readonly #fetches: { readonly effect: number; readonly block: WebBlock }[] = [];
  /** BOUNDED: by the requests of one life. */
  readonly #asked: Asked[] = [];
  /** Offers that the machine made and that were not taken up yet. BOUNDED: by the offers of one life. */
  readonly #offered: Asked[] = [];
  /** Bytes of blocks for each peer that was choked then, on its present link. BOUNDED: by PEERS. */
  readonly #unearned = new Map<PeerKey, number>();
  #now = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
    this.#content = at(CONTENTS, randomBelow(rng, CONTENTS.length));
    this.#metainfo = this.#content.metainfo;
    this.#stepMs = randomBelow(rng, 2) === 0 ? 50 : 5000;
    const { infoHash } = this.#metainfo;
    const start = randomBelow(rng, 3);
    // A torrent file may lack the piece layers, as metadata from peers does.
    const layers = randomBelow(rng, 2) === 0 ? this.#metainfo.pieceLayers : undefined;
    const metainfo = start === 0 ? undefined : { ...this.#metainfo, pieceLayers: layers };
    // Bits behind the last piece would make it no bitfield.
    const stored = start === 1 ? randomBytes(rng, 2).map((byte, i) => (i === 0 ? byte : byte & 0xc0)) : undefined;
    // Where there is one, a web seed takes most of what peers would be asked for.
    const webSeeds = randomBelow(rng, 2) === 0 ? ['https://seed.example/'] : [];
    this.#torrent = new Torrent({ self: SELF, infoHash, metainfo, stored, webSeeds }, rng);
  }

  /** Returns how many more pieces are stored. */
  run(): number {
    const before = this.#torrent.snapshot().storedPieces;
    for (let step = 0; step < LIFE; step++) {
      const out: TorrentOutput[] = [];
      this.#now += randomBelow(this.#rng, this.#stepMs);
      const input = this.#input();
      const choked = this.#choked();
      this.#torrent.handle(input, this.#now, out);
      if (input.kind === 'linkUp') this.#unearned.delete(input.peer);
      this.#check(out);
      this.#countUnearned(out, choked);
      const { peers, storedPieces, pieceCount } = this.#torrent.snapshot();
      if (peers.length > PEERS.length || storedPieces > pieceCount) throw new Error('out of bounds');
    }
    return this.#torrent.snapshot().storedPieces - before;
  }

  #choked(): ReadonlySet<PeerKey> {
    return new Set(this.#torrent.snapshot().peers.flatMap(({ id, amChoking }) => (amChoking ? [id] : [])));
  }

  #input(): TorrentInput {
    const rng = this.#rng;
    const answer = randomBelow(rng, 2) === 0 ? this.#asked.shift() : undefined;
    if (answer) {
      const block = this.#blockAt(answer.piece, answer.begin);
      const bytes = new WireWriter().piece(answer.piece, answer.begin, block).take();
      return { kind: 'received', from: answer.peer, bytes };
    }
    if (this.#fetches.length > 0 && randomBelow(rng, 3) === 0) return this.#webBlock();
    const offer = randomBelow(rng, 3) === 0 ? this.#offered.shift() : undefined;
    if (offer) {
      const writer = new WireWriter();
      for (let count = 1 + randomBelow(rng, 4); count > 0; count--)
        writer.request(offer.piece, BLOCK_BYTES * randomBelow(rng, 2), BLOCK_BYTES);
      return { kind: 'received', from: offer.peer, bytes: writer.take() };
    }
    const peer = at(PEERS, randomBelow(rng, PEERS.length));
    const kind = randomBelow(rng, 100);
    const alias = isStranger(peer) ? new Uint8Array(20).fill(8) : undefined;
    if (kind < 6) return { kind: 'linkUp', peer, isOutbound: randomBelow(rng, 2) === 0, alias };
    if (kind < 9) return { kind: 'linkDown', peer };
    if (kind < 11) return { kind: 'congested', peer };
    if (kind < 14) return { kind: 'writable', peer };
    if (kind < 20) return { kind: 'deadline' };
    if (kind < 22) return this.#command();
    if (kind < 30) {
      const effect = this.#effects.shift() ?? randomBelow(rng, 100);
      return { kind: 'effectDone', effect, result: this.#result() };
    }
    if (kind < 31)
      return { kind: 'blockGood', piece: randomBelow(rng, 12), begin: BLOCK_BYTES * randomBelow(rng, 3), from: peer };
    if (kind < 33)
      return { kind: 'blockBad', piece: randomBelow(rng, 12), begin: BLOCK_BYTES * randomBelow(rng, 3), from: peer };
    if (kind < 36) return this.#webBlock();
    const writer = new WireWriter();
    if (kind < 50) {
      writer.handshake(nodeIdToBytes(this.#metainfo.infoHash), peerIdOf(peer));
      if (kind < 44) writer.haveAll().unchoke();
      else if (kind < 48) writer.haveNone();
    } else for (let count = 1 + randomBelow(rng, 3); count > 0; count--) this.#write(writer);
    return { kind: 'received', from: peer, bytes: writer.take() };
  }

  /** What a web seed was asked for mostly, whether that is still awaited or not. */
  #webBlock(): TorrentInput {
    const rng = this.#rng;
    const fetch = this.#fetches.shift();
    const { piece, place, length } = fetch?.block ?? {
      piece: randomBelow(rng, 12),
      place: randomBelow(rng, 3),
      length: 5,
    };
    const effect = fetch?.effect ?? randomBelow(rng, 100);
    return { kind: 'webBlock', effect, piece, begin: place * BLOCK_BYTES, bytes: new Uint8Array(length) };
  }

  #command(): TorrentInput {
    const rng = this.#rng;
    const isOn = randomBelow(rng, 2) === 0;
    const piece = randomBelow(rng, 12);
    switch (randomBelow(rng, 7)) {
      case 0:
        return {
          kind: 'command',
          command: { kind: 'setPriorities', priorities: ['normal', 'low', at(['skip', 'high'], randomBelow(rng, 2))] },
        };
      case 1: {
        const limit = isOn ? randomBelow(rng, 1e6) : undefined;
        return {
          kind: 'command',
          command: { kind: 'setLimits', downBytesPerSecond: limit, upBytesPerSecond: limit },
        };
      }
      case 2:
        return { kind: 'command', command: { kind: 'setSequential', isSequential: isOn } };
      case 3:
        return { kind: 'command', command: { kind: 'setDeadline', piece, at: this.#now + randomBelow(rng, 9000) } };
      case 4:
        return { kind: 'command', command: { kind: 'setSuperSeeding', isSuperSeeding: isOn } };
      case 5:
        return { kind: 'command', command: { kind: 'addWebSeeds', urls: [`https://w${piece}.example/`] } };
      default:
        return { kind: 'command', command: { kind: 'setPaused', isPaused: randomBelow(rng, 3) === 0 } };
    }
  }

  /** A message that fits the state more or less, so that the deep parts of the machine are reached. */
  #write(writer: WireWriter): WireWriter {
    const rng = this.#rng;
    const piece = randomBelow(rng, 12);
    const begin = BLOCK_BYTES * randomBelow(rng, 3);
    const length = randomBelow(rng, 4) === 0 ? randomBelow(rng, 70_000) : BLOCK_BYTES;
    const { infoBytes } = this.#metainfo;
    switch (randomBelow(rng, 25)) {
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
        return writer.extended(OUR_METADATA_ID, encodeMetadataDataHeader(0, infoBytes.length), infoBytes);
      case 14:
        return writer.extended(OUR_METADATA_ID, encodeMetadataReject(0));
      case 15:
        return writer.raw(mutate(rng, [new WireWriter().request(piece, begin, length).take()]));
      case 16:
        return writer.extended(OUR_EXCHANGE_ID, mutate(rng, [encodePeerNews({ added: [], dropped: NODES })]));
      case 17:
        return writer.suggest(piece);
      case 18:
        return writer.allowedFast(piece);
      case 19:
        return writer.hashRequest(this.#range());
      case 20:
        return writer.hashReject(this.#range());
      case 21: {
        const range = this.#range();
        return writer.hashes(range, randomBytes(rng, 32 * randomBelow(rng, 2 + Math.min(range.length, 20))));
      }
      case 22:
        return writer.raw(mutate(rng, [new WireWriter().hashRequest(this.#range()).take()]));
      default:
        return writer.piece(piece, begin, this.#blockAt(piece, begin));
    }
  }

  #range(): FileHashRange {
    const rng = this.#rng;
    const odd = randomBelow(rng, 8) === 0;
    const root = this.#metainfo.files[randomBelow(rng, 2) * 2]?.piecesRoot;
    return {
      piecesRoot: root && !odd ? root : sha256(Uint8Array.of(randomBelow(rng, 256))),
      baseLayer: odd ? rng.nextUint32() : randomBelow(rng, 4),
      index: odd ? rng.nextUint32() : 2 * randomBelow(rng, 12),
      length: odd ? rng.nextUint32() : 2 ** randomBelow(rng, 6),
      proofLayers: odd ? rng.nextUint32() : randomBelow(rng, 6),
    };
  }

  #blockAt(piece: number, begin: number): Uint8Array {
    const offset = piece * PIECE_LENGTH + begin;
    // Some blocks are short, as the last of a file is where padding follows it.
    const end = offset < LENGTHS_END ? Math.min(LENGTHS_END, offset + BLOCK_BYTES) : offset + BLOCK_BYTES;
    return this.#content.bytes.subarray(offset, randomBelow(this.#rng, 8) === 0 ? offset + BLOCK_BYTES : end);
  }

  #result(): EffectResult {
    const kind = randomBelow(this.#rng, 20);
    if (kind === 9) return { kind: 'fetched' };
    if (kind === 10) return { kind: 'fetchFailed', isFinal: randomBelow(this.#rng, 8) === 0 };
    if (kind === 0) return { kind: 'failed', code: 'storage-full' };
    if (kind === 1) return { kind: 'badMetadata' };
    if (kind === 11) return { kind: 'refusedMetadata', code: 'bad-path' };
    if (kind < 5) return { kind: 'metadata', metainfo: this.#metainfo };
    if (kind === 5) return { kind: 'badBlocks', begins: [0, BLOCK_BYTES * randomBelow(this.#rng, 3)] };
    if (kind === 6) return { kind: 'leaves', leaves: randomBytes(this.#rng, 64) };
    return kind < 9 ? { kind: 'mismatch' } : { kind: 'stored' };
  }

  /** Throws at outputs that no driver could carry out. */
  #check(out: readonly TorrentOutput[]): void {
    for (const output of out) {
      if (output.kind === 'send') {
        if (output.bytes.length === 0 || output.bytes.length > 65_536) throw new Error('bad send');
        this.#asked.push(...messagesIn(MESSAGE.request, output.to, output.bytes));
        this.#offered.push(...messagesIn(MESSAGE.allowedFast, output.to, output.bytes));
      }
      if (output.kind !== 'run') continue;
      const { run } = output;
      if ('effect' in run && run.kind !== 'stopWeb') this.#effects.push(run.effect);
      if (run.kind === 'fetchWeb') {
        const { effect } = run;
        this.#fetches.push(...run.blocks.map((block) => ({ effect, block })));
      }
      if (run.kind === 'checkMetadata' || run.kind === 'fetchWeb' || run.kind === 'stopWeb') continue;
      const pieceBytes = Math.min(PIECE_LENGTH, this.#content.bytes.length - run.piece * PIECE_LENGTH);
      if (!(pieceBytes > 0)) throw new Error('no such piece');
      const end =
        run.kind === 'keepBlock' ? run.begin + run.bytes.length : run.kind === 'sendBlock' ? run.begin + run.length : 0;
      if (end > pieceBytes) throw new Error('block outside of its piece');
    }
  }

  /** Throws when a choked peer gets more than the pieces that it was offered (BEP 6). */
  #countUnearned(out: readonly TorrentOutput[], wereChoked: ReadonlySet<PeerKey>): void {
    const areChoked = this.#choked();
    for (const output of out) {
      if (output.kind !== 'run' || output.run.kind !== 'sendBlock') continue;
      const { to, length } = output.run;
      if (!wereChoked.has(to) || !areChoked.has(to)) continue;
      const bytes = (this.#unearned.get(to) ?? 0) + length;
      this.#unearned.set(to, bytes);
      if (bytes > allowedFastSize(this.#metainfo) * PIECE_LENGTH) throw new Error('a choked peer got too much');
    }
  }
}

/** Where the first file ends. */
const LENGTHS_END = at(LENGTHS, 0);

/** The messages of a kind that names a piece first, of one `send`, which begins with a message. */
function messagesIn(id: number, peer: PeerKey, bytes: Uint8Array): Asked[] {
  const asked: Asked[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const greeting = bytes[0] === 19 ? 68 : 0;
  for (let at = greeting; at + 4 < bytes.length; at += 4 + view.getUint32(at)) {
    if (bytes[at + 4] !== id) continue;
    asked.push({ peer, piece: view.getUint32(at + 5), begin: id === MESSAGE.request ? view.getUint32(at + 9) : 0 });
  }
  return asked;
}
