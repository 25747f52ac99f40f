import { ENDGAME_GAIN, ENDGAME_WAIT_MS } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Outstanding } from './outstanding.ts';
import type { Picker, PickerPeer } from './picker.ts';
import type { Pipeline } from './pipeline.ts';

/** What the end-game sees of a peer. */
export interface EndgamePeer extends PickerPeer {
  readonly outstanding: Outstanding;
  readonly pipeline: Pipeline;
  /** When the peer last sent a block that was asked for, or was asked while it owed nothing. */
  readonly progressAt: Millis;
}

/**
 * The end of a download (Cohen 2003, §2.4): every missing block is asked for, and a peer that owes nothing is asked for
 * one that somebody else owes, so that nobody slow holds up the end. Asking for whatever is busy fetches much twice, for
 * most of it is about to arrive. So it is the block that would come last, and only if the idle peer is sure to be
 * faster; the other peer is told to forget it when it came. Returns the block, or -1.
 */
export function chooseBusyBlock(peer: EndgamePeer, peers: Iterable<EndgamePeer>, picker: Picker, now: Millis): number {
  if (!picker.pieces.isEndgame || peer.outstanding.counted > 0 || !peer.pipeline.isKnown) return -1;
  let latestMs = ENDGAME_WAIT_MS + ENDGAME_GAIN * peer.pipeline.expectedMs(1, 0);
  let chosen = -1;
  for (const other of peers) {
    if (other === peer || other.outstanding.counted === 0) continue;
    const expectedMs = other.pipeline.expectedMs(other.outstanding.counted, now - other.progressAt);
    if (expectedMs <= latestMs) continue;
    const block = other.outstanding.findNewest((each) => picker.mayDuplicate(peer, each));
    if (block < 0) continue;
    chosen = block;
    latestMs = expectedMs;
  }
  return chosen;
}
