import type { Millis } from '../../../shared/src/machine.ts';
import type { Content } from './content.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import type { PieceMap, TorrentSnapshot } from './types.ts';
import type { WebSeedInfo } from './web-types.ts';
import type { Uploader } from './uploader.ts';

/** The figures of a torrent for those who watch it. Peers are listed once they greeted. */
export function takeSnapshot(
  sessions: ReadonlyMap<PeerKey, PeerSession>,
  content: Content | undefined,
  uploader: Uploader,
  isPaused: boolean,
  webSeeds: readonly WebSeedInfo[],
  how: { readonly isSequential: boolean; readonly isSuperSeeding: boolean },
  now: Millis,
): TorrentSnapshot {
  const peers = [...sessions.values()].filter((session) => session.phase === 'up');
  return {
    pieceCount: content?.pieceCount ?? 0,
    storedPieces: content?.picker.pieces.storedCount ?? 0,
    doneBytes: content?.doneBytes ?? 0,
    leftBytes: content?.leftBytes ?? 0,
    isFinished: content?.isFinished ?? false,
    downBytesPerSecond: content?.downloader.meter.perSecond(now) ?? 0,
    upBytesPerSecond: uploader.meter.perSecond(now),
    uploadedBytes: uploader.meter.total,
    downloadedBytes: content?.downloader.meter.total ?? 0,
    wastedBytes: content?.downloader.wastedBytes ?? 0,
    peers: peers.map((session) => session.info(now)),
    webSeeds,
    isPaused,
    isSequential: how.isSequential,
    isSuperSeeding: how.isSuperSeeding,
  };
}

/** Where the pieces are, for those who draw them. O(pieces). */
export function takePieceMap(content: Content | undefined): PieceMap {
  if (!content) return { stored: new Uint8Array(0), open: [], availability: new Uint8Array(0) };
  const { picker } = content;
  const availability = new Uint8Array(content.pieceCount);
  for (let piece = 0; piece < content.pieceCount; piece++) {
    availability[piece] = Math.min(255, picker.pieces.availability(piece));
  }
  const open = picker.blocks.openPieces.all.map(({ index, received, blockCount }) => ({
    piece: index,
    receivedBlocks: received,
    blockCount,
  }));
  return { stored: content.stored.toBitfield(), open, availability };
}
