import { MAX_SPOT_CHECKS, MIN_SPOT_CHECKS, SPOT_CHECK_FRACTION } from '../../../../shared/src/limits/storage.ts';
import { type Rng, shuffle } from '../../../../shared/src/machine.ts';
import { pieceLengthOf } from '../../swarm/metainfo.ts';
import type { Metainfo } from '../../swarm/types.ts';
import { PieceSet } from '../bitfield.ts';
import { PieceCheck } from '../piece-check.ts';
import type { ContentStore } from './types.ts';

/** Tells which pieces are really stored, by whatever hashes the torrent has. Methods reject with `StorageError`. */
export class StoredPieces {
  readonly #metainfo: Metainfo;
  readonly #store: ContentStore;
  readonly #check: PieceCheck;

  constructor(metainfo: Metainfo, store: ContentStore) {
    this.#metainfo = metainfo;
    this.#store = store;
    this.#check = new PieceCheck(metainfo);
  }

  /** True when the stored bytes of the piece match its hash. */
  async has(piece: number): Promise<boolean> {
    const bytes = new Uint8Array(pieceLengthOf(this.#metainfo, piece));
    await this.#store.read(piece * this.#metainfo.pieceLength, bytes);
    return await this.#check.isPiece(piece, bytes);
  }

  /**
   * The pieces of `claimed` that are really there. A few are checked; only when one of those is wrong are all of them,
   * and `checking` is called first.
   */
  async among(claimed: PieceSet, rng: Rng, checking: () => void): Promise<PieceSet> {
    const pieces = claimed.pieces();
    const wanted = Math.ceil(pieces.length * SPOT_CHECK_FRACTION);
    const sample = shuffle(rng, pieces.slice()).slice(0, Math.min(MAX_SPOT_CHECKS, Math.max(MIN_SPOT_CHECKS, wanted)));
    for (const piece of sample) {
      if (await this.has(piece)) continue;
      checking();
      const found = new PieceSet(claimed.length);
      for (const each of pieces) if (await this.has(each)) found.add(each);
      return found;
    }
    return claimed;
  }
}
