import { MAX_BANNED, MAX_PAROLE_PIECES, MAX_SUSPECTS } from '../../../shared/src/limits/swarm.ts';
import type { PeerKey } from './peer-key.ts';

/** A peer on parole: it took part in pieces that failed, and has to deliver `due` whole ones alone. */
interface Suspicion {
  readonly failures: number;
  readonly due: number;
}

/**
 * Finds who sends bad blocks. SHA-1 judges whole pieces only, so a failed piece of several peers proves nothing about
 * each: all of them go on parole and fetch whole pieces alone until they delivered some good ones. A piece that fails
 * and came from one peer alone convicts it. So a liar is found with its next piece or two, and no honest peer is banned.
 * (libtorrent: parole mode.)
 */
export class Blame {
  /** BOUNDED: by MAX_BANNED, oldest forgotten first. */
  readonly #banned = new Set<PeerKey>();
  /** BOUNDED: by MAX_SUSPECTS, oldest forgotten first. */
  readonly #suspects = new Map<PeerKey, Suspicion>();

  isBanned(peer: PeerKey): boolean {
    return this.#banned.has(peer);
  }

  isOnParole(peer: PeerKey): boolean {
    return this.#suspects.size > 0 && (this.#suspects.get(peer)?.due ?? 0) > 0;
  }

  ban(peer: PeerKey): void {
    this.#suspects.delete(peer);
    this.#banned.add(peer);
    forgetOldest(this.#banned, MAX_BANNED);
  }

  /** A piece made of blocks of `contributors` is bad. Returns the one that is convicted by it, now banned. */
  pieceFailed(contributors: readonly PeerKey[]): PeerKey | undefined {
    const [only] = contributors;
    if (only !== undefined && contributors.length === 1) {
      this.ban(only);
      return only;
    }
    for (const peer of contributors) {
      const failures = (this.#suspects.get(peer)?.failures ?? 0) + 1;
      this.#suspects.set(peer, { failures, due: Math.min(2 ** (failures - 1), MAX_PAROLE_PIECES) });
    }
    forgetOldest(this.#suspects, MAX_SUSPECTS);
    return undefined;
  }

  /** A piece made of blocks of `contributors` is good. */
  piecePassed(contributors: readonly PeerKey[]): void {
    const [only] = contributors;
    if (only === undefined || contributors.length !== 1) return;
    const suspicion = this.#suspects.get(only);
    if (suspicion && suspicion.due > 0) this.#suspects.set(only, { ...suspicion, due: suspicion.due - 1 });
  }
}

function forgetOldest(collection: Set<PeerKey> | Map<PeerKey, unknown>, limit: number): void {
  for (const key of collection.keys()) {
    if (collection.size <= limit) return;
    collection.delete(key);
  }
}
