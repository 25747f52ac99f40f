import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { MAX_CHANNELS_PER_TORRENT } from '../../../shared/src/limits/storage.ts';
import { type Millis, type Rng, randomBelow, randomUnit, seededRng, shuffle } from '../../../shared/src/machine.ts';
import { buildMetainfo } from '../../src/swarm/build-metainfo.ts';
import { pieceCountOf } from '../../src/swarm/metainfo.ts';
import { PieceSet } from '../../src/swarm/piece-set.ts';
import type { Metainfo } from '../../src/swarm/types.ts';
import { type Capacity, Network } from './network.ts';
import { SwarmPeer, type SwarmPeerOptions } from './peer.ts';
import { zeroMetainfo } from './zeros.ts';

/** One way between two peers of the simulated swarm. [ms] Evenly from the first to the second: one continent. */
const LATENCY_MS = [10, 60] as const;

/** How a swarm is set up. */
export interface SwarmSetup {
  readonly seed: number;
  readonly fileBytes: number;
  readonly pieceLength: number;
  /** Blocks have hashes of their own (BEP 52). */
  readonly isV2?: boolean;
}

/** A simulated swarm: peers with access lines, linked at random, each to at most as many as a page links. */
export class Swarm {
  readonly network = new Network();
  readonly metainfo: Metainfo;
  readonly pieceCount: number;
  readonly peers: SwarmPeer[] = [];
  readonly rng: Rng;

  constructor({ seed, fileBytes, pieceLength, isV2 = false }: SwarmSetup) {
    this.rng = seededRng(seed);
    this.pieceCount = pieceCountOf(fileBytes, pieceLength);
    if (isV2) {
      this.metainfo = zeroMetainfo(`swarm ${seed}`, fileBytes, pieceLength);
      return;
    }
    const files = [{ path: ['file'], length: fileBytes }];
    // Nobody hashes in the simulation, so the hashes are zeros; the seed makes the torrent one of its own.
    const pieceHashes = new Uint8Array(20 * this.pieceCount);
    this.metainfo = buildMetainfo({ name: `swarm ${seed}`, files, pieceLength, pieceHashes, trackers: [] });
  }

  add(role: 'seed' | 'leecher', capacity: Capacity, more: Partial<SwarmPeerOptions> = {}): SwarmPeer {
    const stored = role === 'seed' ? PieceSet.full(this.pieceCount).toBitfield() : undefined;
    const name = `${role} ${this.peers.length}`;
    const peer = new SwarmPeer(this.network, { name, metainfo: this.metainfo, stored, capacity, ...more }, this.rng);
    peer.joinedAt = this.network.now;
    this.peers.push(peer);
    return peer;
  }

  /** Links a peer to others that have room, each at most `links` in all. */
  join(peer: SwarmPeer, links = MAX_CHANNELS_PER_TORRENT): void {
    peer.joinedAt = this.network.now;
    for (const other of shuffle(this.rng, [...this.peers])) {
      if (peer.ends.size >= links) return;
      if (other.ends.size < links) SwarmPeer.link(this.network, peer, other, this.#latency());
    }
  }

  /** Links each of the peers at an instant of its own within `spreadMs`. */
  joinAll(peers: readonly SwarmPeer[], spreadMs: Millis, links?: number): void {
    for (const peer of peers) this.network.at(randomUnit(this.rng) * spreadMs, () => this.join(peer, links));
  }

  /** Runs until every one of `peers` is done. False when they are not by `untilMs`. */
  runUntilDone(peers: readonly SwarmPeer[], untilMs: Millis): boolean {
    let done = 0;
    this.network.run(untilMs, () => {
      while (done < peers.length && peers[done]?.isComplete) done++;
      return done === peers.length;
    });
    return done === peers.length;
  }

  /** Calls `then` once when `isSo`, which is looked at every `periodMs`. */
  watch(periodMs: Millis, isSo: () => boolean, then: () => void): void {
    this.network.after(periodMs, () => (isSo() ? then() : this.watch(periodMs, isSo, then)));
  }

  /** Whole copies of the file among `peers`: how many of them have the rarest piece. */
  copies(peers: readonly SwarmPeer[]): number {
    const counts = new Uint16Array(this.pieceCount);
    for (const { torrent, hasLeft } of peers) {
      const { stored } = torrent.pieceMap();
      for (let piece = 0; piece < this.pieceCount && !hasLeft; piece++)
        if (((stored[piece >> 3] ?? 0) & (0x80 >> (piece & 7))) !== 0) counts[piece] = (counts[piece] ?? 0) + 1;
    }
    return Math.min(...counts);
  }

  #latency(): number {
    return LATENCY_MS[0] + randomBelow(this.rng, LATENCY_MS[1] - LATENCY_MS[0] + 1);
  }
}

/** What a peer fetched that it did not need, of what it fetched. [0..1] */
export function duplicateShare(peers: readonly SwarmPeer[]): number {
  let wasted = 0;
  let all = 0;
  for (const { torrent } of peers) {
    const { wastedBytes, downloadedBytes } = torrent.snapshot();
    wasted += wastedBytes;
    all += downloadedBytes + wastedBytes;
  }
  return all === 0 ? 0 : wasted / all;
}

/** The piece length for a simulated file: that of a real one, but at least 16 blocks' worth of pieces in all. */
export function simulatedPieceLength(fileBytes: number): number {
  let length = BLOCK_BYTES;
  while (fileBytes / length > 512) length *= 2;
  return length;
}
