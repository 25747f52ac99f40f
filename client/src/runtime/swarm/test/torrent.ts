import { hashToId } from '../../../../../shared/src/ids.ts';
import type { TorrentSummary } from '../../../worker/protocol.ts';
import { summarizeMagnet } from '../../../worker/summary.ts';

/** The torrent that the tests are about. */
export const infoHash = hashToId(new Uint8Array([1]));
export const magnet = `magnet:?xt=urn:btih:${infoHash}&dn=thing`;

/** What the worker says of the torrent: of an empty one, but for what a test changes. */
export function summaryOf(change: Partial<TorrentSummary> = {}): TorrentSummary {
  return { ...summarizeMagnet(infoHash, 'thing'), torrentFile: new Uint8Array([1]), ...change };
}
