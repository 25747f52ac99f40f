import { ENDGAME_GAIN, ENDGAME_WAIT_MS, NEWCOMER_BLOCK_MS } from '../../../shared/src/limits/swarm.ts';
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
 * most of it is about to arrive. So it is the block that would come last, and only if the idle peer is likely to be much
 * faster; the other peer is told to forget it when it came. Returns the block, or -1.
 */
export function chooseBusyBlock(peer: EndgamePeer, peers: Iterable<EndgamePeer>, picker: Picker, now: Millis): number {
  const { outstanding, pipeline } = peer;
  if (!picker.pieces.isEndgame || outstanding.counted > 0) return -1;
  // Whoever comes when all is asked for would else be asked for nothing, and never become known.
  const ownMs = pipeline.isKnown || pipeline.isSnubbed ? pipeline.expectedMs(1, 0) : NEWCOMER_BLOCK_MS;
  let latestMs = ENDGAME_WAIT_MS + ENDGAME_GAIN * ownMs;
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
