import type { SwarmProgress } from '../../api.ts';
import type { PeerKey } from '../../swarm/peer-key.ts';
import type { WorkerReport } from '../../worker/protocol.ts';

/** Before the first report. */
export const NO_PROGRESS: SwarmProgress = {
  doneBytes: 0,
  totalBytes: 0,
  leftBytes: 0,
  downBytesPerSecond: 0,
  upBytesPerSecond: 0,
  uploadedBytes: 0,
  ratio: undefined,
  etaMs: undefined,
  peers: 0,
  sources: 0,
  webSeeds: [],
  banned: [],
};

/** A report of the worker, as the public door shows it. */
export function progressOf(
  report: Extract<WorkerReport, { kind: 'progress' }>,
  nameOf: (peer: PeerKey) => string | undefined,
): SwarmProgress {
  const { doneBytes, leftBytes, downBytesPerSecond, uploadedBytes, peers } = report;
  return {
    doneBytes,
    totalBytes: report.totalBytes,
    leftBytes,
    downBytesPerSecond,
    upBytesPerSecond: report.upBytesPerSecond,
    uploadedBytes,
    ratio: doneBytes > 0 ? uploadedBytes / doneBytes : undefined,
    etaMs: downBytesPerSecond > 0 && leftBytes > 0 ? (1000 * leftBytes) / downBytesPerSecond : undefined,
    peers: peers.length,
    sources: peers.filter((peer) => peer.isSource).length,
    webSeeds: report.webSeeds,
    banned: report.banned.map((id) => ({ id, name: nameOf(id) })),
  };
}
