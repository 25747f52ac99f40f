import type { Call, CallOptions, IncomingCall } from './calls.ts';
import type { BucketInfo, ContactInfo, LinkInfo, LookupOptions, LookupResult, LookupTrace } from './network.ts';
import type { PutResult, StoredRecord } from './records.ts';
import type { Download, DownloadOptions, RateLimits, Share, ShareOptions } from './transfers.ts';

/** Options of `join`; on the page every one has a default. */
export interface JoinOptions {
  /**
   * Origin of the signaling server, as `https://skein.example`; without its scheme, http or https, it is refused with
   * `bad-argument`. Default: the page's own origin. `false` joins through other tabs only.
   */
  readonly signaling?: string | false;
  /** Display name, of which the first 64 bytes of UTF-8 count. Default: the saved one, or a made-up "amber otter". */
  readonly name?: string;
  /** Default: what the server's `/config.json` says. */
  readonly iceServers?: readonly RTCIceServer[];
  /** `relay`: links and calls use TURN candidates only. Default `all`. */
  readonly iceTransportPolicy?: RTCIceTransportPolicy;
  /** `memory` keeps nothing after the tab is closed. Default `persistent` where the browser allows it. */
  readonly storage?: 'persistent' | 'memory';
  /** Links that the overlay aims for, 3 to 64, or the nearest of those. Default: 40 on a desktop, 8 on a phone. */
  readonly links?: number;
  /**
   * Address of the service worker that plays files, which the built page has as `media-worker.js`. It must lie in the
   * page's folder or above. Default: `media-worker.js` beside the page.
   */
  readonly mediaWorker?: string;
  /** Aborting leaves the network, as `leave` does; before the node is given out `join` then rejects with `aborted`. */
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

/** A message sent with `sendTo`, as its receiver sees it. */
export interface AppMessage {
  readonly from: string;
  readonly bytes: Uint8Array;
}

/** What a node tells, by the event's name. */
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
  /** Changes the display name, for links made from now on and for calls. What is too long is cut off, as by `join`. */
  rename(name: string): void;
  /**
   * Hangs up, says BYE, closes every link and stops. Called again, it resolves with the first time. Downloads that are not
   * done fail with `left`; those that are kept go on with the next join. What is asked of the node from then on rejects, or
   * throws, with `left`.
   */
  leave(): Promise<void>;

  /**
   * Finds the peers closest to a key, which is 40 hex digits in lower case, or any other text or bytes, which are hashed.
   * Rejects with `aborted` and `bad-argument`; and, as all that reads and writes below, with `timeout` after some seconds, with
   * `no-links` or `unreachable` when nobody could be asked, and with `refused` when some 2,000 things are asked for already.
   */
  lookup(key: string | Uint8Array, options?: LookupOptions): Promise<LookupResult>;
  /**
   * Stores 1 byte to 1 KiB (else `bad-argument`, `too-large`) under a key for `ttlMs`: by default an hour, at most two. It is
   * gone then, unless it is put again before. Keepers take 64 records of one peer (`quota`). The bytes are copied at once.
   * With `expectedSequence` only over that version (0: over none), or where no record is any more: otherwise it rejects with
   * `cas-mismatch`, or with `uncertain` when some keepers may have taken it, but most refused or did not say. It may still win
   * then: keepers agree within two minutes. After that `getRecord` with `fresh` reads it from a quorum; ours is stored when
   * author, bytes and `sequence` are those of the put, and `sequence` is on the error. A key belongs to its first author while
   * the record lives: another one gets `wrong-key`. `stale-sequence` and `expired` mean that a clock was wrong, most likely this
   * device's, or that `ttlMs` was shorter than the way to the keepers.
   */
  put(
    key: string | Uint8Array,
    bytes: Uint8Array,
    options?: { readonly ttlMs?: number; readonly expectedSequence?: number },
  ): Promise<PutResult>;
  /** Undefined when nobody holds one. Popular keys are read up to 10 s late, and slow keepers not waited for, unless `fresh`. */
  get(key: string | Uint8Array, options?: { readonly fresh?: boolean }): Promise<Uint8Array | undefined>;
  /** The same with author, version and expiry. */
  getRecord(key: string | Uint8Array, options?: { readonly fresh?: boolean }): Promise<StoredRecord | undefined>;
  /**
   * Puts an end in the place of this peer's record, or of none: the key stays this peer's for two hours, as one of its 64.
   * Rejects as `put` does, with `wrong-key` for another author's.
   */
  remove(key: string | Uint8Array): Promise<void>;
  /**
   * Announces this peer as a provider until `unpublish`. Resolves when a keeper has it. When it rejects, it is announced again
   * every minute all the same; only with `quota` for more than 1,124 keys, those of shares and downloads included, it is not.
   */
  publish(key: string | Uint8Array): Promise<void>;
  /**
   * Resolves once most of the peers that keep the announcement have dropped it. Rejects, with `quota` for example, when they
   * did not: it is tried again every minute, and the announcement ends after ten minutes in any case. Ask again to hear more.
   */
  unpublish(key: string | Uint8Array): Promise<void>;
  /** Their ids, this peer's included; none is no error. Those of a popular key are told up to 10 s late unless `fresh`. */
  findProviders(key: string | Uint8Array, options?: { readonly fresh?: boolean }): Promise<string[]>;
  /**
   * Sends a sealed message of at most 8 KiB to `replicas` distinct providers of a key (default 1), asking further ones in
   * place of those that do not answer; to the peer of that id when nobody provides the key. Resolves to how many got it, 10 s
   * after the providers are known at the latest: 0 when nobody did. This peer is none of them. One that is silent for a second
   * gets company, so more may get it than asked for. Rejects with `too-large`, and when the providers could not be looked up.
   * The bytes are copied at once.
   */
  sendTo(key: string | Uint8Array, message: Uint8Array, options?: { readonly replicas?: number }): Promise<number>;
  /**
   * Opens a link to a peer by id or address, e.g. to see whether it can be reached, or resolves to the one that is up.
   * Rejects with `not-found` when nobody could tell its keys, and else with `unreachable`, `timeout`, `over-budget` or
   * `link-failed`.
   */
  connect(id: string): Promise<LinkInfo>;

  /** What all shares and downloads together may take of this machine's connection. */
  readonly limits: RateLimits;
  /**
   * Sets the limits of all shares and downloads together; a way that is left out, or `Infinity`, has none. Not kept over a
   * reload. Throws `bad-argument` for one that is not above 0.
   */
  setLimits(limits: RateLimits): void;
  /**
   * Shares files where they are. The same files under the same name give the same Share, which goes on if it was paused,
   * until it is stopped. Rejects, before any is read, with `bad-argument` for none or more than 50,000, for what are no `File`
   * objects (handles, for example) and for trackers that are no URLs or more than 64, with `too-large` for names and folders that are too much for one torrent, and with
   * `over-budget` where 1,000 shares and downloads are open; later with `storage-failed` for a file that can no longer be
   * read, and with `aborted` when its signal is, before the files are hashed.
   */
  share(files: readonly File[], options?: ShareOptions): Promise<Share>;
  /**
   * Starts a download from a magnet link or a torrent file. The same info-hash, or the other one of a hybrid torrent whose
   * metadata is here, gives the same Download, until that is removed, and adds the trackers and web seeds of this link to it,
   * unless it is private; a torrent file also has the metadata known at once, if no peer has sent it, and names the trackers
   * of a private one. One that was refused is tried again as a new Download, with the limits, the order and the files that
   * were chosen. Throws `bad-magnet` or `bad-metainfo`, `bad-argument` for neither text nor bytes, `over-budget` as `share`, `aborted` for a signal that is so already,
   * and `not-ready` while the code for files is not here, which `join` waits for a while. A torrent file that is refused for its
   * list of files, which is read off the page, fails with `bad-metainfo` instead.
   */
  download(source: string | Uint8Array, options?: DownloadOptions): Download;
  /**
   * Calls a person by address or id, or answers that person's call, if it rings here: then the call is an incoming one.
   * Resolves when microphone and camera are open and the INVITE is on its way. Rejects with `media-denied`, `media-missing` or
   * `media-failed`, with `refused` while there is another call, with `bad-argument` for what is no address or is our own, with
   * `call-ended` when it was over before that, with `aborted` by its signal, and with `internal` when the code for calls could
   * not be fetched.
   */
  call(who: string, options: CallOptions): Promise<Call>;
}
