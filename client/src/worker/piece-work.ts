import type { EffectResult, Metainfo, TorrentRun } from '../swarm/types.ts';
import { type BlockVerdicts, type KeptBlock, PieceBuffers } from './piece-buffers.ts';
import { PieceCheck, hashLeaves } from './piece-check.ts';
import { type ContentStore, type OwnBytes, StorageError, toStorageError } from './storage/types.ts';

/** What the work on pieces takes of its torrent. */
export interface PieceWorkHost extends BlockVerdicts {
  /** Undefined while storage could not be opened. */
  store(): ContentStore | undefined;
  /** Storage failed. Returns what is to be said of it. */
  failed(error: StorageError): void;
}

/** Puts the pieces of one torrent together, checks them block by block or as a whole, and stores those that are right. */
export class PieceWork {
  readonly #metainfo: Metainfo;
  readonly #host: PieceWorkHost;
  readonly #buffers: PieceBuffers;
  readonly #check: PieceCheck;

  constructor(metainfo: Metainfo, host: PieceWorkHost) {
    this.#metainfo = metainfo;
    this.#host = host;
    this.#check = new PieceCheck(metainfo);
    this.#buffers = new PieceBuffers(metainfo, (piece) => this.#check.dataLength(piece), host);
  }

  keep(block: KeptBlock): void {
    this.#buffers.keep(block);
  }

  check(piece: number, leaves: Uint8Array): void {
    this.#buffers.check(piece, leaves);
  }

  drop(piece: number): void {
    this.#buffers.drop(piece);
  }

  /** Checks a piece of which every block is here, and stores it. */
  async finish({ piece, leaves, treeHash }: Extract<TorrentRun, { kind: 'finishPiece' }>): Promise<EffectResult> {
    if (leaves) this.#buffers.check(piece, leaves);
    const blocks = await this.#buffers.settle(piece);
    if (!blocks) return { kind: 'mismatch' };
    if (blocks.bad.length > 0) return { kind: 'badBlocks', begins: blocks.bad };
    // Leaves that match lead to the info-hash just as the SHA-1 hash does, and need no second look at the bytes.
    const isRight = blocks.areAllGood || (await this.#check.isPiece(piece, blocks.buffer, treeHash));
    const result = isRight ? await this.#write(piece, blocks.buffer) : ({ kind: 'mismatch' } as const);
    this.#buffers.drop(piece);
    return result;
  }

  /** The hashes of the blocks of a stored piece. */
  async hashStored(piece: number): Promise<EffectResult> {
    const bytes: OwnBytes = new Uint8Array(this.#check.dataLength(piece));
    try {
      await this.#host.store()?.read(piece * this.#metainfo.pieceLength, bytes);
      return { kind: 'leaves', leaves: await hashLeaves(bytes) };
    } catch (error) {
      const failure = toStorageError(error);
      this.#host.failed(failure);
      return { kind: 'failed', code: failure.code };
    }
  }

  async #write(piece: number, buffer: OwnBytes): Promise<EffectResult> {
    try {
      const store = this.#host.store();
      if (!store) throw new StorageError('storage-failed', 'There is no storage.');
      const writing = store.write(piece * this.#metainfo.pieceLength, buffer);
      if (writing) await writing;
      return { kind: 'stored' };
    } catch (error) {
      const failure = toStorageError(error);
      this.#host.failed(failure);
      return { kind: 'failed', code: failure.code };
    }
  }
}
