import { MAX_SPOT_CHECKS, MIN_SPOT_CHECKS, SPOT_CHECK_FRACTION } from '../../../../shared/src/limits/storage.ts';
import { type Rng, shuffle } from '../../../../shared/src/machine.ts';
import { pieceLengthOf } from '../../swarm/metainfo.ts';
import type { Metainfo } from '../../swarm/types.ts';
import { PieceSet } from '../bitfield.ts';
import { PieceCheck } from '../piece-check.ts';
import { type ContentStore, StorageError } from './types.ts';

/** Nobody waited for the check of what is stored any more. */
export class CheckEnded extends StorageError {
  constructor() {
    super('storage-failed', 'The check of what is stored was ended.');
  }
}

/**
 * Tells which pieces are really stored, by whatever hashes the torrent has. Methods reject with `StorageError`, and with
 * `CheckEnded` as soon as nobody waits for them any more: a check may take minutes.
 */
export class StoredPieces {
  readonly #metainfo: Metainfo;
  readonly #store: ContentStore;
  readonly #check: PieceCheck;
  readonly #isPointless: () => boolean;

  constructor(metainfo: Metainfo, store: ContentStore, isPointless: () => boolean = () => false) {
    this.#metainfo = metainfo;
    this.#store = store;
    this.#check = new PieceCheck(metainfo);
    this.#isPointless = isPointless;
  }

  /** True when the stored bytes of the piece match its hash. */
  async has(piece: number): Promise<boolean> {
    if (this.#isPointless()) throw new CheckEnded();
    const bytes = new Uint8Array(pieceLengthOf(this.#metainfo, piece));
    await this.#store.read(piece * this.#metainfo.pieceLength, bytes);
    return await this.#check.isPiece(piece, bytes);
  }

  /** A few pieces of `claimed` are really there, for which all of them are taken to be. */
  async areLikely(claimed: PieceSet, rng: Rng): Promise<boolean> {
    const pieces = claimed.pieces();
    const wanted = Math.ceil(pieces.length * SPOT_CHECK_FRACTION);
    const sample = shuffle(rng, pieces).slice(0, Math.min(MAX_SPOT_CHECKS, Math.max(MIN_SPOT_CHECKS, wanted)));
    for (const piece of sample) if (!(await this.has(piece))) return false;
    return true;
  }

  /** The pieces of `claimed` that are really there. Unless they are likely to be, all are checked, and `checking` is called first. */
  async among(claimed: PieceSet, rng: Rng, checking: () => void): Promise<PieceSet> {
    if (await this.areLikely(claimed, rng)) return claimed;
    checking();
    const found = new PieceSet(claimed.length);
    for (const each of claimed.pieces()) if (await this.has(each)) found.add(each);
    return found;
  }
}
