import type { PeerKey } from '../../../swarm/peer-key.ts';
import type { WorkerPeer } from '../../../worker/protocol.ts';

/** A peer from which nothing comes and to which nothing goes. */
export function idlePeer(id: PeerKey, change: Partial<WorkerPeer> = {}): WorkerPeer {
  return {
    id,
    downBytesPerSecond: 0,
    upBytesPerSecond: 0,
    downloadedBytes: 0,
    uploadedBytes: 0,
    progress: 0,
    isChokingUs: true,
    isChoked: true,
    isInterested: false,
    slot: 'none',
    isSource: false,
    isSnubbed: false,
    isInbound: true,
    program: undefined,
    ...change,
  };
}
