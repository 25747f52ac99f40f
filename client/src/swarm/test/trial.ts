import { type NodeId, hashToId, nodeIdToBytes } from '../../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../../shared/src/limits/metainfo.ts';
import { leafHashes } from '../merkle.ts';
import { at } from './at.ts';
import { Bench } from './bench.ts';
import { makeContent } from './lab.ts';
import type { TorrentOutput } from '../types.ts';
import { WireDecoder } from '../wire-decoder.ts';
import { V2_BIT, type WireHashRange, type WireMessage, type WireRequest, WireWriter } from '../wire.ts';

/** Length of the pieces: 16 blocks. [bytes] */
const PIECE_LENGTH = 16 * BLOCK_BYTES;

/** A peer besides the bench's own. */
export const other = hashToId(Uint8Array.of(9));

/** What one peer is asked for. */
interface Asks {
  readonly requests: readonly WireRequest[];
  readonly hashes: readonly WireHashRange[];
}

/** A leecher and peers that have everything. */
export class Trial {
  readonly bench: Bench;

  constructor(version: 'v1' | 'v2' | 'hybrid' = 'v2', hasLayers = true, pieces = 40) {
    const content = makeContent(5, [pieces * PIECE_LENGTH], PIECE_LENGTH, version);
    const metainfo = hasLayers ? content.metainfo : { ...content.metainfo, pieceLayers: undefined };
    this.bench = new Bench('leecher', { ...content, metainfo });
  }

  /** The peer comes, and unchokes if it does. Without the bit of BEP 52 when it does not speak of hashes. */
  come(peer = this.bench.peer, hasV2 = true, isUnchoking = true): Asks {
    return this.asks(this.arrive(peer, hasV2, isUnchoking), peer);
  }

  arrive(peer: NodeId, hasV2 = true, isUnchoking = true): TorrentOutput[] {
    this.bench.input({ kind: 'linkUp', peer, isOutbound: false });
    const greeting = new WireWriter().handshake(this.bench.torrent.infoHashBytes, nodeIdToBytes(peer)).take();
    const place = 20 + V2_BIT.byte;
    if (!hasV2) greeting[place] = at([...greeting], place) & ~V2_BIT.mask;
    const rest = new WireWriter().haveAll();
    const bytes = [greeting, (isUnchoking ? rest.unchoke() : rest).take()];
    return bytes.flatMap((each) => this.bench.input({ kind: 'received', from: peer, bytes: each }));
  }

  receive(write: (writer: WireWriter) => WireWriter, from = this.bench.peer): TorrentOutput[] {
    return this.bench.input({ kind: 'received', from, bytes: write(new WireWriter()).take() });
  }

  sendBlock({ piece, begin, length }: WireRequest, from = this.bench.peer): TorrentOutput[] {
    const start = piece * PIECE_LENGTH + begin;
    return this.receive(
      (writer) => writer.piece(piece, begin, this.bench.content.bytes.subarray(start, start + length)),
      from,
    );
  }

  sendLeaves(range: WireHashRange, from = this.bench.peer): TorrentOutput[] {
    const start = (range.index / 16) * PIECE_LENGTH;
    const leaves = leafHashes(this.bench.content.bytes.subarray(start, start + PIECE_LENGTH));
    return this.receive((writer) => writer.hashes(range, leaves), from);
  }

  /** The peer gives the hashes that it is asked for. Returns the blocks that it is asked for, before and then. */
  giveHashes({ requests, hashes }: Asks): WireRequest[] {
    return [...requests, ...hashes.flatMap((range) => this.giveHashes(this.asks(this.sendLeaves(range))))];
  }

  /** The peer refuses the hashes that it is asked for. Returns the blocks that it is asked for, before and then. */
  refuseHashes({ requests, hashes }: Asks): WireRequest[] {
    return [...requests, ...hashes.flatMap((range) => this.refuseHashes(this.asks(this.refuse(range))))];
  }

  leave(peer = this.bench.peer): void {
    this.bench.input({ kind: 'linkDown', peer });
  }

  look(from = this.bench.peer): TorrentOutput[] {
    return this.receive((writer) => writer.keepAlive(), from);
  }

  isRight({ piece, begin }: WireRequest, from = this.bench.peer): TorrentOutput[] {
    return this.bench.input({ kind: 'blockGood', piece, begin, from });
  }

  /** Pieces that are to be stored by these outputs are. */
  store(out: readonly TorrentOutput[]): TorrentOutput[] {
    return out.flatMap((output) => {
      if (output.kind !== 'run' || output.run.kind !== 'finishPiece') return [];
      return this.bench.input({ kind: 'effectDone', effect: output.run.effect, result: { kind: 'stored' } });
    });
  }

  refuse({ kind: _, ...range }: WireHashRange, from = this.bench.peer): TorrentOutput[] {
    return this.receive((writer) => writer.hashReject(range), from);
  }

  /** What `peer` is asked for by these outputs. */
  asks(out: readonly TorrentOutput[], peer = this.bench.peer): Asks {
    const messages: WireMessage[] = [];
    const decoder = new WireDecoder();
    decoder.push(new WireWriter().handshake(this.bench.torrent.infoHashBytes, nodeIdToBytes(peer)).take(), []);
    for (const output of out) if (output.kind === 'send' && output.to === peer) decoder.push(output.bytes, messages);
    return {
      requests: messages.flatMap((message) => (message.kind === 'request' ? [message] : [])),
      hashes: messages.flatMap((message) => (message.kind === 'hashRequest' ? [message] : [])),
    };
  }
}

/** Of each block that is to be kept, whether it is told that its sender is on trial. */
export const isTold = (out: readonly TorrentOutput[]): boolean[] =>
  out.flatMap((output) => (output.kind === 'run' && output.run.kind === 'keepBlock' ? [output.run.isTrial] : []));
