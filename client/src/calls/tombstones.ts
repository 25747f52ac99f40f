import type { NodeId } from '../../../shared/src/ids.ts';
import { MAX_TOMBSTONES, MAX_TOMBSTONES_PER_PEER } from '../../../shared/src/limits/calls.ts';
import type { ByeReason, CallId, ResponseMessage } from './types.ts';

/** What is remembered of a call that is over, or that is not ours to ring. */
export interface Tombstone {
  readonly callId: CallId;
  /** The devices whose messages about it are answered. */
  readonly peers: readonly NodeId[];
  /** Repeated to a late copy of the INVITE. Undefined when the call was our own. */
  readonly reply: ResponseMessage | undefined;
  /** Said to a device whose 200 comes too late. */
  readonly byeReason: ByeReason;
}

/** Ended calls, oldest first. */
export class Tombstones {
  /** BOUNDED: by MAX_TOMBSTONES, and by MAX_TOMBSTONES_PER_PEER for each first peer; the oldest goes. */
  readonly #stones = new Map<CallId, Tombstone>();

  get size(): number {
    return this.#stones.size;
  }

  get(callId: CallId): Tombstone | undefined {
    return this.#stones.get(callId);
  }

  /** How many of them that peer made. */
  callsOf(peer: NodeId): number {
    let count = 0;
    for (const { peers, reply } of this.#stones.values()) if (reply && peers[0] === peer) count++;
    return count;
  }

  /** Adds or replaces; returns the call ids that had to go. */
  add(stone: Tombstone): CallId[] {
    this.#stones.delete(stone.callId);
    this.#stones.set(stone.callId, stone);
    const evicted = [this.#oldestOver(MAX_TOMBSTONES_PER_PEER, stone.peers[0]), this.#oldestOver(MAX_TOMBSTONES)];
    return evicted.filter((callId) => callId !== undefined);
  }

  delete(callId: CallId): void {
    this.#stones.delete(callId);
  }

  /** Removes and returns the oldest, of one peer when given, if there are more than `cap`. */
  #oldestOver(cap: number, peer?: NodeId): CallId | undefined {
    const ids: CallId[] = [];
    for (const stone of this.#stones.values()) if (!peer || stone.peers[0] === peer) ids.push(stone.callId);
    const oldest = ids.length > cap ? ids[0] : undefined;
    if (oldest !== undefined) this.#stones.delete(oldest);
    return oldest;
  }
}
