import type { NodeId } from '../../../shared/src/ids.ts';
import type { PeerKey, StrangerId } from '../swarm/peer-key.ts';
import type { TorrentOrigin } from '../swarm/torrent-origin.ts';
import type { FilePriority, InfoHash } from '../swarm/types.ts';
import type { WebSeedInfo } from '../swarm/web-types.ts';

import type { ShareWait } from './storage/kept-files.ts';
import type { TransferSettings } from './transfer-settings.ts';

/** How the page and the swarm worker talk. Everything here is structured-cloneable. Ports and channels are transferred. */

/** Most payload a second, each way; a way that is left out has no limit. [bytes/s] */
export interface RateLimits {
  readonly down?: number | undefined;
  readonly up?: number | undefined;
}

/** Where the pieces of a torrent are. */
export interface PieceMap {
  readonly count: number;
  /** Pieces that are verified and stored here: one bit each, highest bit of the first byte first (BEP 3). */
  readonly stored: Uint8Array;
  /** How many connected peers have each piece; 255 stands for more, too. */
  readonly availability: Uint8Array;
}

/** A file as the page shares it. `path` has `/` between folders. */
export interface SharedFile {
  readonly path: string;
  readonly file: File;
  /** The way back to it after a reload, where the browser gave one. */
  readonly handle?: FileSystemFileHandle | undefined;
}

/** Requests of the page. Those with `call` are answered by `answer` with the same number. */
export type WorkerRequest =
  | { readonly kind: 'start'; readonly self: NodeId; readonly storage: 'persistent' | 'memory' }
  /** Further files of the share whose `share` follows with the same `call`: many at once would hold the page up. */
  | { readonly kind: 'moreFiles'; readonly call: number; readonly files: readonly SharedFile[] }
  /** Hashes the files, those of `moreFiles` first, and seeds them in place, without a copy. Answer: `TorrentSummary`. */
  | {
      readonly kind: 'share';
      readonly call: number;
      readonly name: string;
      readonly files: readonly SharedFile[];
      /** Peers come from the tracker alone (BEP 27). */
      readonly isPrivate: boolean;
      readonly isSuperSeeding: boolean;
      /** For the torrent file and the magnet link. */
      readonly trackers: readonly string[];
    }
  /** The person does not want that share any more: it fails with `aborted`, unless it is served already. */
  | { readonly kind: 'stopSharing'; readonly call: number }
  /**
   * Starts or continues a download; one that runs hears where else it is to be had, and what it is of, if it did not
   * know. With `retry`, which is what a person
   * has set for it, one that was refused begins anew. Answer: `TorrentSummary`.
   */
  | {
      readonly kind: 'download';
      readonly call: number;
      readonly source: DownloadSource;
      readonly retry: TransferSettings | undefined;
    }
  | { readonly kind: 'setPaused'; readonly infoHash: InfoHash; readonly isPaused: boolean }
  /** How much each file is wanted, in the order of the torrent's files. */
  | { readonly kind: 'setPriorities'; readonly infoHash: InfoHash; readonly priorities: readonly FilePriority[] }
  | { readonly kind: 'setSequential'; readonly infoHash: InfoHash; readonly isSequential: boolean }
  | { readonly kind: 'setSuperSeeding'; readonly infoHash: InfoHash; readonly isSuperSeeding: boolean }
  /** Limits of one torrent, or without `infoHash` of all together. */
  | { readonly kind: 'setLimits'; readonly infoHash: InfoHash | undefined; readonly limits: RateLimits }
  /** The next progress report is to hold the map of the pieces; one comes soon when it has changed since the last. */
  | { readonly kind: 'askPieces'; readonly infoHash: InfoHash }
  /**
   * Stops it; with `keepData` false what was stored is deleted. Its share does not come back, unless `keepsShare`: then it
   * waits for its person, as before. Answer: nothing.
   */
  | {
      readonly kind: 'remove';
      readonly call: number;
      readonly infoHash: InfoHash;
      readonly keepData: boolean;
      readonly keepsShare: boolean;
    }
  /** Its share does not come back on the next page; what runs goes on, for the download of the same. Answer: nothing. */
  | { readonly kind: 'forgetShare'; readonly call: number; readonly infoHash: InfoHash }
  /** A stored file, disk-backed where storage is. Answer: `Blob`. Fails with `not-ready` while pieces are missing. */
  | { readonly kind: 'file'; readonly call: number; readonly infoHash: InfoHash; readonly index: number }
  /**
   * Reads bytes of a file in order, waiting for those that are still to come and having them fetched first. The bytes go
   * to `port`, each chunk when it is asked for.
   */
  | {
      readonly kind: 'read';
      readonly infoHash: InfoHash;
      /** The file's place among the torrent's files, padding included. */
      readonly index: number;
      /** [bytes] */
      readonly begin: number;
      /** One past the last byte. */
      readonly end: number;
      readonly port: MessagePort;
    }
  /** A channel to a peer of this torrent. Transferred where the browser can. */
  | {
      readonly kind: 'channel';
      readonly infoHash: InfoHash;
      /** The hash of a hybrid torrent under which the two met. */
      readonly swarm: InfoHash;
      readonly peer: NodeId;
      readonly isOutbound: boolean;
      /** Names this channel in reports, since a peer may have one after the other. */
      readonly serial: number;
      readonly channel: RTCDataChannel;
    }
  /** Where channels cannot be transferred: the page keeps the channel and passes messages through this port. */
  | {
      readonly kind: 'proxy';
      readonly infoHash: InfoHash;
      readonly swarm: InfoHash;
      readonly peer: NodeId;
      readonly isOutbound: boolean;
      readonly serial: number;
      readonly port: MessagePort;
    }
  /**
   * A channel to whoever will answer an offer, or has made one: the torrent is told later, since a channel can be
   * transferred only when it is new. Its messages are held.
   */
  | { readonly kind: 'hold'; readonly serial: number; readonly channel: RTCDataChannel }
  /** The same where channels cannot be transferred. */
  | { readonly kind: 'holdPort'; readonly serial: number; readonly port: MessagePort }
  /** The held channel of this serial is one to this peer of this torrent. */
  | {
      readonly kind: 'attachHeld';
      readonly infoHash: InfoHash;
      readonly swarm: InfoHash;
      readonly peer: StrangerId;
      readonly isOutbound: boolean;
      /** The peer id by which the stranger knows this side. */
      readonly alias: Uint8Array;
      readonly serial: number;
    }
  /** Nobody will come to the held channel. */
  | { readonly kind: 'dropHeld'; readonly serial: number }
  /** The torrent has no place for this peer any more. */
  | { readonly kind: 'dropPeer'; readonly infoHash: InfoHash; readonly peer: PeerKey }
  /** The link to the peer is gone; its channels with it. */
  | { readonly kind: 'peerGone'; readonly peer: NodeId }
  /** The page is about to end the worker: what is stored is flushed and recorded. Answer: nothing. */
  /** Sends anything back on `port` as many milliseconds later as each number says that comes from there. */
  | { readonly kind: 'alarm'; readonly port: MessagePort }
  | { readonly kind: 'close'; readonly call: number };

export type DownloadSource =
  | ({
      readonly kind: 'magnet';
      readonly infoHash: InfoHash;
      readonly name: string;
      /** Files that it selects, by their place in the torrent's own list; undefined for all. */
      readonly selected: readonly number[] | undefined;
    } & TorrentOrigin)
  /** The file of a torrent: of one that runs by its link it is the metadata. */
  | {
      readonly kind: 'metainfo';
      /** The swarm that it is of: a hybrid torrent has two. */
      readonly infoHash: InfoHash;
      readonly bytes: Uint8Array;
    };

/** Static facts of a torrent, once its metadata is known. */
export interface TorrentSummary {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly totalBytes: number;
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** Without padding. */
  readonly files: readonly FileSummary[];
  /** The padding between files is in the torrent's own list, and links count it (BEP 53): not in v2. */
  readonly listsPadding: boolean;
  /** Tracker URLs that it names. */
  readonly trackers: readonly string[];
  /** SHA-256 of the info dictionary in hex (BEP 52); undefined in v1. */
  readonly infoHashV2: string | undefined;
  /** What it goes by besides, of a hybrid torrent (BEP 52). */
  readonly twin: InfoHash | undefined;
  /** Peers come from the tracker alone (BEP 27). */
  readonly isPrivate: boolean;
  /** Web seeds that it names (BEP 19). */
  readonly webSeeds: readonly string[];
  /** The .torrent file; undefined until the metadata is here. */
  readonly torrentFile: Uint8Array | undefined;
}

/** One file of a torrent. */
export interface FileSummary {
  readonly path: string;
  /** [bytes] */
  readonly size: number;
  /** Its place among the torrent's files, padding included: how requests name it. */
  readonly index: number;
  /** Of its first byte in the run of all files, which the pieces cut. [bytes] */
  readonly offset: number;
  /** In the answer to `share`: its place among the files that were given. A torrent has an order of its own. */
  readonly source?: number | undefined;
}

/** One peer in a progress report. */
export interface WorkerPeer {
  readonly id: PeerKey;
  readonly downBytesPerSecond: number;
  readonly upBytesPerSecond: number;
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  readonly progress: number;
  readonly isChokingUs: boolean;
  readonly isChoked: boolean;
  readonly isInterested: boolean;
  readonly slot: 'none' | 'regular' | 'optimistic';
  /** It has pieces that we lack. */
  readonly isSource: boolean;
  readonly isSnubbed: boolean;
  readonly isInbound: boolean;
  /** Its program, as it says. */
  readonly program: string | undefined;
}

export type WorkerTorrentState = 'finding' | 'checking' | 'downloading' | 'paused' | 'seeding' | 'failed';

export type WorkerErrorCode =
  | 'aborted'
  | 'bad-magnet'
  | 'bad-metainfo'
  | 'not-found'
  | 'not-ready'
  | 'storage-failed'
  | 'storage-full'
  | 'too-large'
  | 'internal';

/** What a reader of a file says on its port. */
export type ReadRequest =
  /** It has room for one chunk. */
  | { readonly kind: 'pull' }
  /** It wants no more. */
  | { readonly kind: 'cancel' };

/** What a reader of a file is told on its port. Nothing follows `end` and `failure`. */
export type ReadReply =
  | { readonly kind: 'chunk'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'end' }
  /** `left` is the page's own word, where the worker was ended. */
  | { readonly kind: 'failure'; readonly code: WorkerErrorCode | 'left'; readonly message: string };

/** Reports of the worker. */
export type WorkerReport =
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly call: number; readonly code: WorkerErrorCode; readonly message: string }
  /** The metadata is here; said again when peers have sent its piece layers, which the torrent file lacked. */
  | { readonly kind: 'metadata'; readonly summary: TorrentSummary }
  /** How far the hashing of a `share` has come, padding included. */
  | { readonly kind: 'hashing'; readonly call: number; readonly doneBytes: number; readonly totalBytes: number }
  /** At every change of state, and up to four times a second while anything moves. */
  | {
      readonly kind: 'progress';
      readonly infoHash: InfoHash;
      readonly state: WorkerTorrentState;
      readonly doneBytes: number;
      readonly totalBytes: number;
      /** Bytes of wanted files that are missing. */
      readonly leftBytes: number;
      /** Nothing that is wanted is missing; also while paused. */
      readonly isComplete: boolean;
      /** Another tab of this profile carries it out; this one takes over when that one goes. */
      readonly isElsewhere: boolean;
      /** What is stored is on disk, and outlives the page. */
      readonly isKept: boolean;
      /** A first seed shows each peer only pieces that nobody else has (BEP 16). */
      readonly isSuperSeeding: boolean;
      readonly downBytesPerSecond: number;
      readonly upBytesPerSecond: number;
      /** On all pages. */
      readonly uploadedBytes: number;
      readonly peers: readonly WorkerPeer[];
      readonly webSeeds: readonly WebSeedInfo[];
      readonly banned: readonly PeerKey[];
      /** `performance.timeOrigin + performance.now()` at the first payload byte of this torrent. [ms] */
      readonly firstByteAt: number | undefined;
      readonly error: { readonly code: WorkerErrorCode; readonly message: string } | undefined;
      /** Only after `askPieces`. */
      readonly pieces: PieceMap | undefined;
    }
  /** The browser lets nothing be stored here: what should have been kept lives in memory. */
  | { readonly kind: 'nothingKept' }
  /** A download that an earlier page left and that goes on: the page finds peers for it. */
  | ({
      readonly kind: 'resumed';
      readonly infoHash: InfoHash;
      readonly name: string;
      /** Files that its link selected, as `Magnet` has them; undefined for all. */
      readonly selected: readonly number[] | undefined;
      /** Peers come from the tracker alone (BEP 27); the metadata says it later than the first report. */
      readonly isPrivate: boolean;
      readonly isComplete: boolean;
      /** What an earlier page set. */
      readonly settings: TransferSettings;
    } & TorrentOrigin)
  /**
   * What an earlier page set for a download that this one asked for by itself, before the worker had resumed it; or what
   * another tab set that carried it out, and is gone. `selected` are the files that the link of either selected, `origin` is what both say.
   */
  | {
      readonly kind: 'settings';
      readonly infoHash: InfoHash;
      readonly selected: readonly number[] | undefined;
      readonly origin: TorrentOrigin;
      readonly settings: TransferSettings;
    }
  /** A share of an earlier page: it is served again, or waits for its person, who may be asked for `handles`. */
  | {
      readonly kind: 'sharedBefore';
      readonly summary: TorrentSummary;
      readonly wait: ShareWait | undefined;
      readonly handles: readonly FileSystemFileHandle[];
      /** What an earlier page set. */
      readonly settings: TransferSettings;
    }
  /** A peer named others of this torrent, by node id (peer exchange). */
  | {
      readonly kind: 'peersFound';
      readonly infoHash: InfoHash;
      readonly peers: readonly NodeId[];
      readonly from: PeerKey;
    }
  /** The channel to this peer ended by itself or by the other side; its id may be used again. */
  | { readonly kind: 'channelClosed'; readonly infoHash: InfoHash; readonly peer: PeerKey; readonly serial: number }
  /** The worker dropped this peer from the torrent and wants it no more. */
  | {
      readonly kind: 'peerDropped';
      readonly infoHash: InfoHash;
      readonly peer: PeerKey;
      readonly serial: number;
      readonly why: string;
    };
