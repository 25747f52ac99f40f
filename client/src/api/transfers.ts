import type { FilePriority, PeerSource } from '../swarm/types.ts';
import type { PieceMap, RateLimits } from '../worker/protocol.ts';
import type { SkeinError } from './errors.ts';

export type { FilePriority, PeerSource, PieceMap, RateLimits };

/** How files are shared. */
export interface ShareOptions {
  /** Of the share; by default that of its file or folder. What no file could be called is replaced in it. */
  readonly name?: string;
  /** Ways back to files after a reload, e.g. from `getAsFileSystemHandle`: a share of which all have one comes back by itself. */
  readonly handles?: ReadonlyMap<File, FileSystemFileHandle>;
  /**
   * Super-seeding (BEP 16), for the first seed of new files: each piece leaves it about once, and peers hand it on to each
   * other. It ends by itself when another seed is seen.
   */
  readonly superSeed?: boolean;
  /**
   * Peers come from trackers alone (BEP 27): the overlay is neither told nor asked, and peers do not name each other. From
   * those of `trackers` alone, if there are any, or else from the server's.
   * The same files are another torrent with it than without.
   */
  readonly private?: boolean;
  /**
   * Trackers that its magnet link and torrent file name, as URLs. Those of WebTorrent (`ws:`, `wss:`) are told of it, so
   * that programs which know only WebTorrent can download it; of a private one, one at a time.
   */
  readonly trackers?: readonly string[];
  /** Aborting while the files are hashed ends that, and nothing is shared. Comes too late once they are. */
  readonly signal?: AbortSignal;
  /** Told while the files are hashed; the bytes include padding between files. */
  onProgress?(progress: { readonly doneBytes: number; readonly totalBytes: number }): void;
}

/** How a download begins. */
export interface DownloadOptions {
  /** Aborting removes it, unless it is done: one that was under way already, too. */
  readonly signal?: AbortSignal;
  /**
   * Told why a torrent file is refused that was meant for what is downloaded or shared here already, which goes on as it
   * was. A file that begins a download, and is refused, fails that instead.
   */
  onRefused?(error: SkeinError): void;
}

/** What a torrent says of itself. */
export interface TorrentInfo {
  /** The SHA-1 of the info dictionary (BEP 3) in 40 hex digits. */
  readonly infoHash: string;
  /** The SHA-256 of the info dictionary (BEP 52) in 64 hex digits; undefined for a torrent of version 1. */
  readonly infoHashV2: string | undefined;
  /** [bytes] */
  readonly pieceLength: number;
  readonly pieceCount: number;
  /** The program that made it, when that is known: only torrent files say so, magnet links do not. */
  readonly createdBy: string | undefined;
  /** Tracker URLs that it names. */
  readonly trackers: readonly string[];
  /** Web seeds that it or its link names (BEP 19). */
  readonly webSeeds: readonly string[];
  /** Peers come from the tracker alone (BEP 27). */
  readonly isPrivate: boolean;
}

/** A part of a file. [bytes] */
export interface ByteRange {
  /** By default the start of the file. */
  readonly begin?: number;
  /** One past the last byte; by default the end of the file. */
  readonly end?: number;
}

/** A file of a share or download. */
export interface ShareFile {
  /** Path with `/` between folders; the first segment is not the share's name. */
  readonly path: string;
  readonly size: number;
  /** `normal` unless set; always for a share. */
  readonly priority: FilePriority;
  /** Verified bytes, as of the newest piece map: reading it asks for the next one, as `pieces` does. */
  readonly doneBytes: number;
  /**
   * The verified content. Rejects with `not-ready` before every piece of the file is here, and with `not-found` when the share
   * or download has ended. What is on disk can be read until it is removed from there.
   */
  blob(): Promise<Blob>;
  /**
   * The verified content in order, while it comes: what is read next is fetched first, however the rest is fetched. A
   * file that was skipped is wanted from then on. Throws `bad-argument` for what is no range; what is behind the end of the
   * file is cut off. Errors with `not-found` when the share or download ends, with `left`, and with `not-ready` for the oldest
   * of more than 16 readers of one torrent, or while another tab carries the download out and the file is not complete. A
   * paused download is waited for.
   */
  stream(range?: ByteRange): ReadableStream<Uint8Array>;
  /** `video/…` or `audio/…` by the file's name; undefined for what is neither. */
  readonly mediaType: string | undefined;
  /**
   * An address for `<video>` and `<audio>` of this page, also while the file comes; it holds as long as the page. Has a
   * service worker started. Rejects with `no-service-worker` where there is none, and `bad-argument` for other files.
   */
  mediaUrl(): Promise<string>;
}

/**
 * One peer of a swarm: a node, or one that a WebTorrent tracker introduced (`source` is `webtorrent`). The latter has no
 * node id, but an `id` that begins with `~`, and goes by the name of its program; nothing that it says of itself is proven.
 */
export interface SwarmPeer {
  readonly id: string;
  readonly name: string | undefined;
  readonly downBytesPerSecond: number;
  readonly upBytesPerSecond: number;
  /** Payload that it sent to us and took from us over this connection. */
  readonly downloadedBytes: number;
  readonly uploadedBytes: number;
  /** Fraction of the pieces it has, 0..1. */
  readonly progress: number;
  readonly isChokingUs: boolean;
  readonly isChoked: boolean;
  /** It wants pieces that we have. */
  readonly isInterested: boolean;
  /** It has pieces that we lack. */
  readonly isSource: boolean;
  /** Holds a regular or the optimistic unchoke slot. */
  readonly slot: 'none' | 'regular' | 'optimistic';
  /** It owes us blocks for too long, and is asked for little. */
  readonly isSnubbed: boolean;
  /** The other side opened the channel. */
  readonly isInbound: boolean;
  /** Its program and version, as it says. */
  readonly program: string | undefined;
  /** Who named it to us: `link` for one that was linked anyway or came by itself. */
  readonly source: PeerSource;
  /**
   * The same in the letters that BitTorrent programs show: `D` comes in, `d` would come in but it chokes us, `U` goes
   * out, `u` would go out but we choke it, `K` it would give but we want nothing, `?` we would give but it wants nothing,
   * `O` optimistic slot, `S` snubbed, `I` it came to us, `X` from peer exchange, `H` from the overlay,
   * `W` a WebTorrent tracker introduced it.
   */
  readonly flags: string;
}

/** A server that has the files (BEP 19). `resting`: it failed and is asked again later; `failed` and `banned` are not. */
export interface WebSeedProgress {
  readonly url: string;
  readonly state: 'idle' | 'fetching' | 'resting' | 'failed' | 'banned';
  readonly downBytesPerSecond: number;
  readonly downloadedBytes: number;
}

/**
 * A tracker that the torrent or a link to it names. `idle`: it is not asked, because it does not speak WebTorrent's
 * protocol, others are asked, the torrent does not run, or it is private and only a link names it. `failed`: it is asked again
 * later.
 */
export interface TrackerProgress {
  readonly url: string;
  readonly state: 'idle' | 'asking' | 'answered' | 'failed';
  /** Why it refuses, in its own words. */
  readonly reason: string | undefined;
}

/** Figures of a swarm, four times a second while anything moves. */
export interface SwarmProgress {
  /** Verified bytes. */
  readonly doneBytes: number;
  /** Skipped files included. */
  readonly totalBytes: number;
  /** Bytes of wanted files that are missing. */
  readonly leftBytes: number;
  readonly downBytesPerSecond: number;
  readonly upBytesPerSecond: number;
  /** Given to others since it was first shared or downloaded here, on earlier visits too. */
  readonly uploadedBytes: number;
  /** Bytes given over bytes that are here; undefined while there are none. */
  readonly ratio: number | undefined;
  /** Bytes still missing over the present rate; undefined while nothing comes in. */
  readonly etaMs: number | undefined;
  /** Connected peers, and those of them that have data we lack. */
  readonly peers: number;
  readonly sources: number;
  /** Servers beside the peers; what they send is in `downBytesPerSecond`, too. */
  readonly webSeeds: readonly WebSeedProgress[];
  /** Peers dropped for bad pieces, newest last. */
  readonly banned: readonly { readonly id: string; readonly name: string | undefined }[];
}

/** What can be done with shares and downloads alike. */
export interface Transfer {
  /** Limits of this one; those of the node hold besides. */
  readonly limits: RateLimits;
  /** A way that is left out, or `Infinity`, has none. Throws `bad-argument` for a limit that is not above 0. */
  setLimits(limits: RateLimits): void;
  /** True while it neither takes nor gives: after `pause`, or because storage failed. */
  readonly isPaused: boolean;
  pause(): void;
  resume(): void;
  /** Undefined until the metadata is here. */
  info(): TorrentInfo | undefined;
  /** The trackers that it, or a link to it, names, known before the metadata is here. */
  trackers(): readonly TrackerProgress[];
  /** The newest map of the pieces. Calling it has further ones follow for some seconds, at most four a second. */
  pieces(): PieceMap;
  /** The .torrent file. Throws `not-ready` until the metadata is here. */
  torrentFile(): Blob;
}

/** Files that this node serves to others. */
export interface Share extends Transfer {
  readonly infoHash: string;
  readonly name: string;
  readonly magnet: string;
  readonly files: readonly ShareFile[];
  readonly totalBytes: number;
  readonly progress: SwarmProgress;
  peers(): SwarmPeer[];
  /**
   * Why a share of an earlier visit is not served: `resume`, called in a click, asks for permission to read its files
   * again; or they must be shared again; or they were changed since. Undefined while it is served.
   */
  readonly waitsFor: 'permission' | 'files' | 'changed' | undefined;
  /** Why it is paused though nobody paused it: its files can no longer be read, or code broke. `resume` tries again. */
  readonly error: SkeinError | undefined;
  /** It shows each peer only pieces that nobody else has; false once another seed is seen. */
  readonly isSuperSeeding: boolean;
  setSuperSeeding(isSuperSeeding: boolean): void;
  on(event: 'progress', listener: (progress: SwarmProgress) => void): () => void;
  /** Stops serving it and forgets it. Idempotent. */
  stop(): Promise<void>;
}

/**
 * finding: no metadata yet, or no peer that has data. checking: stored data is being verified.
 * failed: cannot go on by itself; `error` says why.
 */
export type DownloadState = 'finding' | 'checking' | 'downloading' | 'paused' | 'done' | 'failed' | 'removed';

/** Files on their way to this node; iterating gives its progress until it is done or removed, and throws when it fails. */
export interface Download extends Transfer, AsyncIterable<SwarmProgress> {
  readonly infoHash: string;
  /** From the magnet until the metadata is here. */
  readonly name: string;
  readonly magnet: string;
  readonly state: DownloadState;
  /**
   * Another tab of this profile carries it out: this one shows it, pauses it, saves what is complete, and takes over when
   * that one goes. Limits, order and priorities are the other tab's, and setting them here does nothing.
   */
  readonly isElsewhere: boolean;
  /** What is here is on disk: it outlives the page, and `remove` can leave it. What is in memory goes with either. */
  readonly isKept: boolean;
  readonly error: SkeinError | undefined;
  /**
   * Resolves when every piece that is wanted is verified and stored. Rejects with `error` when it fails, and with `aborted`
   * when it is removed. While it is paused, also for want of room, which `error` says, it waits. Handled internally: may
   * be ignored.
   */
  readonly done: Promise<void>;
  readonly progress: SwarmProgress;
  /** From the call of `download` to the first byte of a piece. [ms] */
  readonly firstByteMs: number | undefined;
  /** Empty until the metadata is here. */
  files(): readonly ShareFile[];
  peers(): SwarmPeer[];
  on(event: 'progress' | 'state', listener: () => void): () => void;
  /** Pieces are asked for in order, so that a film can be watched while it comes. */
  readonly isSequential: boolean;
  setSequential(isSequential: boolean): void;
  /**
   * Sets how much files are wanted, by path or index. Throws `not-ready` until the metadata is here, `not-found` for others, and
   * `bad-argument` for no priority.
   */
  setPriority(files: string | number | readonly (string | number)[], priority: FilePriority): void;
  /**
   * Ends it here, and deletes what is stored of it unless `keepData`. What another tab carries out goes on there; files
   * that are shared here, too, stay shared. Idempotent. The same can be downloaded again at once: that is another Download.
   */
  remove(options?: { readonly keepData?: boolean }): Promise<void>;
}
