import { type Download, type DownloadOptions, SkeinError } from '../../api.ts';
import { MAX_TORRENTS } from '../../../../shared/src/limits/storage.ts';
import { truncateInfoHash } from '../../swarm/magnet.ts';
import type { TorrentOrigin } from '../../swarm/torrent-origin.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { TorrentSummary } from '../../worker/protocol.ts';
import type { DownloadHandle } from './download-handle.ts';
import type { EndingTorrents } from './ending-torrents.ts';
import type { OpenTorrent } from './open-torrent.ts';
import type { OpenTorrents } from './open-torrents.ts';
import type { ReadSource } from './read-source.ts';
import type { WorkerClient } from './worker-client.ts';

/** What the beginning of downloads needs of the service. */
export interface DownloadStartsHost {
  /** What is stored outlives the page. */
  readonly isKept: boolean;
  /** The torrent of this swarm, opened when it is not. */
  torrentOf(infoHash: InfoHash, name: string, origin: TorrentOrigin): OpenTorrent;
  addDownload(torrent: OpenTorrent): DownloadHandle;
  takeSummary(torrent: OpenTorrent, summary: TorrentSummary): void;
}

/** How downloads begin: by a link or by a torrent file, once or again, and what a further one says of those that run. */
export class DownloadStarts {
  /** Those of the service. */
  readonly #torrents: OpenTorrents;
  readonly #worker: WorkerClient;
  readonly #ending: EndingTorrents;
  readonly #host: DownloadStartsHost;

  constructor(torrents: OpenTorrents, worker: WorkerClient, ending: EndingTorrents, host: DownloadStartsHost) {
    this.#torrents = torrents;
    this.#worker = worker;
    this.#ending = ending;
    this.#host = host;
  }

  /**
   * Starts a download, or finds the one that runs, which hears where else it is to be had, and, if this is its file, what
   * it is. Either is removed when the signal is aborted before it is done. One that was refused begins anew, with what was
   * set for it. Throws `over-budget` when there are MAX_TORRENTS, and `aborted` for a signal that is so already.
   */
  begin(source: ReadSource, options: DownloadOptions): Download {
    const { signal } = options;
    if (signal?.aborted) throw new SkeinError('aborted', 'The download was cancelled before it began.');
    const read = this.#here(source);
    const download = this.#running(read, options) ?? this.#start(read, options);
    signal?.addEventListener('abort', () => {
      if (download.state !== 'done') void download.remove().catch(() => undefined);
    });
    return download;
  }

  #start(read: ReadSource, options: DownloadOptions): Download {
    const { infoHash, name, origin, createdBy, isPrivate, selected, request } = read;
    if (this.#torrents.size >= MAX_TORRENTS && !this.#torrents.has(infoHash)) throw tooManyTorrents();
    const before = this.#retire(infoHash);
    if (this.#host.isKept) void askToPersist();
    const torrent = this.#host.torrentOf(infoHash, name, origin);
    torrent.session.createdBy = createdBy;
    if (isPrivate) torrent.session.isPrivate = true;
    if (request.kind === 'metainfo') torrent.session.takeFile(origin);
    torrent.selected = selected;
    if (before) torrent.goOnAs(before);
    // What was said of a share that waits is not said of what is downloaded in its place.
    if (torrent.session.waitsFor) torrent.session.beginAnew();
    const download = this.#host.addDownload(torrent);
    torrent.peers.update();
    const beginning = this.#worker.download(request, before && torrent.session.settings);
    (before ? this.#ending.until(infoHash, beginning) : beginning).then(
      (summary) => this.#host.takeSummary(torrent, summary),
      (error: unknown) => this.#refuse(torrent, asSkeinError(error), options),
    );
    return download;
  }

  /** By the hash of a hybrid torrent (BEP 52) under which it is here already; else by that of v1, if that is named. */
  #here(read: ReadSource): ReadSource {
    const { origin, request } = read;
    const other = origin.infoHashV2 ? this.#torrents.get(truncateInfoHash(origin.infoHashV2)) : undefined;
    // What a link says of two hashes may be wrong, and is as soon as the metadata of one says so.
    const isOther = other !== undefined && (request.kind === 'metainfo' || !other.session.summary);
    const here = this.#torrents.find(read.infoHash) ?? (isOther ? other : undefined);
    if (!here) return read;
    const { infoHash } = here.session;
    return { ...read, infoHash, request: { ...request, infoHash } };
  }

  /** The download that there is, unless it was refused here. It hears what is said. */
  #running(read: ReadSource, options: DownloadOptions): Download | undefined {
    const torrent = this.#torrents.get(read.infoHash);
    const download = torrent?.download;
    if (!download) return undefined;
    if (download.error?.code !== 'bad-metainfo') {
      this.#tell(torrent, read, options);
      return download;
    }
    if (!download.isElsewhere) return undefined;
    download.resume();
    return download;
  }

  /** Who asks again for what was refused may have a newer page: the refused one is over, and returned. */
  #retire(infoHash: InfoHash): OpenTorrent | undefined {
    const torrent = this.#torrents.get(infoHash);
    if (!torrent?.download) return undefined;
    const { download } = torrent;
    torrent.download = undefined;
    if (!torrent.share) {
      this.#torrents.delete(infoHash);
      torrent.peers.stop();
    }
    // The worker keeps what it has of it for the next try.
    download.remove().catch(() => undefined);
    return torrent;
  }

  /** What runs hears where else it is to be had, and from its file what it is, as far as nobody has said so yet. */
  #tell(torrent: OpenTorrent, { origin, createdBy, request }: ReadSource, options: DownloadOptions): void {
    const { session, peers } = torrent;
    if (request.kind === 'metainfo') {
      const taken = (): void => {
        session.takeFile(origin);
        session.createdBy ??= createdBy;
        peers.update();
      };
      // It runs on as before.
      this.#worker.download(request).then(taken, (error: unknown) => options.onRefused?.(asSkeinError(error)));
    } else this.addOrigin(torrent, origin);
  }

  /** What runs is to be had there, too. */
  addOrigin({ session, peers }: OpenTorrent, origin: TorrentOrigin): void {
    if (!session.addOrigin(origin)) return;
    const { infoHash, name } = session;
    this.#worker.download({ kind: 'magnet', infoHash, name, ...origin, selected: undefined }).catch(() => undefined);
    // There may be trackers among the places.
    peers.update();
  }

  /** A download could not begin. What is shared here besides is not touched by that. */
  #refuse({ session, share, peers }: OpenTorrent, error: SkeinError, options: DownloadOptions): void {
    if (share && !session.waitsFor) {
      options.onRefused?.(error);
      return;
    }
    session.fail(error);
    peers.update();
  }
}

/** One more would be more than a tab takes on. */
export function tooManyTorrents(): SkeinError {
  const most = MAX_TORRENTS.toLocaleString('en');
  return new SkeinError(
    'over-budget',
    `This tab shares and downloads ${most} things, as many as it takes on. They all go on. Remove one of them and try again.`,
  );
}

/** A refusal only means that the browser may evict what nobody visits for long. */
async function askToPersist(): Promise<void> {
  try {
    if (!(await navigator.storage.persisted())) await navigator.storage.persist();
  } catch {
    // Not a secure context, or a browser without it.
  }
}

function asSkeinError(error: unknown): SkeinError {
  if (error instanceof SkeinError) return error;
  return new SkeinError('internal', 'Something went wrong inside the page. Reload it and try again.', { cause: error });
}
