import { CHECKPOINT_MS } from '../../../shared/src/limits/storage.ts';
import type { MetainfoErrorCode } from '../swarm/metainfo-error.ts';
import type { Metainfo } from '../swarm/types.ts';
import type { TorrentContent } from './torrent-content.ts';

/** What is kept of a download between two pages. */
export interface TorrentProgress {
  readonly metainfo: Metainfo | undefined;
  readonly bitfield: Uint8Array | undefined;
  readonly isPaused: boolean;
  /** Why the metadata was refused. */
  readonly refusal: MetainfoErrorCode | undefined;
}

/** What checkpoints take of their torrent. */
export interface CheckpointHost {
  /** Paused by a person, who finds it paused on the next page. */
  isPaused(): boolean;
  /** Why the metadata was refused. */
  refusal(): MetainfoErrorCode | undefined;
  /** Records what survives the page; called after a flush. Rejects when nothing would. */
  save(progress: TorrentProgress): Promise<void>;
  /** What is stored could not be flushed, or nothing is recorded of it. */
  failed(error: unknown): void;
}

/** Makes what is stored of one torrent survive the page: flushes it and then has it recorded, one record after the other. */
export class Checkpoints {
  readonly #content: TorrentContent;
  readonly #host: CheckpointHost;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(content: TorrentContent, host: CheckpointHost) {
    this.#content = content;
    this.#host = host;
  }

  /** A piece was stored: a checkpoint follows within CHECKPOINT_MS. */
  soon(): void {
    this.#timer ??= setTimeout(() => void this.now(), CHECKPOINT_MS);
  }

  /** Resolves when the record is written, or the browser refused. Never rejects. */
  async now(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Taken before the flush: what is stored during it may not be flushed.
    const bitfield = this.#content.stored?.toBytes();
    try {
      await this.#content.store?.flush();
      const { metainfo } = this.#content;
      const progress = { metainfo, bitfield, isPaused: this.#host.isPaused(), refusal: this.#host.refusal() };
      const saving = this.#saving.then(() => this.#host.save(progress));
      this.#saving = saving.catch(() => undefined);
      await saving;
    } catch (error) {
      this.#host.failed(error);
    }
  }

  /** None follows by itself any more. Resolves when those under way are recorded. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#saving;
  }
}
