import { type NodeId, hashToId, nodeIdToBytes } from '../../../../shared/src/ids.ts';
import { seededRng } from '../../../../shared/src/machine.ts';
import { Torrent } from '../torrent.ts';
import type { TorrentInput, TorrentOutput } from '../types.ts';
import { WireDecoder } from '../wire-decoder.ts';
import { type WireMessage, WireWriter } from '../wire.ts';
import { PieceSet } from '../piece-set.ts';
import { type LabContent, makeContent } from './lab.ts';

const CONTENT = makeContent(20, [8192 * 1024], 64 * 1024);

/** A seed, a leecher or a magnet link, and one hand-driven peer. */
export class Bench {
  readonly content: LabContent;
  readonly peer: NodeId = hashToId(Uint8Array.of(1));
  readonly self: NodeId = hashToId(Uint8Array.of(2));
  readonly torrent: Torrent;
  decoder = new WireDecoder();
  now = 0;

  constructor(role: 'seed' | 'leecher' | 'magnet', content = CONTENT) {
    this.content = content;
    const { metainfo } = content;
    const pieces = Math.ceil(metainfo.totalLength / metainfo.pieceLength);
    const stored = (role === 'seed' ? PieceSet.full(pieces) : new PieceSet(pieces)).toBitfield();
    const known = role === 'magnet' ? undefined : metainfo;
    this.torrent = new Torrent(
      { self: this.self, infoHash: metainfo.infoHash, metainfo: known, stored: known && stored },
      seededRng(1),
    );
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

  /** The handshake of the peer. */
  greeting(): Uint8Array {
    return new WireWriter().handshake(this.torrent.infoHashBytes, nodeIdToBytes(this.peer)).take();
  }

  messages(out: readonly TorrentOutput[]): WireMessage[] {
    const messages: WireMessage[] = [];
    for (const output of out) if (output.kind === 'send') this.decoder.push(output.bytes, messages);
    return messages;
  }
}

/** Why peers were dropped. */
export const closes = (out: readonly TorrentOutput[]): string[] =>
  out.flatMap((output) => (output.kind === 'closeLink' ? [output.why] : []));
/** How many blocks were handed out. */
export const blocks = (out: readonly TorrentOutput[]): number =>
  out.filter((output) => output.kind === 'run' && output.run.kind === 'sendBlock').length;
