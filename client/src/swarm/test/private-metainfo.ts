import { buildMetainfo } from '../build-metainfo.ts';
import type { Metainfo } from '../types.ts';

/** A private torrent (BEP 27) of one file of 100 bytes. */
export function privateMetainfo(): Metainfo {
  return buildMetainfo({
    name: 'thing',
    files: [{ path: ['thing'], length: 100 }],
    pieceLength: 16_384,
    pieceHashes: new Uint8Array(20),
    trackers: [],
    isPrivate: true,
  });
}
