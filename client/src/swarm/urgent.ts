import {
  FIRST_URGENT_TIMEOUT_MS,
  LEAST_URGENT_TIMEOUT_MS,
  MAX_BLOCK_REQUESTERS,
  MAX_DEADLINES,
  URGENT_QUEUE_MS,
} from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { EndgamePeer } from './endgame.ts';
import type { Picker } from './picker.ts';

/** Weight of the newest piece in the mean, and in the deviation, of how long urgent pieces take (RFC 6298 §2). */
const MEAN_WEIGHT = 1 / 8;
const DEVIATION_WEIGHT = 1 / 4;

/** What the choice of urgent blocks sees of a peer. */
export interface UrgentPeer extends EndgamePeer {
  readonly peerChoking: boolean;
}

/**
 * Pieces that a player waits for: their blocks come before all others, the earliest deadline first, and go to the peers
 * with the shortest queues. A piece that takes longer than such pieces do, by half their deviation, may be asked of one
 * more peer, and of another one for each further time that long (libtorrent docs/streaming.rst).
 */
export class Urgent {
  readonly #picker: Picker;
  readonly #peers: () => Iterable<UrgentPeer>;
  /** When the first block of a piece was asked for, of pieces with a deadline. BOUNDED: by MAX_DEADLINES. */
  readonly #askedAt = new Map<number, Millis>();
  #meanMs: number | undefined;
  #deviationMs = 0;

  /** `peers` gives all that are connected. */
  constructor(picker: Picker, peers: () => Iterable<UrgentPeer>) {
    this.#picker = picker;
    this.#peers = peers;
  }

  /** The next block that a player waits for and that `peer` is to be asked for, noted as asked; -1 when there is none. */
  pick(peer: UrgentPeer, now: Millis): number {
    const { deadlines } = this.#picker.pieces;
    if (deadlines.length === 0 || !peer.pieces || peer.wanted === 0) return -1;
    const isPrompt = queueMs(peer) <= URGENT_QUEUE_MS;
    for (const { piece } of deadlines) {
      if (!isPrompt && this.#hasPrompter(peer, piece)) continue;
      const free = this.#picker.takeOf(peer, piece, now);
      if (free >= 0) {
        this.#note(piece, now);
        return free;
      }
      const late = this.#findLate(peer, piece, now);
      if (late < 0) continue;
      this.#picker.blocks.addRequester(late);
      return late;
    }
    return -1;
  }

  /** Every block of the piece is here. */
  onWhole(piece: number, now: Millis): void {
    const askedAt = this.#askedAt.get(piece);
    if (askedAt === undefined) return;
    this.#askedAt.delete(piece);
    const tookMs = now - askedAt;
    this.#deviationMs +=
      this.#meanMs === undefined
        ? tookMs / 2
        : DEVIATION_WEIGHT * (Math.abs(tookMs - this.#meanMs) - this.#deviationMs);
    this.#meanMs = this.#meanMs === undefined ? tookMs : this.#meanMs + MEAN_WEIGHT * (tookMs - this.#meanMs);
  }

  /** How long a piece may take before it counts as late. [ms] */
  get timeoutMs(): number {
    if (this.#meanMs === undefined) return FIRST_URGENT_TIMEOUT_MS;
    return Math.max(LEAST_URGENT_TIMEOUT_MS, this.#meanMs + this.#deviationMs / 2);
  }

  /** Another peer that has the piece would answer sooner: a slow one is not to hold up what is shown next. */
  #hasPrompter(peer: UrgentPeer, piece: number): boolean {
    const own = queueMs(peer);
    for (const other of this.#peers())
      if (other !== peer && !other.peerChoking && other.pieces?.has(piece) && queueMs(other) < own) return true;
    return false;
  }

  /** A block of a late piece that fewest peers are asked for, and that `peer` may be asked for, too; or -1. */
  #findLate(peer: UrgentPeer, piece: number, now: Millis): number {
    const askedAt = this.#askedAt.get(piece);
    const open = this.#picker.blocks.openPieces.get(piece);
    if (askedAt === undefined || !open) return -1;
    const allowed = Math.min(MAX_BLOCK_REQUESTERS, 1 + Math.floor((now - askedAt) / this.timeoutMs));
    let least = allowed;
    let chosen = -1;
    for (let place = 0; place < open.blockCount; place++) {
      const requesters = open.requesters(place);
      const block = piece * this.#picker.blocks.perPiece + place;
      if (requesters === 0 || requesters >= least || !this.#picker.mayDuplicate(peer, block)) continue;
      least = requesters;
      chosen = block;
    }
    return chosen;
  }

  #note(piece: number, now: Millis): void {
    if (this.#askedAt.has(piece)) return;
    this.#askedAt.set(piece, now);
    if (this.#askedAt.size <= MAX_DEADLINES) return;
    for (const oldest of this.#askedAt.keys()) {
      this.#askedAt.delete(oldest);
      return;
    }
  }
}

/** How long a peer is likely to need for what it owes and one block more. [ms] 0 for one that nothing is known of. */
function queueMs({ pipeline, outstanding }: UrgentPeer): number {
  return pipeline.isKnown || pipeline.isSnubbed ? pipeline.expectedMs(outstanding.counted + 1, 0) : 0;
}
