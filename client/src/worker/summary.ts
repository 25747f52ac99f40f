import type { ContentPlan } from '../swarm/build-metainfo.ts';
import { contentLengthOf } from '../swarm/content-length.ts';
import { encodeTorrentFile, twinOf } from '../swarm/metainfo.ts';
import type { InfoHash, Metainfo } from '../swarm/types.ts';
import type { TorrentSummary } from './protocol.ts';

/** What the page is told of a torrent whose metadata is known. */
export function summarize(metainfo: Metainfo): TorrentSummary {
  return {
    infoHash: metainfo.infoHash,
    name: metainfo.name,
    totalBytes: contentLengthOf(metainfo),
    pieceLength: metainfo.pieceLength,
    pieceCount: Math.ceil(metainfo.totalLength / metainfo.pieceLength),
    files: metainfo.files
      .map(({ path, length, offset }, index) => ({ path: path.join('/'), size: length, offset, index }))
      .filter(({ index }) => metainfo.files[index]?.isPadding !== true),
    listsPadding: metainfo.version !== 'v2',
    trackers: metainfo.trackers,
    infoHashV2: metainfo.infoHashV2,
    twin: twinOf(metainfo),
    isPrivate: metainfo.isPrivate,
    webSeeds: metainfo.webSeeds,
    torrentFile: encodeTorrentFile(metainfo),
  };
}

/** What the page is told of a torrent that was made of its files: which of them is which. */
export function summarizeShare(metainfo: Metainfo, plan: ContentPlan): TorrentSummary {
  const summary = summarize(metainfo);
  return { ...summary, files: summary.files.map((file) => ({ ...file, source: plan.files[file.index]?.source })) };
}

/** What the page is told of a magnet link while nobody has sent the metadata. */
export function summarizeMagnet(infoHash: InfoHash, name: string): TorrentSummary {
  return {
    infoHash,
    name,
    totalBytes: 0,
    pieceLength: 0,
    pieceCount: 0,
    files: [],
    listsPadding: true,
    trackers: [],
    infoHashV2: undefined,
    twin: undefined,
    isPrivate: false,
    webSeeds: [],
    torrentFile: undefined,
  };
}
