import type { Key, NodeId } from '../../../shared/src/ids.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { MetainfoErrorCode } from './metainfo-error.ts';
import type { PeerKey } from './peer-key.ts';
import type { WebBlock, WebSeedInfo } from './web-types.ts';

/**
 * A 20-byte info-hash as 40 lower-case hex digits: the swarm's name on the wire and at trackers, and an overlay key. The
 * SHA-1 of the info dictionary (BEP 3); of a v2-only torrent the first 20 bytes of its SHA-256 (BEP 52).
 */
export type InfoHash = Key;

/** The SHA-256 of an info dictionary (BEP 52) as 64 lower-case hex digits. */
export type InfoHashV2 = string;

/** One file of a torrent, in the order in which the pieces run through them. */
export interface TorrentFile {
  /** Path inside the torrent, without the torrent's own name; a single-file torrent has one segment, its name. */
  readonly path: readonly string[];
  /** [bytes] May be 0. */
  readonly length: number;
  /** Offset of the first byte in the concatenation of all files, padding included. [bytes] */
  readonly offset: number;
  /** Root of the file's hash tree (BEP 52), 32 bytes; undefined in v1, for empty files and for padding. */
  readonly piecesRoot: Uint8Array | undefined;
  /**
   * Zeros that make the next file begin with a piece (BEP 47). Not shown to people and not stored: reads give zeros.
   * A v2-only torrent has such files without listing them (BEP 52: pieces never span files), so files never leave gaps.
   */
  readonly isPadding: boolean;
}

/** Which hashes a torrent has: BEP 3, BEP 52, or both of the same content. */
export type TorrentVersion = 'v1' | 'v2' | 'hybrid';

/** A decoded and validated metainfo (BEP 3, BEP 52). */
export interface Metainfo {
  readonly version: TorrentVersion;
  readonly infoHash: InfoHash;
  /** Undefined in v1. */
  readonly infoHashV2: InfoHashV2 | undefined;
  readonly name: string;
  /** [bytes] */
  readonly pieceLength: number;
  /** SHA-1 digests, 20 bytes each, in one array. Empty when the total length is 0, and in v2-only torrents. */
  readonly pieceHashes: Uint8Array;
  /**
   * For each file the SHA-256 tree hashes of its pieces, 32 bytes each, in one array and checked against `piecesRoot`.
   * A file of one piece has its root for a layer. Undefined for files without a root, and for longer files as long as
   * the layer is not known: layers are no part of the info dictionary, so peers are asked for them (BEP 52). The whole
   * is undefined in v1.
   */
  readonly pieceLayers: readonly (Uint8Array | undefined)[] | undefined;
  readonly files: readonly TorrentFile[];
  /** Length of the concatenation of all files, padding included. [bytes] */
  readonly totalLength: number;
  /** The bencoded info dictionary, exactly as hashed. */
  readonly infoBytes: Uint8Array;
  /** Tracker URLs, for foreign swarms. */
  readonly trackers: readonly string[];
  /** Web seeds (`url-list`, BEP 19), each once. No part of the info dictionary: peers do not send them. */
  readonly webSeeds: readonly string[];
  /** Peers come from the tracker alone: they are named to no others and looked for nowhere else (BEP 27). */
  readonly isPrivate: boolean;
}

/** How much a file is wanted: pieces of higher ones are asked for first, those of skipped ones not at all. */
export type FilePriority = 'skip' | 'low' | 'normal' | 'high';

/**
 * Who named a peer: a provider record of the overlay, the server's tracker, another peer (PEX), or it was linked anyway.
 * `webtorrent`: a tracker that the torrent names introduced a stranger.
 */
export type PeerSource = 'overlay' | 'tracker' | 'exchange' | 'link' | 'webtorrent';

/** What the owner asks of a torrent. */
export type TorrentCommand =
  /** Pauses or resumes: a paused torrent requests nothing and chokes everyone. */
  | { readonly kind: 'setPaused'; readonly isPaused: boolean }
  /**
   * One for each file, in the order of the torrent's files, padding included; missing ones are `normal`. A piece counts
   * as much as the most wanted file in it. Before the metadata is known it is kept until then.
   */
  | { readonly kind: 'setPriorities'; readonly priorities: readonly FilePriority[] }
  /** Most payload a second, each way, of this torrent; undefined for no limit. A limit of 0 counts as 1. [bytes/s] */
  | {
      readonly kind: 'setLimits';
      readonly downBytesPerSecond: number | undefined;
      readonly upBytesPerSecond: number | undefined;
    }
  /** Pieces are asked for in order instead of rarest first, within their priority. */
  | { readonly kind: 'setSequential'; readonly isSequential: boolean }
  /**
   * A player needs the piece at the instant `at` of the machine's clock: it is asked for before all others, earliest
   * deadline first. `Infinity` takes the deadline back. Ignored for pieces that are stored or do not exist.
   */
  | { readonly kind: 'setDeadline'; readonly piece: number; readonly at: Millis }
  /** A first seed shows each peer only pieces that nobody else has (BEP 16), so that it sends few of them twice. */
  | { readonly kind: 'setSuperSeeding'; readonly isSuperSeeding: boolean }
  /** Web seeds that another link names; of all together no more than MAX_WEB_SEEDS are used (BEP 19). */
  | { readonly kind: 'addWebSeeds'; readonly urls: readonly string[] }
  /**
   * The metadata of a magnet link is known without any peer. Of metadata that is known already, only piece layers are taken
   * that are missing. They must be those of its roots.
   */
  | { readonly kind: 'takeMetadata'; readonly metainfo: Metainfo }
  /** Disconnects everyone. The machine answers nothing after it. */
  | { readonly kind: 'stop' };

/** Inputs of the machine of one torrent. Node ids are proven by their link before the channel exists; strangers prove nothing. */
export type TorrentInput =
  | {
      readonly kind: 'linkUp';
      readonly peer: PeerKey;
      readonly isOutbound: boolean;
      /** `link` when it is left out. */
      readonly source?: PeerSource | undefined;
      /** The peer id by which a stranger knows this side, instead of the node id. */
      readonly alias?: Uint8Array | undefined;
      /** The hash of a hybrid torrent under which the two met (BEP 52); the torrent's own when it is left out. */
      readonly swarm?: InfoHash | undefined;
    }
  | { readonly kind: 'linkDown'; readonly peer: PeerKey }
  /** Bytes of the peer's stream; message borders of the channel mean nothing (BEP 3 is a byte stream). */
  | { readonly kind: 'received'; readonly from: PeerKey; readonly bytes: Uint8Array }
  /** The channel's send queue is over its high-water mark: hand out no more blocks for this peer until `writable`. */
  | { readonly kind: 'congested'; readonly peer: PeerKey }
  | { readonly kind: 'writable'; readonly peer: PeerKey }
  | { readonly kind: 'command'; readonly command: TorrentCommand }
  | { readonly kind: 'effectDone'; readonly effect: number; readonly result: EffectResult }
  /** A block of what was asked of a web seed by `fetchWeb`. `bytes` are the machine's. */
  | {
      readonly kind: 'webBlock';
      readonly effect: number;
      readonly piece: number;
      readonly begin: number;
      readonly bytes: Uint8Array;
    }
  /** A block that was kept does not match its leaf. */
  | { readonly kind: 'blockBad'; readonly piece: number; readonly begin: number; readonly from: PeerKey }
  /** A block that was kept for a trial matches its leaf. */
  | { readonly kind: 'blockGood'; readonly piece: number; readonly begin: number; readonly from: PeerKey }
  | { readonly kind: 'deadline' };

/** How a `run` ended. */
export type EffectResult =
  /** The piece matched its hash and is stored for good; only now may it be announced and served. */
  | { readonly kind: 'stored' }
  /** The piece did not match its hash; its buffer was dropped. */
  | { readonly kind: 'mismatch' }
  /** The blocks that begin there do not match their leaves; the rest of the piece is in its buffer as before. */
  | { readonly kind: 'badBlocks'; readonly begins: readonly number[] }
  /** The SHA-256 hashes of the piece's blocks, 32 bytes each (BEP 52). */
  | { readonly kind: 'leaves'; readonly leaves: Uint8Array }
  /** The metadata matched the info-hash and was decoded. */
  | { readonly kind: 'metadata'; readonly metainfo: Metainfo }
  /** The metadata did not match the info-hash. */
  | { readonly kind: 'badMetadata' }
  /** The metadata matched the info-hash, and is no info dictionary that is taken: whoever sent it told the truth. */
  | { readonly kind: 'refusedMetadata'; readonly code: MetainfoErrorCode }
  /** Everything that was asked of the web seed came. */
  | { readonly kind: 'fetched' }
  /** It did not. `isFinal`: asking this web seed again would bring nothing else. */
  | { readonly kind: 'fetchFailed'; readonly isFinal: boolean }
  /** Storage failed; the machine stops requesting until resumed. */
  | { readonly kind: 'failed'; readonly code: 'storage-full' | 'storage-failed' };

/** Slow work of the driver. What has an `effect` returns as `effectDone`; nothing else has a result. */
export type TorrentRun =
  /**
   * Copies a wanted block into the buffer of its piece. `bytes` alias the received message. With its `leaf` (BEP 52) it
   * is hashed at once: a `blockBad` follows if it is another one, and a `blockGood` if it is this one and `isTrial` says
   * that its sender has to prove itself yet.
   */
  | {
      readonly kind: 'keepBlock';
      readonly piece: number;
      readonly begin: number;
      readonly bytes: Uint8Array;
      readonly from: PeerKey;
      readonly leaf: Uint8Array | undefined;
      readonly isTrial: boolean;
    }
  /** The leaves of a piece came after some of its blocks: hashes those that were kept without, as `keepBlock` would have. */
  | { readonly kind: 'checkBlocks'; readonly piece: number; readonly leaves: Uint8Array }
  /**
   * Every block of the piece is in its buffer: check it, store it, drop the buffer. It is right when each block matches
   * its leaf; without `leaves`, when it matches its SHA-1 hash (BEP 3) or, where there is none, its `treeHash` (BEP 52).
   */
  | {
      readonly kind: 'finishPiece';
      readonly effect: number;
      readonly piece: number;
      readonly leaves: Uint8Array | undefined;
      readonly treeHash: Uint8Array | undefined;
    }
  /** Reads a stored piece and hashes its blocks (BEP 52). */
  | { readonly kind: 'hashLeaves'; readonly effect: number; readonly piece: number }
  /** Frees the buffer of a piece that is abandoned. */
  | { readonly kind: 'dropPiece'; readonly piece: number }
  /** Reads a stored block and sends it as one `piece` message (header and payload in one channel message). */
  | {
      readonly kind: 'sendBlock';
      readonly to: PeerKey;
      readonly piece: number;
      readonly begin: number;
      readonly length: number;
    }
  /** Asks a web seed for blocks by HTTP (BEP 19): a `webBlock` follows for each, in order. */
  | { readonly kind: 'fetchWeb'; readonly effect: number; readonly url: string; readonly blocks: readonly WebBlock[] }
  /** Ends such a request. Nothing of it follows. */
  | { readonly kind: 'stopWeb'; readonly effect: number }
  /** Hash and decode the info dictionary that peers sent (BEP 9). */
  | { readonly kind: 'checkMetadata'; readonly effect: number; readonly infoBytes: Uint8Array };

/** A peer that another one named (peer exchange). Nothing of it is proven. */
export interface FoundPeer {
  readonly id: NodeId;
  readonly isSeed: boolean;
  /** The one that named it opened the link to it. */
  readonly isReachable: boolean;
}

export type TorrentEvent =
  /** The info dictionary is known: the driver opens storage for it. Once. */
  | { readonly kind: 'metadata'; readonly metainfo: Metainfo }
  /** What the info-hash names is refused: the machine has stopped, as nobody can send anything else. */
  | { readonly kind: 'metadataRefused'; readonly code: MetainfoErrorCode }
  /** The piece layers are known, too: the metainfo with them (BEP 52). Once, after `metadata`. */
  | { readonly kind: 'pieceLayers'; readonly metainfo: Metainfo }
  | { readonly kind: 'pieceStored'; readonly piece: number }
  /** Every piece that is wanted is stored: at the start for a seed, and again when more was wanted in between. */
  | { readonly kind: 'complete' }
  /** A peer named others, none of which is connected. */
  | { readonly kind: 'peersFound'; readonly peers: readonly FoundPeer[]; readonly from: PeerKey }
  /** A peer sent a piece that does not match its hash, and was dropped for good. */
  | { readonly kind: 'banned'; readonly peer: PeerKey; readonly piece: number }
  /** Storage failed: the torrent is paused until `setPaused: false`. */
  | { readonly kind: 'storageFailed'; readonly code: 'storage-full' | 'storage-failed' };

export type TorrentOutput =
  /** Wire bytes, at most one data-channel message. */
  | { readonly kind: 'send'; readonly to: PeerKey; readonly bytes: Uint8Array }
  | {
      readonly kind: 'closeLink';
      readonly peer: PeerKey;
      readonly why: 'malformed' | 'banned' | 'useless' | 'timeout' | 'stopped';
    }
  | { readonly kind: 'run'; readonly run: TorrentRun }
  | { readonly kind: 'emit'; readonly event: TorrentEvent };

/** One connected peer, for the page. */
export interface TorrentPeerInfo {
  readonly id: PeerKey;
  readonly downBytesPerSecond: number;
  readonly upBytesPerSecond: number;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  /** Pieces the peer has; undefined before the metadata is here. */
  readonly pieces: number | undefined;
  readonly amChoking: boolean;
  readonly amInterested: boolean;
  readonly peerChoking: boolean;
  readonly peerInterested: boolean;
  readonly slot: 'none' | 'regular' | 'optimistic';
  readonly isSnubbed: boolean;
  /** The other side opened the channel. */
  readonly isInbound: boolean;
  readonly source: PeerSource;
  /** The program, as the peer itself says (BEP 10 `v`). */
  readonly program: string | undefined;
}

/** A piece that is partly here. */
export interface OpenPieceInfo {
  readonly piece: number;
  readonly receivedBlocks: number;
  readonly blockCount: number;
}

/** Where the pieces of a torrent are. All empty before the metadata is known. */
export interface PieceMap {
  /** Pieces that are stored, one bit each, highest bit first (BEP 3 bitfield). */
  readonly stored: Uint8Array;
  readonly open: readonly OpenPieceInfo[];
  /** How many connected peers have each piece; 255 stands for more, too. */
  readonly availability: Uint8Array;
}

/** What can be read off the machine between inputs. Cheap enough to call four times a second. */
export interface TorrentSnapshot {
  readonly pieceCount: number;
  readonly storedPieces: number;
  /** Bytes of stored pieces. */
  readonly doneBytes: number;
  /** Bytes of pieces that are wanted and not stored. */
  readonly leftBytes: number;
  /** The metadata is known and every piece that is wanted is stored. */
  readonly isFinished: boolean;
  readonly downBytesPerSecond: number;
  readonly upBytesPerSecond: number;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  /** Bytes of blocks that came and that nobody needed: twice, too late, or unasked. */
  readonly wastedBytes: number;
  readonly peers: readonly TorrentPeerInfo[];
  readonly webSeeds: readonly WebSeedInfo[];
  readonly isPaused: boolean;
  readonly isSequential: boolean;
  readonly isSuperSeeding: boolean;
}

/** How a torrent machine starts. */
export interface TorrentOptions {
  readonly self: NodeId;
  readonly infoHash: InfoHash;
  /** Undefined for a magnet link: the machine asks peers for it (BEP 9). */
  readonly metainfo: Metainfo | undefined;
  /** Pieces already stored and verified; undefined means none. One bit a piece, highest bit first (BEP 3 bitfield). */
  readonly stored: Uint8Array | undefined;
  /** Web seeds that the link named; those of the metainfo are used besides. */
  readonly webSeeds?: readonly string[] | undefined;
  /** Leaves of stored pieces that are known to be right (BEP 52). Others are hashed when a peer asks for them. */
  readonly leaves?: ReadonlyMap<number, Uint8Array> | undefined;
}
