/** Why a torrent file or an info dictionary was refused. A closed list. */
export type MetainfoErrorCode =
  | 'too-large'
  /** Not well-formed, canonical bencode; nested too deep or too many values. */
  | 'not-bencode'
  /** Bencode, but without what BEP 3 or BEP 52 demand, or of other types. */
  | 'not-metainfo'
  /** A `meta version` other than 2. */
  | 'version-unsupported'
  /** The torrent's name is empty, no UTF-8, too long, or would leave its folder. */
  | 'bad-name'
  /** A file's path is empty or absolute, climbs up, holds a separator or NUL, is no UTF-8 or too long. */
  | 'bad-path'
  /** Two files of one path, or a file where another needs a folder. */
  | 'duplicate-path'
  | 'bad-length'
  /** Zero, too large, or in v2 no power of two from 16 KiB on. */
  | 'bad-piece-length'
  /** The number of SHA-1 digests does not fit lengths and piece length. */
  | 'bad-pieces'
  /** A file with content has no root of 32 bytes. */
  | 'bad-pieces-root'
  /** A piece layer is of the wrong length, or its root is not that of its file. */
  | 'bad-piece-layers'
  /** The two file lists of a hybrid torrent name other files, or the padding of the first is not as the second needs it. */
  | 'versions-differ'
  | 'too-many-pieces'
  | 'no-files'
  | 'too-many-files';

const DAMAGED = 'it is damaged, or no torrent at all';
const TOO_LARGE = 'it is larger than this page can handle';
const UNSAFE = 'it names files in a way that is not safe';
const HASHES = 'its hashes do not fit its files';

/** What is wrong, in words for people. */
const REASONS = {
  'too-large': TOO_LARGE,
  'not-bencode': DAMAGED,
  'not-metainfo': DAMAGED,
  'version-unsupported': 'it is of a version that this page does not know',
  'bad-name': UNSAFE,
  'bad-path': UNSAFE,
  'duplicate-path': 'it gives two files one name',
  'bad-length': DAMAGED,
  'bad-piece-length': 'it is cut into pieces of a size that this page cannot handle',
  'bad-pieces': HASHES,
  'bad-pieces-root': HASHES,
  'bad-piece-layers': HASHES,
  'versions-differ': 'its two lists of files differ',
  'too-many-pieces': TOO_LARGE,
  'no-files': 'it has no files',
  'too-many-files': TOO_LARGE,
} as const satisfies Record<MetainfoErrorCode, string>;

/** Whether a value that was stored is one of the list. */
export function isRefusal(value: unknown): value is MetainfoErrorCode {
  return typeof value === 'string' && Object.hasOwn(REASONS, value);
}

/** The sentence for people who wanted to download a torrent that was refused. */
export function refusalText(code: MetainfoErrorCode): string {
  return `This torrent cannot be downloaded here: ${REASONS[code]}. Ask its sender for another one.`;
}
