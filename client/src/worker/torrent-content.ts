import type { EffectResult, Metainfo, TorrentRun } from '../swarm/types.ts';
import { encodePieceHeader } from '../swarm/wire.ts';
import { PieceSet } from './bitfield.ts';
import type { PeerOutbox } from './peer-outbox.ts';
import { PieceWork, type PieceWorkHost } from './piece-work.ts';
import { Layout } from './storage/layout.ts';
import type { ContentStore, WantedFiles } from './storage/types.ts';

/** What the content takes of its torrent. */
export interface ContentHost extends Omit<PieceWorkHost, 'store'> {
  /** A block could not be read for a peer. */
  unreadable(error: unknown): void;
}

/** What of one torrent is here: its metainfo once known, its storage once open, and which pieces are stored. */
export class TorrentContent {
  readonly #host: ContentHost;
  #store: ContentStore | undefined;
  #opening: Promise<void> | undefined;
  #metainfo: Metainfo | undefined;
  #stored: PieceSet | undefined;
  #pieces: PieceWork | undefined;

  constructor(store: ContentStore | undefined, host: ContentHost) {
    this.#store = store;
    this.#host = host;
  }

  get metainfo(): Metainfo | undefined {
    return this.#metainfo;
  }

  /** Undefined while storage could not be opened, or the metainfo is not known. */
  get store(): ContentStore | undefined {
    return this.#store;
  }

  /** The pieces that are stored. Undefined while their number is not known. */
  get stored(): PieceSet | undefined {
    return this.#stored;
  }

  /** The work on pieces that come in. Undefined until the metainfo is known. */
  get pieces(): PieceWork | undefined {
    return this.#pieces;
  }

  /** The metainfo is known from now on, and of its pieces `stored` are here: none, when that is undefined. */
  know(metainfo: Metainfo, stored: PieceSet | undefined): void {
    this.#metainfo = metainfo;
    this.#pieces = new PieceWork(metainfo, { ...this.#host, store: () => this.#store });
    this.#stored = stored ?? new PieceSet(Math.ceil(metainfo.totalLength / metainfo.pieceLength));
  }

  /** The same metainfo with more of its piece layers. */
  learnLayers({ pieceLayers }: Metainfo): void {
    if (this.#metainfo) this.#metainfo = { ...this.#metainfo, pieceLayers };
  }

  /** Its torrent file says where it is to be had, which peers do not. The first that does counts. False for another. */
  learnPlaces({ trackers, webSeeds }: Metainfo): boolean {
    const known = this.#metainfo;
    if (!known || known.trackers.length + known.webSeeds.length > 0) return false;
    this.#metainfo = { ...known, trackers, webSeeds };
    return trackers.length + webSeeds.length > 0;
  }

  /** Takes the storage that is being opened. Rejects as `opening` does. */
  async open(opening: Promise<ContentStore>): Promise<void> {
    const done = opening.then((store) => {
      this.#store = store;
    });
    this.#opening = done.catch(() => undefined);
    await done;
  }

  /** Resolves when no opening is under way, to the storage if it is open. */
  async opened(): Promise<ContentStore | undefined> {
    await this.#opening;
    return this.#store;
  }

  /** Takes room for these files, or anew for those that were wanted. Rejects with `StorageError`. */
  async want(isWanted?: WantedFiles): Promise<void> {
    const store = await this.opened();
    await store?.want(isWanted);
  }

  /** Checks a piece of which every block is here, and stores it. */
  async finishPiece(run: Extract<TorrentRun, { kind: 'finishPiece' }>): Promise<EffectResult> {
    const result = (await this.#pieces?.finish(run)) ?? ({ kind: 'mismatch' } as const);
    if (result.kind === 'stored') this.#stored?.add(run.piece);
    return result;
  }

  /** Reads a stored block into the message that takes it to a peer. */
  sendBlock({ piece, begin, length }: Extract<TorrentRun, { kind: 'sendBlock' }>, outbox: PeerOutbox): void {
    const [metainfo, store] = [this.#metainfo, this.#store];
    if (!metainfo || !store) return;
    try {
      outbox.addBlock(encodePieceHeader(piece, begin, length), length, (into) => {
        const reading = store.read(piece * metainfo.pieceLength + begin, into);
        reading?.catch((error: unknown) => this.#host.unreadable(error));
        return reading;
      });
    } catch (error) {
      this.#host.unreadable(error);
    }
  }

  /** A complete file. Rejects with `StorageError`; undefined while pieces of it are missing. */
  async file(index: number): Promise<Blob | undefined> {
    const metainfo = this.#metainfo;
    if (!metainfo?.files[index] || !this.#store) return undefined;
    const pieces = new Layout(metainfo.files).pieces(index, metainfo.pieceLength);
    for (let piece = pieces?.first ?? 0; pieces && piece <= pieces.last; piece++) {
      if (!this.#stored?.has(piece)) return undefined;
    }
    return await this.#store.file(index);
  }
}
