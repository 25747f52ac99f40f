/** Caps of what describes a torrent: metainfo (BEP 3, 52), its bencoding, and magnet links (BEP 9). */

/** A block: what one request asks for. [bytes] BEP 3: "all current implementations use 2^14". */
export const BLOCK_BYTES = 16 * 1024;

/** Smallest piece length that is chosen here. [bytes] One block. */
export const MIN_PIECE_LENGTH = BLOCK_BYTES;

/** Largest piece length that is chosen here. [bytes] Larger ones delay verifying and waste more on one bad block. */
export const MAX_CHOSEN_PIECE_LENGTH = 16 * 1024 * 1024;

/** Largest piece length that is accepted. [bytes] A piece is held in memory until it is whole. */
export const MAX_PIECE_LENGTH = 64 * 1024 * 1024;

/** Piece count that the choice of a piece length aims not to exceed. 40 kB of hashes: metadata in three messages. */
export const TARGET_PIECE_COUNT = 2048;

/** Largest info dictionary. [bytes] The cap of other clients for metadata from peers, too. */
export const MAX_INFO_BYTES = 10 * 1024 * 1024;

/** Most pieces of a torrent. What 20-byte hashes in `MAX_INFO_BYTES` can name; a bitfield of 64 KiB. */
export const MAX_PIECES = 2 ** 19;

/** Largest torrent file. [bytes] An info dictionary, 32-byte piece layers (BEP 52), and room for trackers. */
export const MAX_TORRENT_FILE_BYTES = MAX_INFO_BYTES + 32 * MAX_PIECES + 1024 * 1024;

/** Most files of a torrent. Above the 10,000 small files that must work, far below what exhausts a tab. */
export const MAX_FILES = 50_000;

/**
 * Most files of a torrent that is created with the hashes of both BEP 3 and BEP 52. Each is there twice, with padding
 * between: about 300 bytes, 6 MB of info dictionary. More files get those of BEP 3 alone.
 */
export const MAX_HYBRID_FILES = 20_000;

/**
 * Share of padding in our own content above which its pieces are made shorter. [fraction] Padding costs no transfer
 * between our own peers, but SHA-1 goes over it, and other clients fetch it.
 */
export const TARGET_PADDING_FRACTION = 1 / 3;

/** Pieces beyond which they are not made shorter for that. A bitfield of 8 KiB, 3.4 MB of hashes. */
export const MAX_PADDED_PIECES = 2 ** 16;

/** Padding beyond which content gets the hashes of BEP 3 alone: so much of the content, and a second's hashing more. */
export const MAX_PADDING_FRACTION = 1 / 2;
export const MAX_PADDING_BYTES = 256 * 1024 * 1024;

/** Most folders above a file. Deeper trees than any file system's path limit allows. */
export const MAX_PATH_SEGMENTS = 64;

/** Longest name of a file or folder. [bytes of UTF-8] The limit of ext4, APFS and NTFS (in units of theirs). */
export const MAX_SEGMENT_BYTES = 255;

/** Most trackers taken from a torrent file or a magnet link. */
export const MAX_TRACKERS = 64;

/** Longest tracker or web-seed URL. [characters] */
export const MAX_URL_LENGTH = 2048;

/** Most file indices taken from a magnet link (`so`, BEP 53), its ranges written out. As many as there can be files. */
export const MAX_SELECTED_FILES = 2 * MAX_FILES;

/** Longest magnet link. [characters] All trackers at full length would still be refused; real links have under 2,000. */
export const MAX_MAGNET_LENGTH = 64 * 1024;

/** Deepest nesting of bencoded lists and dictionaries. A BEP 52 file tree of `MAX_PATH_SEGMENTS` levels takes 68. */
export const MAX_BENCODE_DEPTH = 72;

/** Most values in one bencoded document. Each costs an object: 50,000 files with paths fit, a bomb of `le` does not. */
export const MAX_BENCODE_VALUES = 500_000;

/** Most layers of a file's hash tree (BEP 52). A file of 2^53 bytes in leaves of 16 KiB has 39. */
export const MAX_TREE_HEIGHT = 40;
