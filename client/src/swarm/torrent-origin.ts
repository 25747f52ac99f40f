import { MAX_TRACKERS } from '../../../shared/src/limits/metainfo.ts';
import type { InfoHashV2 } from './types.ts';

/** What links to a torrent, or the file that it began with, say of where it is to be had. */
export interface TorrentOrigin {
  readonly trackers: readonly string[];
  /** BEP 19. */
  readonly webSeeds: readonly string[];
  /** SHA-256 of the info dictionary in hex (BEP 52), when a link names it: without it there is no link to v2 alone. */
  readonly infoHashV2?: InfoHashV2 | undefined;
}

/** Of a share: it is to be had here. */
export const NO_ORIGIN: TorrentOrigin = { trackers: [], webSeeds: [] };

/** What both say, the words of `first` first; `first` itself when `second` adds nothing. At most MAX_TRACKERS of either kind. */
export function mergeOrigins(first: TorrentOrigin, second: TorrentOrigin): TorrentOrigin {
  const trackers = mergeUrls(first.trackers, second.trackers);
  const webSeeds = mergeUrls(first.webSeeds, second.webSeeds);
  const infoHashV2 = first.infoHashV2 ?? second.infoHashV2;
  const isNew = trackers !== first.trackers || webSeeds !== first.webSeeds || infoHashV2 !== first.infoHashV2;
  return isNew ? { trackers, webSeeds, infoHashV2 } : first;
}

/** Only this, of what says more. */
export function originOf({ trackers, webSeeds, infoHashV2 }: TorrentOrigin): TorrentOrigin {
  return { trackers, webSeeds, infoHashV2 };
}

function mergeUrls(first: readonly string[], second: readonly string[]): readonly string[] {
  const merged = [...new Set([...first, ...second])].slice(0, MAX_TRACKERS);
  return merged.length > first.length ? merged : first;
}
