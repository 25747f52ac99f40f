import {
  type Download,
  type DownloadState,
  type FilePriority,
  type ShareFile,
  SkeinError,
  type SwarmProgress,
} from '../../api.ts';
import { PRIORITY } from '../../swarm/piece-priorities.ts';
import type { TorrentSummary } from '../../worker/protocol.ts';
import { shareFiles } from './files.ts';
import type { TorrentSession } from './torrent-session.ts';
import { type TransferActions, TransferHandle } from './transfer-handle.ts';

/** What a download asks of the service. */
export interface DownloadActions extends TransferActions {
  remove(keepData: boolean): Promise<void>;
}

/** A download, as the public door gives it out. */
export class DownloadHandle extends TransferHandle implements Download {
  readonly done: Promise<void>;
  readonly #remove: (keepData: boolean) => Promise<void>;
  /** Wall-clock instant of the call. [ms] */
  readonly #startedAt: number;
  #settle: { resolve(): void; reject(error: SkeinError): void } | undefined;
  #removed: Promise<void> | undefined;
  #files: { readonly summary: TorrentSummary; readonly list: readonly ShareFile[] } | undefined;

  constructor(session: TorrentSession, startedAt: number, actions: DownloadActions) {
    super(session, actions);
    this.#startedAt = startedAt;
    this.#remove = (keepData) => actions.remove(keepData);
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    // Who does not look at it must not get an unhandled rejection.
    this.done.catch(() => undefined);
    session.events.on('state', () => this.#settleDone());
    this.#settleDone();
  }

  protected get isOver(): boolean {
    return this.#removed !== undefined;
  }

  get state(): DownloadState {
    if (this.#removed) return 'removed';
    const { state, isComplete } = this.session;
    if (state === 'seeding') return 'done';
    return state === 'paused' && isComplete ? 'done' : state;
  }

  get isElsewhere(): boolean {
    return this.session.isElsewhere;
  }

  get isKept(): boolean {
    return this.session.isKept;
  }

  get error(): SkeinError | undefined {
    return this.session.error;
  }

  get firstByteMs(): number | undefined {
    const at = this.session.firstByteAt;
    return at === undefined ? undefined : Math.max(0, at - this.#startedAt);
  }

  files(): readonly ShareFile[] {
    const { summary } = this.session;
    if (!summary) return [];
    if (this.#files?.summary !== summary) {
      const access = this.accessTo((index) => this.#want(index));
      const list = shareFiles(summary, this.session, access);
      this.#files = { summary, list };
    }
    return this.#files.list;
  }

  on(event: 'progress' | 'state', listener: () => void): () => void {
    return this.session.events.on(event, listener);
  }

  get isSequential(): boolean {
    return this.session.isSequential;
  }

  setSequential(isSequential: boolean): void {
    if (!this.isOurs) return;
    this.session.isSequential = isSequential;
    this.actions.setSequential(isSequential);
    this.session.events.emit('progress', undefined);
  }

  setPriority(files: string | number | readonly (string | number)[], priority: FilePriority): void {
    const { summary } = this.session;
    if (!summary) throw new SkeinError('not-ready', 'The list of files is not known yet. Wait for the first peer.');
    if (!Object.hasOwn(PRIORITY, priority))
      throw new SkeinError('bad-argument', `A priority is one of ${Object.keys(PRIORITY).join(', ')}.`);
    if (!this.isOurs) return;
    const chosen = (Array.isArray(files) ? files : [files]) as readonly (string | number)[];
    this.#setPriority(summary, indexesOf(summary, chosen), priority);
  }

  /** Whoever reads a file that is skipped would wait for ever. */
  #want(index: number): void {
    const { summary, priorities } = this.session;
    if (summary && this.isOurs && priorities[index] === 'skip') this.#setPriority(summary, [index], 'normal');
  }

  #setPriority(summary: TorrentSummary, indexes: readonly number[], priority: FilePriority): void {
    const last = summary.files.at(-1)?.index ?? 0;
    const priorities = Array.from({ length: last + 1 }, (_, at) => this.session.priorities[at] ?? 'normal');
    for (const index of indexes) priorities[index] = priority;
    this.session.setPriorities(priorities);
    this.actions.setPriorities(priorities);
  }

  remove(options?: { readonly keepData?: boolean }): Promise<void> {
    if (!this.#removed) {
      this.#removed = this.#remove(options?.keepData ?? false);
      this.#settle?.reject(new SkeinError('aborted', 'The download was removed.'));
      this.#settle = undefined;
      this.session.events.emit('state', undefined);
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

/** The places of files among all of the torrent. Throws `not-found` for one that it does not have. */
function indexesOf(summary: TorrentSummary, chosen: readonly (string | number)[]): number[] {
  const byPath = new Map(summary.files.map(({ path, index }) => [path, index]));
  return chosen.map((file) => {
    const index = typeof file === 'number' ? summary.files[file]?.index : byPath.get(file);
    if (index === undefined) throw new SkeinError('not-found', 'There is no such file in this download.');
    return index;
  });
}
