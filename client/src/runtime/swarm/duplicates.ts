import { SkeinError } from '../../api.ts';
import type { DownloadStarts } from './download-starts.ts';
import type { OpenTorrent } from './open-torrent.ts';
import type { OpenTorrents } from './open-torrents.ts';
import type { WorkerClient } from './worker-client.ts';

/**
 * Hybrid torrents that were begun twice, by their v1 hash and by their v2 hash, which nobody can tell before the metadata of
 * one of them is here (BEP 52). Then the one that has it goes on: the other one has stored nothing. If both have it, as one
 * was removed before and its data kept, the one that was there first does. What a person shares goes on in any case. The other
 * one ends with an error that names it; what is stored of it stays, and is not taken up by the next page.
 */
export class Duplicates {
  readonly #torrents: OpenTorrents;
  readonly #worker: WorkerClient;
  readonly #starts: Pick<DownloadStarts, 'addOrigin'>;
  readonly #ended = new Set<OpenTorrent>();

  constructor(torrents: OpenTorrents, worker: WorkerClient, starts: Pick<DownloadStarts, 'addOrigin'>) {
    this.#torrents = torrents;
    this.#worker = worker;
    this.#starts = starts;
  }

  /** Those that a person has not removed yet. BOUNDED: by what the person downloads. */
  get ended(): Iterable<OpenTorrent> {
    return this.#ended;
  }

  /** The metadata of a torrent is here. With `isShared` it is served from a person's own files. */
  onKnown(torrent: OpenTorrent, isShared: boolean): void {
    const { twin } = torrent.session.places;
    const other = twin && this.#torrents.get(twin);
    // A share that waits for its files gives nothing: what is downloaded is wanted, and goes on beside it.
    if (!other || torrent.session.waitsFor || other.session.waitsFor || !this.#torrents.has(torrent.session.infoHash))
      return;
    const goesOn = isShared || torrent.share || (!other.share && !other.session.summary) ? torrent : other;
    this.#end(goesOn === torrent ? other : torrent, goesOn);
  }

  /** A person has seen it. Undefined for a torrent that goes on. */
  remove(torrent: OpenTorrent, keepData: boolean): Promise<void> | undefined {
    if (!this.#ended.delete(torrent)) return undefined;
    const { infoHash } = torrent.session;
    // It may have been begun once more.
    return this.#torrents.has(infoHash) ? Promise.resolve() : this.#worker.remove(infoHash, keepData, false);
  }

  #end(torrent: OpenTorrent, other: OpenTorrent): void {
    const { session, peers } = torrent;
    this.#torrents.delete(session.infoHash);
    this.#ended.add(torrent);
    peers.stop(false);
    this.#worker.remove(session.infoHash, true, false).catch(() => undefined);
    this.#starts.addOrigin(other, session.places.origin);
    const message =
      `This is the same torrent as “${other.session.name}” (${other.session.infoHash}), which goes on: it has two info-hashes. ` +
      'You can remove this one.';
    session.fail(new SkeinError('duplicate', message));
  }
}
