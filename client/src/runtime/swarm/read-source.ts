import { parseNodeId } from '../../../../shared/src/ids.ts';
import { SkeinError } from '../../api.ts';
import { parseMagnet } from '../../swarm/magnet.ts';
import { refusalText } from '../../swarm/metainfo-error.ts';
import { outlineTorrentFile } from '../../swarm/torrent-outline.ts';
import type { TorrentOrigin } from '../../swarm/torrent-origin.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { DownloadSource } from '../../worker/protocol.ts';

/** What a download begins with. */
export interface ReadSource {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly origin: TorrentOrigin;
  readonly createdBy: string | undefined;
  /** Peers come from the tracker alone (BEP 27). Of a link that is not known yet. */
  readonly isPrivate: boolean;
  /** The files to download, as `Magnet` has them; undefined for all. */
  readonly selected: readonly number[] | undefined;
  readonly request: DownloadSource;
}

/**
 * Reads what a download begins with. Throws `bad-magnet` or `bad-metainfo`, and `bad-argument` for anything else. The list of files of a
 * torrent file is for the worker to read and to refuse: here it would hold the page up.
 */
export function readSource(source: string | Uint8Array): ReadSource {
  if (typeof source !== 'string') {
    if (!(source instanceof Uint8Array))
      throw new SkeinError(
        'bad-argument',
        'A download takes a magnet link, or the bytes of a torrent file as Uint8Array.',
      );
    const outline = outlineTorrentFile(source);
    if (!outline.ok) throw new SkeinError('bad-metainfo', refusalText(outline.error));
    const { infoHash, infoHashV2, name, trackers, webSeeds, isPrivate, createdBy } = outline.value;
    const request = { kind: 'metainfo', infoHash, bytes: source } as const;
    const origin = { trackers, webSeeds, infoHashV2 };
    return { infoHash, name, origin, createdBy, isPrivate, selected: undefined, request };
  }
  const bare = parseNodeId(source.trim().toLowerCase());
  const magnet = bare ? undefined : parseMagnet(source.trim());
  if (magnet && !magnet.ok) {
    throw new SkeinError(
      'bad-magnet',
      'This is not a magnet link that names a torrent. Copy the whole link and try again.',
    );
  }
  const infoHash = bare ?? magnet?.value.infoHash;
  if (!infoHash) throw new SkeinError('bad-magnet', 'This is not a magnet link. Copy the whole link and try again.');
  const name = magnet?.value.name || infoHash.slice(0, 12);
  const trackers = magnet?.value.trackers ?? [];
  const { webSeeds = [], selected, infoHashV2 } = magnet?.value ?? {};
  const origin = { trackers, webSeeds, infoHashV2 };
  const request = { kind: 'magnet', infoHash, name, ...origin, selected } as const;
  return { infoHash, name, origin, createdBy: undefined, isPrivate: false, selected, request };
}
