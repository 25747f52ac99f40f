import { hashToId } from '../../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../../shared/src/limits/metainfo.ts';
import { seededRng } from '../../../../shared/src/machine.ts';
import { buildMetainfo } from '../build-metainfo.ts';
import { PieceSet } from '../piece-set.ts';
import { at } from './at.ts';
import { Torrent } from '../torrent.ts';
import type { TorrentInput, TorrentOutput } from '../types.ts';
import { WireWriter } from '../wire.ts';

const PIECES = 5000;
const PIECE_LENGTH = 4 * BLOCK_BYTES;

/**
 * Moves a whole torrent from a seed to a leecher through their machines and returns how many blocks that were. Nothing
 * is hashed or stored: for measuring what the machines cost.
 */
export function moveTorrent(): number {
  const files = [{ path: ['a'], length: PIECES * PIECE_LENGTH }];
  const pieceHashes = new Uint8Array(20 * PIECES);
  const metainfo = buildMetainfo({ name: 'a', files, pieceLength: PIECE_LENGTH, pieceHashes, trackers: [] });
  const ids = [hashToId(Uint8Array.of(1)), hashToId(Uint8Array.of(2))];
  const stored = [PieceSet.full(PIECES).toBitfield(), undefined];
  const torrents = ids.map(
    (self, i) => new Torrent({ self, infoHash: metainfo.infoHash, metainfo, stored: at(stored, i) }, seededRng(i)),
  );
  const block = new Uint8Array(BLOCK_BYTES);
  const queue: { readonly side: number; readonly input: TorrentInput }[] = [];
  let now = 0;
  const feed = (side: number, input: TorrentInput): void => {
    const out: TorrentOutput[] = [];
    at(torrents, side).handle(input, now, out);
    for (const output of out) {
      const from = at(ids, side);
      if (output.kind === 'send')
        queue.push({ side: 1 - side, input: { kind: 'received', from, bytes: output.bytes } });
      if (output.kind !== 'run') continue;
      const { run } = output;
      if (run.kind === 'sendBlock') {
        const bytes = new WireWriter().piece(run.piece, run.begin, block).take();
        queue.push({ side: 1 - side, input: { kind: 'received', from, bytes } });
      } else if (run.kind === 'finishPiece') {
        queue.push({ side, input: { kind: 'effectDone', effect: run.effect, result: { kind: 'stored' } } });
      }
    }
  };
  for (const side of [0, 1]) feed(side, { kind: 'linkUp', peer: at(ids, 1 - side), isOutbound: side === 0 });
  for (let i = 0; at(torrents, 1).snapshot().doneBytes < metainfo.totalLength && i < 1e6; i++) {
    for (const { side, input } of queue.splice(0)) {
      now += 0.3;
      feed(side, input);
    }
    torrents.forEach((torrent, side) => {
      const due = torrent.nextDeadline()?.at ?? Infinity;
      if (queue.length === 0 || due <= now) now = Math.max(now, due);
      if (due <= now) feed(side, { kind: 'deadline' });
    });
  }
  return (at(torrents, 1).snapshot().storedPieces * PIECE_LENGTH) / BLOCK_BYTES;
}
