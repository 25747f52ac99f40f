import {
  type Download,
  type DownloadState,
  type ShareFile,
  SkeinError,
  type SwarmPeer,
  type SwarmProgress,
} from '../../api.ts';
import type { TorrentSummary } from '../../worker/protocol.ts';
import { shareFiles } from './files.ts';
import type { TorrentSession } from './torrent-session.ts';

/** What a download asks of the service. */
export interface DownloadActions {
  setPaused(isPaused: boolean): void;
  remove(keepData: boolean): Promise<void>;
  open(index: number): Promise<Blob>;
}

/** A download, as the public door gives it out. */
export class DownloadHandle implements Download {
  readonly done: Promise<void>;
  readonly #session: TorrentSession;
  readonly #actions: DownloadActions;
  /** Wall-clock instant of the call. [ms] */
  readonly #startedAt: number;
  #settle: { resolve(): void; reject(error: SkeinError): void } | undefined;
  #removed: Promise<void> | undefined;
  #files: { readonly summary: TorrentSummary; readonly list: readonly ShareFile[] } | undefined;

  constructor(session: TorrentSession, startedAt: number, actions: DownloadActions) {
    this.#session = session;
    this.#startedAt = startedAt;
    this.#actions = actions;
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Who does not look at it must not get an unhandled rejection.
    this.done.catch(() => undefined);
    session.events.on('state', () => this.#settleDone());
    this.#settleDone();
  }

  get infoHash(): string {
    return this.#session.infoHash;
  }

  get name(): string {
    return this.#session.name;
  }

  get magnet(): string {
    return this.#session.magnet;
  }

  get state(): DownloadState {
    if (this.#removed) return 'removed';
    return this.#session.state === 'seeding' ? 'done' : this.#session.state;
  }

  get error(): SkeinError | undefined {
    return this.#session.error;
  }

  get progress(): SwarmProgress {
    return this.#session.progress;
  }

  get firstByteMs(): number | undefined {
    const at = this.#session.firstByteAt;
    return at === undefined ? undefined : Math.max(0, at - this.#startedAt);
  }

  files(): readonly ShareFile[] {
    const { summary } = this.#session;
    if (!summary) return [];
    if (this.#files?.summary !== summary) {
      this.#files = { summary, list: shareFiles(summary, (index) => this.#actions.open(index)) };
    }
    return this.#files.list;
  }

  peers(): SwarmPeer[] {
    return this.#removed ? [] : this.#session.peers();
  }

  on(event: 'progress' | 'state', listener: () => void): () => void {
    return this.#session.events.on(event, listener);
  }

  pause(): void {
    if (!this.#removed) this.#actions.setPaused(true);
  }

  resume(): void {
    if (!this.#removed) this.#actions.setPaused(false);
  }

  remove(options?: { readonly keepData?: boolean }): Promise<void> {
    if (!this.#removed) {
      this.#removed = this.#actions.remove(options?.keepData ?? false);
      this.#settle?.reject(new SkeinError('aborted', 'The download was removed.'));
      this.#settle = undefined;
      this.#session.events.emit('state', undefined);
    }
    return this.#removed;
  }

  /** Yields the progress now and after each change; ends when the download is done or removed, throws when it failed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<SwarmProgress, void, undefined> {
    let wake: () => void = () => undefined;
    let isNew = false;
    const note = (): void => {
      isNew = true;
      wake();
    };
    const offs = [this.on('progress', note), this.on('state', note)];
    try {
      for (;;) {
        isNew = false;
        const { state } = this;
        yield this.progress;
        if (state === 'failed') throw this.error ?? new SkeinError('internal', 'The download failed. Try again.');
        if (state === 'done' || state === 'removed') return;
        if (isNew) continue;
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      for (const off of offs) off();
    }
  }

  #settleDone(): void {
    if (this.state === 'done') this.#settle?.resolve();
    else if (this.state === 'failed' && this.error) this.#settle?.reject(this.error);
    else return;
    this.#settle = undefined;
  }
}
