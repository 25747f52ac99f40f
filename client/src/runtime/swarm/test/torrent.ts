import { hashToId } from '../../../../../shared/src/ids.ts';
import type { TorrentSummary } from '../../../worker/protocol.ts';

/** The torrent that the tests are about. */
export const infoHash = hashToId(new Uint8Array([1]));
export const magnet = `magnet:?xt=urn:btih:${infoHash}&dn=thing`;

/** What the worker says of the torrent: of an empty one, but for what a test changes. */
export function summaryOf(change: Partial<TorrentSummary> = {}): TorrentSummary {
  return {
    infoHash,
    name: 'thing',
    totalBytes: 0,
    pieceLength: 0,
    pieceCount: 0,
    files: [],
    trackers: [],
    infoHashV2: undefined,
    isPrivate: false,
    webSeeds: [],
    torrentFile: new Uint8Array([1]),
    ...change,
  };
}
