import type { TorrentOrigin } from '../swarm/torrent-origin.ts';
import type { InfoHash } from '../swarm/types.ts';
import type { WorkerReport } from './protocol.ts';

/** How a torrent is doing in the tab that carries it out. */
export type ProgressReport = Extract<WorkerReport, { kind: 'progress' }>;

/**
 * Name of the channel that the tabs of an origin share. The number is the version of its messages: after an upgrade tabs of
 * two pages may be open, and one that changes what a message says gets another. A further kind of message does not need one.
 */
export const NEWS_CHANNEL = 'skein/swarm 1';

/** What tabs of one origin tell each other. All of them run code of this origin and version, so it is taken as it comes. */
type Notice =
  /** Somebody follows this torrent from now on. */
  | { readonly kind: 'follow'; readonly infoHash: InfoHash }
  | { readonly kind: 'progress'; readonly report: ProgressReport }
  /** A follower's person pressed pause or resume. */
  | { readonly kind: 'setPaused'; readonly infoHash: InfoHash; readonly isPaused: boolean }
  /** A link that was opened in a follower's tab says where else the torrent is to be had. */
  | { readonly kind: 'addOrigin'; readonly infoHash: InfoHash; readonly origin: TorrentOrigin }
  /** A torrent file was opened in a follower's tab, where it was not refused. */
  | { readonly kind: 'supply'; readonly infoHash: InfoHash; readonly torrentFile: Uint8Array }
  /** A follower's page waits for a map of the pieces. */
  | { readonly kind: 'askPieces'; readonly infoHash: InfoHash };

/** The part of a `BroadcastChannel` that is used. */
export interface NewsChannel {
  onmessage: ((event: MessageEvent<Notice | null | undefined>) => void) | null;
  postMessage(notice: Notice): void;
  close(): void;
}

/** What the torrents of this tab do for followers in others. */
export interface NewsOwner {
  /** A tab began to follow this torrent: if it runs here, a report is due. */
  followed(infoHash: InfoHash): void;
  setPaused(infoHash: InfoHash, isPaused: boolean): void;
  /** It is to be had there, too. */
  addOrigin(infoHash: InfoHash, origin: TorrentOrigin): void;
  /** This is its torrent file. */
  supply(infoHash: InfoHash, torrentFile: Uint8Array): void;
  /** The next report is to hold the map of the pieces. */
  askPieces(infoHash: InfoHash): void;
}

/**
 * Keeps the tabs of one origin informed about the torrents that one of them carries out: a tab whose person opens a link
 * that another tab downloads already shows that tab's progress instead of a second copy.
 */
export class TabNews {
  readonly #channel: NewsChannel;
  /** Torrents that some tab follows. BOUNDED: by what the persons of this profile download. */
  readonly #followed = new Set<InfoHash>();
  /** BOUNDED: by the downloads of this tab. */
  readonly #following = new Map<InfoHash, (report: ProgressReport) => void>();

  constructor(channel: NewsChannel, owner: NewsOwner) {
    this.#channel = channel;
    channel.onmessage = ({ data }) => {
      if (data) this.#hear(data, owner);
    };
  }

  /** Tells followers, if there are any, how a torrent of this tab is doing. */
  tell(report: ProgressReport): void {
    if (this.#followed.has(report.infoHash)) this.#channel.postMessage({ kind: 'progress', report });
  }

  /** Has `listener` called with reports of the tab that carries the torrent out, until what is returned is called. */
  follow(infoHash: InfoHash, listener: (report: ProgressReport) => void): () => void {
    this.#following.set(infoHash, listener);
    this.#channel.postMessage({ kind: 'follow', infoHash });
    return () => this.#following.delete(infoHash);
  }

  /** Asks the tab that carries the torrent out to pause it or to go on. */
  setPaused(infoHash: InfoHash, isPaused: boolean): void {
    this.#channel.postMessage({ kind: 'setPaused', infoHash, isPaused });
  }

  /** Tells the tab that carries the torrent out what another link says of where it is to be had. */
  addOrigin(infoHash: InfoHash, origin: TorrentOrigin): void {
    this.#channel.postMessage({ kind: 'addOrigin', infoHash, origin });
  }

  /** Gives the tab that carries the torrent out its torrent file. */
  supply(infoHash: InfoHash, torrentFile: Uint8Array): void {
    this.#channel.postMessage({ kind: 'supply', infoHash, torrentFile });
  }

  /** Asks the tab that carries the torrent out for a map of the pieces. */
  askPieces(infoHash: InfoHash): void {
    this.#channel.postMessage({ kind: 'askPieces', infoHash });
  }

  close(): void {
    this.#channel.close();
  }

  /** A kind of notice that only a newer page knows is ignored. */
  #hear(notice: Notice, owner: NewsOwner): void {
    switch (notice.kind) {
      case 'follow':
        this.#followed.add(notice.infoHash);
        return owner.followed(notice.infoHash);
      case 'progress':
        return this.#following.get(notice.report.infoHash)?.(notice.report);
      case 'setPaused':
        return owner.setPaused(notice.infoHash, notice.isPaused);
      case 'addOrigin':
        return owner.addOrigin(notice.infoHash, notice.origin);
      case 'supply':
        return owner.supply(notice.infoHash, notice.torrentFile);
      case 'askPieces':
        return owner.askPieces(notice.infoHash);
    }
  }
}
