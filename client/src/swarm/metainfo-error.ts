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
