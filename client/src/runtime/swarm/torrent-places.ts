import { NO_ORIGIN, type TorrentOrigin, mergeOrigins } from '../../swarm/torrent-origin.ts';
import type { InfoHash } from '../../swarm/types.ts';
import type { TorrentSummary } from '../../worker/protocol.ts';

/** Where a torrent is to be had and by which hashes: as it says itself, as its file does, and as links do. */
export class TorrentPlaces {
  readonly infoHash: InfoHash;
  /** What links said, and the torrent file that it began with. */
  #origin: TorrentOrigin;
  /** What its torrent file said. The first counts: whoever gave it out wrote that there. */
  #file: TorrentOrigin | undefined;
  /** Known from the moment that the metadata is here. */
  summary: TorrentSummary | undefined;

  constructor(infoHash: InfoHash, origin: TorrentOrigin) {
    this.infoHash = infoHash;
    this.#origin = origin;
  }

  /** What links to it said. */
  get origin(): TorrentOrigin {
    return this.#origin;
  }

  /** As the torrent says, then as links do. Its hashes are those of the torrent, once that is here. */
  get all(): TorrentOrigin {
    const { infoHashV2 } = this.summary ?? this.#origin;
    const own = mergeOrigins(this.summary ?? NO_ORIGIN, this.#file ?? NO_ORIGIN);
    const { trackers, webSeeds } = mergeOrigins(own, this.#origin);
    return { trackers, webSeeds, infoHashV2 };
  }

  /** Trackers that the torrent names itself, as far as its file was seen, here or on an earlier page. */
  get ownTrackers(): readonly string[] {
    const { trackers = [] } = this.summary ?? {};
    return trackers.length > 0 ? trackers : (this.#file?.trackers ?? []);
  }

  /** The other hash of a hybrid torrent (BEP 52), known with its metadata: it is the same torrent for those who go by that. */
  get twin(): InfoHash | undefined {
    return this.summary?.twin;
  }

  /** What it goes by: its own hash, and the other one. */
  get swarms(): readonly InfoHash[] {
    const { infoHash, twin } = this;
    return twin === undefined ? [infoHash] : [infoHash, twin];
  }

  /** What it goes by where there is room for one: its v1 hash, of which more links are, and what it was opened by. */
  get mainSwarms(): readonly InfoHash[] {
    return this.infoHash === this.infoHashV1 ? [this.infoHash] : this.swarms;
  }

  /** By which programs of version 1 know it, as far as that is known here. */
  get infoHashV1(): InfoHash {
    const { infoHash, twin, summary } = this;
    return twin !== undefined && summary?.infoHashV2?.startsWith(infoHash) === true ? twin : infoHash;
  }

  /** Another link says where else it is to be had. False when nothing is new. */
  add(origin: TorrentOrigin): boolean {
    const merged = mergeOrigins(this.#origin, origin);
    const isNew = merged !== this.#origin;
    this.#origin = merged;
    return isNew;
  }

  /** Its torrent file says so. */
  takeFile(origin: TorrentOrigin): void {
    this.#file ??= origin;
  }

  /** What was known of one that is tried again holds here: of a private one that alone. */
  goOnAs(before: TorrentPlaces, isPrivate: boolean): void {
    this.#file ??= before.#file;
    this.#origin = isPrivate ? before.#origin : mergeOrigins(before.#origin, this.#origin);
  }
}
