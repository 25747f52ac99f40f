import type { Rng } from '../../../../shared/src/machine.ts';
import type { Metainfo } from '../../swarm/types.ts';
import type { PieceSet } from '../bitfield.ts';
import { MemoryBudget, MemoryStore } from './memory.ts';
import { OpfsStore } from './opfs.ts';
import type { ReadCache } from './read-cache.ts';
import type { ContentStore, WantedFiles } from './types.ts';
import { StoredPieces } from './verify.ts';

/** Whom a check of what is stored matters to. */
export interface CheckOwner {
  /** Everything is checked, which takes a while. */
  checking(): void;
  /** Nobody waits for it any more. */
  isPointless(): boolean;
}

/** Opens the storage of downloads: on disk while their lock is held here, else in the memory that they share. */
export class StoreOpener {
  readonly #budget = new MemoryBudget();
  readonly #cache: ReadCache;
  readonly #rng: Rng;

  constructor(cache: ReadCache, rng: Rng) {
    this.#cache = cache;
    this.#rng = rng;
  }

  /**
   * For a download of which nothing is stored. Rejects with `StorageError`, before anything is taken when what is wanted
   * will not fit.
   */
  async openNew(metainfo: Metainfo, isLocked: boolean, isWanted: WantedFiles): Promise<ContentStore> {
    if (isLocked) return await this.#openFolder(metainfo, isWanted);
    return new MemoryStore(metainfo.files, this.#budget, metainfo.pieceLength, isWanted);
  }

  /**
   * For a download that an earlier page left with the pieces `claimed`: trusts that after a spot check and verifies what
   * was stored since. Rejects with `StorageError`: with `CheckEnded` when nobody waits for that any more.
   */
  async reopen(
    metainfo: Metainfo,
    isLocked: boolean,
    isWanted: WantedFiles,
    claimed: PieceSet,
    owner: CheckOwner,
  ): Promise<{ readonly store: ContentStore; readonly stored: PieceSet }> {
    const store = await this.openNew(metainfo, isLocked, isWanted);
    if (!(store instanceof OpfsStore)) return { store, stored: claimed };
    try {
      const pieces = new StoredPieces(metainfo, store, () => owner.isPointless());
      const stored = await pieces.among(claimed, this.#rng, () => owner.checking());
      return { store, stored: await addUnrecorded(pieces, store, stored) };
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async #openFolder({ infoHash: name, files, pieceLength }: Metainfo, isWanted: WantedFiles): Promise<OpfsStore> {
    return await OpfsStore.open({ name, files, pieceLength, isWanted, cache: this.#cache });
  }
}

/** Adds what was stored after the last record was written and is whole. */
async function addUnrecorded(pieces: StoredPieces, store: OpfsStore, stored: PieceSet): Promise<PieceSet> {
  for (const piece of store.unrecorded) {
    if (piece < stored.length && !stored.has(piece) && (await pieces.has(piece))) stored.add(piece);
  }
  return stored;
}
