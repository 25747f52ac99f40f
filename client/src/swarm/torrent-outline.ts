import { utf8Decode } from '../../../shared/src/bytes.ts';
import { MAX_INFO_BYTES, MAX_TORRENT_FILE_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { type Result, err, ok } from '../../../shared/src/result.ts';
import { bytesOf, integerOf } from './bencode.ts';
import { decodeEntries, pickEntries } from './bencode-entries.ts';
import type { MetainfoErrorCode } from './metainfo-error.ts';
import { infoHashV2Of, nameOf, swarmHashOf, trackersOf, versionOf, webSeedsOf } from './metainfo.ts';
import type { InfoHash, InfoHashV2 } from './types.ts';

/** What a torrent file says besides what it is made of. */
export interface TorrentOutline {
  readonly infoHash: InfoHash;
  /** Undefined in v1. */
  readonly infoHashV2: InfoHashV2 | undefined;
  readonly name: string;
  readonly trackers: readonly string[];
  readonly webSeeds: readonly string[];
  /** Peers come from the tracker alone (BEP 27). */
  readonly isPrivate: boolean;
  /** The program that made it, as it says itself (BEP 3 extension `created by`). */
  readonly createdBy: string | undefined;
}

/** Longest name of a program that is shown. [UTF-16 units] */
const MAX_CREATOR_LENGTH = 100;

/**
 * Reads of a torrent file what can be had without its list of files: enough to begin a download of it, in a fraction of
 * the time of `decodeTorrentFile`, which has the last word on whether it is taken. Total.
 */
export function outlineTorrentFile(bytes: Uint8Array): Result<TorrentOutline, MetainfoErrorCode> {
  if (bytes.length > MAX_TORRENT_FILE_BYTES) return err('too-large');
  const document = decodeEntries(bytes, ['announce', 'announce-list', 'created by', 'url-list']);
  if (!document) return err('not-bencode');
  const infoBytes = pickEntries(bytes, ['info'])?.get('info');
  const info = infoBytes && decodeEntries(infoBytes, ['meta version', 'name', 'name.utf-8', 'pieces', 'private']);
  if (!info) return err('not-metainfo');
  if (infoBytes.length > MAX_INFO_BYTES) return err('too-large');
  const version = versionOf(info);
  if (!version.ok) return version;
  const name = nameOf(info);
  if (name === undefined) return err('bad-name');
  return ok({
    infoHash: swarmHashOf(infoBytes, version.value),
    infoHashV2: version.value === 'v1' ? undefined : infoHashV2Of(infoBytes),
    name,
    trackers: trackersOf(document),
    webSeeds: webSeedsOf(document),
    isPrivate: integerOf(info, 'private') === 1,
    createdBy:
      utf8Decode(bytesOf(document, 'created by') ?? new Uint8Array(0))?.slice(0, MAX_CREATOR_LENGTH) || undefined,
  });
}
