import type { Share, ShareFile, SwarmPeer, SwarmProgress } from '../../api.ts';
import { SkeinError } from '../../api.ts';
import type { TorrentSummary } from '../../worker/protocol.ts';
import { shareFiles, torrentBlob } from './files.ts';
import type { TorrentSession } from './torrent-session.ts';

/** A share, as the public door gives it out. */
export class ShareHandle implements Share {
  readonly #session: TorrentSession;
  readonly #stop: () => Promise<void>;
  readonly #torrentFile: Blob;
  readonly totalBytes: number;
  readonly files: readonly ShareFile[];
  #stopped: Promise<void> | undefined;

  /** `open` gives a file's content, `stop` ends the share. */
  constructor(
    session: TorrentSession,
    summary: TorrentSummary,
    open: (index: number) => Promise<Blob>,
    stop: () => Promise<void>,
  ) {
    this.#session = session;
    this.#stop = stop;
    this.#torrentFile = torrentBlob(summary);
    this.totalBytes = summary.totalBytes;
    this.files = shareFiles(summary, (index) => {
      if (!this.#stopped) return open(index);
      return Promise.reject(new SkeinError('not-found', 'This share was stopped. Share the files again.'));
    });
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

  get progress(): SwarmProgress {
    return this.#session.progress;
  }

  peers(): SwarmPeer[] {
    return this.#session.peers();
  }

  torrentFile(): Blob {
    return this.#torrentFile;
  }

  on(event: 'progress', listener: (progress: SwarmProgress) => void): () => void {
    return this.#session.events.on(event, () => listener(this.#session.progress));
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }
}
