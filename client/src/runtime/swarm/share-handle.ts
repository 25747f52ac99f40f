import type { Share, ShareFile, SkeinError, SwarmProgress } from '../../api.ts';
import type { TorrentSummary } from '../../worker/protocol.ts';
import { shareFiles } from './files.ts';
import type { TorrentSession } from './torrent-session.ts';
import { type TransferActions, TransferHandle } from './transfer-handle.ts';

/** What a share asks of the service. */
export interface ShareActions extends TransferActions {
  stop(): Promise<void>;
}

/** A share, as the public door gives it out. */
export class ShareHandle extends TransferHandle implements Share {
  readonly #stop: () => Promise<void>;
  readonly totalBytes: number;
  readonly files: readonly ShareFile[];
  #stopped: Promise<void> | undefined;

  constructor(session: TorrentSession, summary: TorrentSummary, actions: ShareActions) {
    super(session, actions);
    this.#stop = () => actions.stop();
    this.totalBytes = summary.totalBytes;
    this.files = shareFiles(summary, session, this.accessTo());
  }

  get waitsFor(): Share['waitsFor'] {
    return this.session.waitsFor;
  }

  get error(): SkeinError | undefined {
    return this.session.error;
  }

  get isSuperSeeding(): boolean {
    return this.session.isSuperSeeding;
  }

  setSuperSeeding(isSuperSeeding: boolean): void {
    if (this.#stopped) return;
    // Until the worker says so: a row that is drawn meanwhile would show what was before, and take the tick away again.
    this.session.settle({ isSuperSeeding });
    this.actions.setSuperSeeding(isSuperSeeding);
  }

  protected get isOver(): boolean {
    return this.#stopped !== undefined;
  }

  on(event: 'progress', listener: (progress: SwarmProgress) => void): () => void {
    return this.session.events.on(event, () => listener(this.session.progress));
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }
}
