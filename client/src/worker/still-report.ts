import type { InfoHash } from '../swarm/types.ts';
import type { WorkerErrorCode, WorkerTorrentState } from './protocol.ts';
import type { ProgressReport } from './tab-news.ts';

/** A report of a torrent that has no machine here: nothing of it moves. */
export function stillReport(
  infoHash: InfoHash,
  state: WorkerTorrentState,
  totalBytes: number,
  error?: { readonly code: WorkerErrorCode; readonly message: string },
): ProgressReport {
  return {
    kind: 'progress',
    infoHash,
    state,
    doneBytes: 0,
    totalBytes,
    leftBytes: totalBytes,
    isComplete: false,
    isElsewhere: false,
    isKept: false,
    isSuperSeeding: false,
    downBytesPerSecond: 0,
    upBytesPerSecond: 0,
    uploadedBytes: 0,
    peers: [],
    webSeeds: [],
    banned: [],
    firstByteAt: undefined,
    error,
    pieces: undefined,
  };
}
