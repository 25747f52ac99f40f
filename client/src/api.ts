import type { CallEnd } from './calls/types.ts';
import type { LinkPath } from './ports/links.ts';
import type { FilePriority, PeerSource } from './swarm/types.ts';
import type { PieceMap, RateLimits } from './worker/protocol.ts';

export type { FilePriority, PeerSource, PieceMap, RateLimits };

/** The codes of every error the library rejects with. A closed list: match on these, never on texts. */
export type SkeinErrorCode =
  | 'aborted'
  | 'bad-argument'
  | 'bad-magnet'
  | 'bad-metainfo'
  | 'bad-signature'
  | 'call-ended'
  | 'cas-mismatch'
  | 'expired'
  | 'internal'
  | 'left'
  | 'link-failed'
  | 'media-denied'
  | 'media-failed'
  | 'media-missing'
  | 'no-links'
  | 'no-webrtc'
  | 'not-found'
  | 'not-ready'
  | 'over-budget'
  | 'quota'
  | 'refused'
  | 'stale-sequence'
  | 'storage-failed'
  | 'storage-full'
  | 'timeout'
  | 'too-large'
  | 'unreachable'
  | 'wrong-key';

/** The one error class of the public door. `message` is a sentence for people: what happened and what to do. */
export class SkeinError extends Error {
  readonly code: SkeinErrorCode;

  constructor(code: SkeinErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'SkeinError';
    this.code = code;
  }
}

/** Options of `join`; on the page every one has a default. */
export interface JoinOptions {
  /** Origin of the signaling server. Default: the page's own origin. `false` joins through other tabs only. */
  readonly signaling?: string | false;
  /** Display name, at most 64 bytes of UTF-8. Default: the saved one, or a made-up "amber otter". */
  readonly name?: string;
  /** Default: what the server's `/config.json` says. */
  readonly iceServers?: readonly RTCIceServer[];
  /** `relay`: links and calls use TURN candidates only. Default `all`. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  /** `memory` keeps nothing after the tab is closed. Default `persistent` where the browser allows it. */
  readonly storage?: 'persistent' | 'memory';
  /** Links that the overlay aims for, 3 to 64. Default: 40 on a desktop, 8 on a phone. */
  readonly links?: number;
  /** Aborting leaves the network; before the join it rejects with `aborted`. */
  readonly signal?: AbortSignal;
}

/** The node's state in figures; a new object with every change. */
export interface NodeStatus {
  readonly server: 'connected' | 'connecting' | 'lost';
  /** Why the server is not connected, in plain words. */
  readonly serverDetail?: string;
  /** True from the first finished self-lookup with a link until `leave`. */
  readonly joined: boolean;
  readonly links: number;
  /** Links whose bytes pass through a TURN server. */
  readonly relayed: number;
  /** Contacts in the routing table, linked ones included. */
  readonly known: number;
  /** Estimated peers in the network, this one included. */
  readonly networkSize: number;
  /** False when the page is not a secure context: nothing is kept, and cameras are unavailable. */
  readonly secure: boolean;
  readonly storage: 'persistent' | 'memory';
  /** The newest failed attempt to open a link, until one succeeds. */
  readonly linkProblem?: { readonly peer: string; readonly code: string; readonly message: string };
}

/** One live link. */
export interface LinkInfo {
  readonly id: string;
  readonly name: string;
  readonly path: LinkPath;
  readonly rttMs: number | undefined;
}

/** One contact of the routing table. */
export interface ContactInfo {
  readonly id: string;
  /** Known only for peers that are or were linked. */
  readonly name: string | undefined;
  readonly bucket: number;
  readonly linked: boolean;
  /** No link to it can be opened: what is sent to it goes through common neighbours. */
  readonly virtual: boolean;
  readonly sibling: boolean;
  readonly rttMs: number | undefined;
}

/** How full one bucket of the routing table is. */
export interface BucketInfo {
  /** Length of the prefix that its contacts share with this node's id. [bits] */
  readonly index: number;
  readonly linked: number;
  /** Contacts without a link. */
  readonly known: number;
  /** Contacts that wait for a place. */
  readonly replacements: number;
}

/** A lookup or a read of this node, from its start to its end, for drawings and logs. */
export interface LookupTrace {
  /** The same from start to end. */
  readonly id: number;
  readonly purpose: 'lookup' | 'get' | 'findProviders';
  readonly key: string;
  /** `failed` also when it was cancelled. */
  readonly state: 'running' | 'done' | 'failed';
  /** The way of each answer so far, oldest first: ids from the first hop to the peer that answered. */
  readonly paths: readonly (readonly string[])[];
  /** Ids, nearest first; of a lookup that is done. */
  readonly closest: readonly string[];
}

/** How `lookup` goes about it. */
export interface LookupOptions {
  /** `recursive`: handed on hop by hop, the default. `iterative`: every peer on the way is asked, more slowly. */
  readonly mode?: 'recursive' | 'iterative';
  /**
   * Copies of a recursive lookup that take ways of their own, 1 to 8. From 2 on the closest peers must answer for
   * themselves, so that peers which drop, misroute or lie are found out. Default 1.
   */
  readonly disjoint?: number;
  /** Cancels the lookup. */
  readonly signal?: AbortSignal;
}

export interface LookupResult {
  /** The key as 40 hex digits, hashed where it was not given so. */
  readonly key: string;
  /** Ids, nearest first. */
  readonly closest: readonly string[];
  readonly hops: number;
  readonly ms: number;
  readonly path: readonly string[];
}

/** What became of a `put`. */
export interface PutResult {
  /** The version's number: what `expectedSequence` of the next put may name. */
  readonly sequence: number;
  /** Peers that hold it by now; more follow. */
  readonly replicas: number;
}

/** A record as it is stored. */
export interface StoredRecord {
  readonly bytes: Uint8Array;
  readonly sequence: number;
  /** Id of the peer that signed it. */
  readonly author: string;
  /** [ms since the epoch] */
  readonly expiresAt: number;
}

/** A message sent with `sendTo`, as its receiver sees it. */
export interface AppMessage {
  readonly from: string;
  readonly bytes: Uint8Array;
}

export interface NodeEvents {
  status: NodeStatus;
  link: LinkInfo;
  unlink: { readonly id: string; readonly name: string };
  /** This node shares something: newly, or again after a reload. */
  share: Share;
  /** This node downloads something: newly, or again after a reload. */
  download: Download;
  incomingcall: IncomingCall;
  message: AppMessage;
  /** A lookup, `get` or `findProviders` of this node began, was answered, or ended. The first one comes before the call returns. */
  lookup: LookupTrace;
}

/** What can be done with a running node. */
export interface Node {
  /** 40 hex digits. */
  readonly id: string;
  /** Address of record: a readable name and the key's fingerprint, e.g. `amber-otter.k7f3…`. */
  readonly address: string;
  /** Display name. */
  readonly name: string;
  readonly status: NodeStatus;
  /** What is shared and downloaded now. */
  readonly shares: readonly Share[];
  readonly downloads: readonly Download[];
  readonly calls: readonly Call[];
  links(): LinkInfo[];
  contacts(): ContactInfo[];
  /** The buckets that hold somebody, shortest prefix first. */
  buckets(): BucketInfo[];
  /** Listens to an event; returns what stops listening. */
  on<E extends keyof NodeEvents>(event: E, listener: (payload: NodeEvents[E]) => void): () => void;
  /** Changes the display name, for links made from now on and for calls. */
  rename(name: string): void;
  /** Says BYE, closes every link and stops. Idempotent. */
  leave(): Promise<void>;

  lookup(key: string | Uint8Array, options?: LookupOptions): Promise<LookupResult>;
  /**
   * Stores at most 1 KiB under a key: 40 hex digits, or any bytes, which are hashed. With `expectedSequence` only over that
   * version (0: over none): otherwise it rejects with `cas-mismatch`. A key belongs to its first author while the record
   * lives: another one gets `wrong-key`.
   */
  put(
    key: string | Uint8Array,
    bytes: Uint8Array,
    options?: { readonly ttlMs?: number; readonly expectedSequence?: number },
  ): Promise<PutResult>;
  /** Popular keys are read up to 10 s late unless `fresh`. */
  get(key: string | Uint8Array, options?: { readonly fresh?: boolean }): Promise<Uint8Array | undefined>;
  /** The same with author, version and expiry. */
  getRecord(key: string | Uint8Array, options?: { readonly fresh?: boolean }): Promise<StoredRecord | undefined>;
  remove(key: string | Uint8Array): Promise<void>;
  publish(key: string | Uint8Array): Promise<void>;
  unpublish(key: string | Uint8Array): Promise<void>;
  findProviders(key: string | Uint8Array): Promise<string[]>;
  /**
   * Sends a sealed message of at most 8 KiB to `replicas` distinct providers of a key (default 1), asking further ones in
   * place of those that do not answer; to the peer of that id when nobody provides the key. Resolves to how many got it.
   */
  sendTo(key: string | Uint8Array, message: Uint8Array, options?: { readonly replicas?: number }): Promise<number>;
  /** Opens a link to a peer, e.g. to see whether it can be reached. */
  connect(id: string): Promise<LinkInfo>;

  /** What all shares and downloads together may take of this machine's connection. */
  readonly limits: RateLimits;
  /** Sets the limits of all shares and downloads together; a way that is left out has none. Not kept over a reload. */
  setLimits(limits: RateLimits): void;
  share(files: readonly File[], options?: ShareOptions): Promise<Share>;
  /**
   * Starts a download from a magnet link or a torrent file; the same info-hash gives the same Download. Throws
   * `bad-magnet` or `bad-metainfo`, and `not-ready` while the code for files is not here, which `join` waits for a while.
   */
  download(source: string | Uint8Array, options?: { readonly signal?: AbortSignal }): Download;
  /** Calls a person by address or id. Resolves when the INVITE is on its way; rejects when media was refused. */
  call(who: string, media: CallMedia): Promise<Call>;
}

/** How files are shared. */
export interface ShareOptions {
  /** Of the share; by default that of its file or folder. */
  readonly name?: string;
  /** Ways back to files after a reload, e.g. from `getAsFileSystemHandle`: a share of which all have one comes back by itself. */
  readonly handles?: ReadonlyMap<File, FileSystemFileHandle>;
  /** Told while the files are hashed; the bytes include padding between files. */
  onProgress?(progress: { readonly doneBytes: number; readonly totalBytes: number }): void;
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
  /** The verified content. Rejects with `not-ready` before every piece of the file is here. */
  blob(): Promise<Blob>;
  stream(): ReadableStream<Uint8Array>;
}

/** One peer of a swarm. */
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
  /** Who named it to us: `link` for one that was linked anyway or came by itself. */
  readonly source: PeerSource;
  /**
   * The same in the letters that BitTorrent programs show: `D` comes in, `d` would come in but it chokes us, `U` goes
   * out, `u` would go out but we choke it, `K` it would give but we want nothing, `?` we would give but it wants nothing,
   * `O` optimistic slot, `S` snubbed, `I` it came to us, `X` from peer exchange, `H` from the overlay.
   */
  readonly flags: string;
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
  readonly uploadedBytes: number;
  /** Bytes given over bytes that are here; undefined while there are none. */
  readonly ratio: number | undefined;
  /** Bytes still missing over the present rate; undefined while nothing comes in. */
  readonly etaMs: number | undefined;
  /** Connected peers, and those of them that have data we lack. */
  readonly peers: number;
  readonly sources: number;
  /** Peers dropped for bad pieces, newest last. */
  readonly banned: readonly { readonly id: string; readonly name: string | undefined }[];
}

/** What can be done with shares and downloads alike. */
export interface Transfer {
  /** Limits of this one; those of the node hold besides. */
  readonly limits: RateLimits;
  setLimits(limits: RateLimits): void;
  /** True while it neither takes nor gives: after `pause`, or because storage failed. */
  readonly isPaused: boolean;
  pause(): void;
  resume(): void;
  /** Undefined until the metadata is here. */
  info(): TorrentInfo | undefined;
  /** The newest map of the pieces. Calling it has further ones follow for some seconds, at most four a second. */
  pieces(): PieceMap;
  /** The .torrent file. Throws `not-ready` until the metadata is here. */
  torrentFile(): Blob;
}

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
  on(event: 'progress', listener: (progress: SwarmProgress) => void): () => void;
  /** Stops serving it and forgets it. Idempotent. */
  stop(): Promise<void>;
}

/**
 * finding: no metadata yet, or no peer that has data. checking: stored data is being verified.
 * failed: cannot go on by itself; `error` says why.
 */
export type DownloadState = 'finding' | 'checking' | 'downloading' | 'paused' | 'done' | 'failed' | 'removed';

export interface Download extends Transfer, AsyncIterable<SwarmProgress> {
  readonly infoHash: string;
  /** From the magnet until the metadata is here. */
  readonly name: string;
  readonly magnet: string;
  readonly state: DownloadState;
  /** Another tab of this profile carries it out: this one shows it, saves what is complete, and takes over when that one goes. */
  readonly isElsewhere: boolean;
  readonly error: SkeinError | undefined;
  /** Resolves when every piece that is wanted is verified and stored; rejects with a SkeinError. Handled internally: may be ignored. */
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
  /** Sets how much files are wanted, by path or index. Throws `not-ready` until the metadata is here, `not-found` for others. */
  setPriority(files: string | number | readonly (string | number)[], priority: FilePriority): void;
  remove(options?: { readonly keepData?: boolean }): Promise<void>;
}

export interface CallMedia {
  readonly audio: boolean;
  readonly video: boolean;
}

export type CallState = 'trying' | 'ringing' | 'established' | 'ended';

/** Why a call ended, in the words the page shows. */
export type CallEndReason = CallEnd;

export interface CallStats {
  readonly rttMs: number | undefined;
  readonly audioBytesReceived: number;
  readonly videoBytesReceived: number;
  readonly framesDecoded: number;
  readonly frameWidth: number | undefined;
  readonly frameHeight: number | undefined;
  readonly packetsLost: number;
}

export interface CallEvents {
  state: CallState;
  /** The media path is known or changed. */
  path: LinkPath | undefined;
  /** `localStream` or `remoteStream` changed. */
  stream: undefined;
  /** Local or remote mute, or camera off. */
  media: undefined;
}

export interface Call {
  readonly id: string;
  readonly direction: 'outgoing' | 'incoming';
  readonly peer: { readonly id: string; readonly name: string | undefined };
  readonly state: CallState;
  readonly endReason: CallEndReason | undefined;
  /** A sentence for people about the end or about trouble: what happened, and what to do. */
  readonly detail: string | undefined;
  readonly path: LinkPath | undefined;
  /** Monotonic instant (`performance.now`) at which the call was established. */
  readonly establishedAt: number | undefined;
  readonly localStream: MediaStream | undefined;
  readonly remoteStream: MediaStream | undefined;
  readonly muted: { readonly audio: boolean; readonly video: boolean };
  /** What the other side says it has muted. */
  readonly remoteMuted: { readonly audio: boolean; readonly video: boolean };
  /** Mute the microphone, or switch the camera off. */
  mute(kind: 'audio' | 'video', on: boolean): void;
  hangUp(): void;
  stats(): Promise<CallStats>;
  on<E extends keyof CallEvents>(event: E, listener: (payload: CallEvents[E]) => void): () => void;
}

export interface IncomingCall extends Call {
  /** What the caller asks for. */
  readonly offered: CallMedia;
  /** Rejects with `media-denied` or `media-missing` and keeps ringing, so that another choice can be made. */
  answer(media: CallMedia): Promise<void>;
  reject(reason: 'busy' | 'decline'): void;
  /** Stops ringing here and says nothing. */
  ignore(): void;
}
