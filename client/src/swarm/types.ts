import type { Key, NodeId } from '../../../shared/src/ids.ts';

/** A 20-byte info-hash as 40 lower-case hex digits: the SHA-1 of the info dictionary (BEP 3), and an overlay key. */
export type InfoHash = Key;

/** One file of a torrent, in the order in which the pieces run through them. */
export interface TorrentFile {
  /** Path inside the torrent, without the torrent's own name; a single-file torrent has one segment, its name. */
  readonly path: readonly string[];
  /** [bytes] May be 0. */
  readonly length: number;
  /** Offset of the first byte in the concatenation of all files. [bytes] */
  readonly offset: number;
}

/** A decoded and validated metainfo (BEP 3). */
export interface Metainfo {
  readonly infoHash: InfoHash;
  readonly name: string;
  /** [bytes] */
  readonly pieceLength: number;
  /** SHA-1 digests, 20 bytes each, in one array. Empty when the total length is 0. */
  readonly pieceHashes: Uint8Array;
  readonly files: readonly TorrentFile[];
  /** [bytes] */
  readonly totalLength: number;
  /** The bencoded info dictionary, exactly as hashed. */
  readonly infoBytes: Uint8Array;
  /** Tracker URLs, for foreign swarms. */
  readonly trackers: readonly string[];
}

/** What the owner asks of a torrent. */
export type TorrentCommand =
  /** Pauses or resumes: a paused torrent requests nothing and chokes everyone. */
  | { readonly kind: 'setPaused'; readonly isPaused: boolean }
  /** Disconnects everyone. The machine answers nothing after it. */
  | { readonly kind: 'stop' };

/** Inputs of the machine of one torrent. Peers are node ids, proven by their link before the channel exists. */
export type TorrentInput =
  | { readonly kind: 'linkUp'; readonly peer: NodeId; readonly isOutbound: boolean }
  | { readonly kind: 'linkDown'; readonly peer: NodeId }
  /** Bytes of the peer's stream; message borders of the channel mean nothing (BEP 3 is a byte stream). */
  | { readonly kind: 'received'; readonly from: NodeId; readonly bytes: Uint8Array }
  /** The channel's send queue is over its high-water mark: hand out no more blocks for this peer until `writable`. */
  | { readonly kind: 'congested'; readonly peer: NodeId }
  | { readonly kind: 'writable'; readonly peer: NodeId }
  | { readonly kind: 'command'; readonly command: TorrentCommand }
  | { readonly kind: 'effectDone'; readonly effect: number; readonly result: EffectResult }
  | { readonly kind: 'deadline' };

/** How a `run` ended. */
export type EffectResult =
  /** The piece matched its hash and is stored for good; only now may it be announced and served. */
  | { readonly kind: 'stored' }
  /** The piece did not match its hash; its buffer was dropped. */
  | { readonly kind: 'mismatch' }
  /** The metadata matched the info-hash and was decoded. */
  | { readonly kind: 'metadata'; readonly metainfo: Metainfo }
  /** The metadata did not match the info-hash or is not a valid info dictionary. */
  | { readonly kind: 'badMetadata' }
  /** Storage failed; the machine stops requesting until resumed. */
  | { readonly kind: 'failed'; readonly code: 'storage-full' | 'storage-failed' };

/** Slow work of the driver. `keepBlock` and `sendBlock` have no result; the others return as `effectDone`. */
export type TorrentRun =
  /** Copies a wanted block into the buffer of its piece. `bytes` alias the received message. */
  | { readonly kind: 'keepBlock'; readonly piece: number; readonly begin: number; readonly bytes: Uint8Array }
  /** Every block of the piece is in its buffer: hash it, compare, store it, drop the buffer. */
  | { readonly kind: 'finishPiece'; readonly effect: number; readonly piece: number }
  /** Frees the buffer of a piece that is abandoned. */
  | { readonly kind: 'dropPiece'; readonly piece: number }
  /** Reads a stored block and sends it as one `piece` message (header and payload in one channel message). */
  | {
      readonly kind: 'sendBlock';
      readonly to: NodeId;
      readonly piece: number;
      readonly begin: number;
      readonly length: number;
    }
  /** Hash and decode the info dictionary that peers sent (BEP 9). */
  | { readonly kind: 'checkMetadata'; readonly effect: number; readonly infoBytes: Uint8Array };

export type TorrentEvent =
  /** The info dictionary is known: the driver opens storage for it. Once. */
  | { readonly kind: 'metadata'; readonly metainfo: Metainfo }
  | { readonly kind: 'pieceStored'; readonly piece: number }
  /** Every piece is stored. Once; at the start for a seed. */
  | { readonly kind: 'complete' }
  /** A peer sent a piece that does not match its hash, and was dropped for good. */
  | { readonly kind: 'banned'; readonly peer: NodeId; readonly piece: number }
  /** Storage failed: the torrent is paused until `setPaused: false`. */
  | { readonly kind: 'storageFailed'; readonly code: 'storage-full' | 'storage-failed' };

export type TorrentOutput =
  /** Wire bytes, at most one data-channel message. */
  | { readonly kind: 'send'; readonly to: NodeId; readonly bytes: Uint8Array }
  | {
      readonly kind: 'closeLink';
      readonly peer: NodeId;
      readonly why: 'malformed' | 'banned' | 'useless' | 'timeout' | 'stopped';
    }
  | { readonly kind: 'run'; readonly run: TorrentRun }
  | { readonly kind: 'emit'; readonly event: TorrentEvent };

/** One connected peer, for the page. */
export interface TorrentPeerInfo {
  readonly id: NodeId;
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
}

/** What can be read off the machine between inputs. Cheap enough to call four times a second. */
export interface TorrentSnapshot {
  readonly pieceCount: number;
  readonly storedPieces: number;
  /** Bytes of stored pieces. */
  readonly doneBytes: number;
  readonly downBytesPerSecond: number;
  readonly upBytesPerSecond: number;
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
  readonly peers: readonly TorrentPeerInfo[];
  readonly isPaused: boolean;
}

/** How a torrent machine starts. */
export interface TorrentOptions {
  readonly self: NodeId;
  readonly infoHash: InfoHash;
  /** Undefined for a magnet link: the machine asks peers for it (BEP 9). */
  readonly metainfo: Metainfo | undefined;
  /** Pieces already stored and verified; undefined means none. One bit a piece, highest bit first (BEP 3 bitfield). */
  readonly stored: Uint8Array | undefined;
}
