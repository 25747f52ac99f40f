import type { NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Content } from './content.ts';
import type { PeerSession } from './peer-session.ts';
import type { TorrentSnapshot } from './types.ts';
import type { Uploader } from './uploader.ts';

/** The figures of a torrent for those who watch it. Peers are listed once they greeted. */
export function takeSnapshot(
  sessions: ReadonlyMap<NodeId, PeerSession>,
  content: Content | undefined,
  uploader: Uploader,
  isPaused: boolean,
  now: Millis,
): TorrentSnapshot {
  const peers = [...sessions.values()].filter((session) => session.phase === 'up');
  return {
    pieceCount: content?.pieceCount ?? 0,
    storedPieces: content?.picker.storedCount ?? 0,
    doneBytes: content?.doneBytes ?? 0,
    downBytesPerSecond: content?.downloader.meter.perSecond(now) ?? 0,
    upBytesPerSecond: uploader.meter.perSecond(now),
    uploadedBytes: uploader.meter.total,
    downloadedBytes: content?.downloader.meter.total ?? 0,
    peers: peers.map((session) => session.info(now)),
    isPaused,
  };
}
