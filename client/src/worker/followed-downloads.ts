import { originOf } from '../swarm/torrent-origin.ts';
import type { InfoHash, Metainfo } from '../swarm/types.ts';
import { PieceSet } from './bitfield.ts';
import { type DownloadPlan, completePlan, pieceCount, recordedMetainfo } from './download-plan.ts';
import type { WorkerReport } from './protocol.ts';
import { Layout } from './storage/layout.ts';
import { type HeldLock, takeLock } from './storage/lock.ts';
import { readComplete } from './storage/opfs.ts';
import type { ResumeRecords } from './storage/resume.ts';
import { stillReport } from './still-report.ts';
import { summarize } from './summary.ts';
import type { ProgressReport, TabNews } from './tab-news.ts';

/** What followed downloads need of the table. */
export interface FollowOwner {
  readonly news: TabNews;
  readonly records: ResumeRecords;
  report(report: WorkerReport): void;
  /** The other tab is gone or has let go of the torrent: it is this tab's now. The lock is the table's from here on. */
  takeOver(plan: DownloadPlan, lock: HeldLock): void;
}

/**
 * Downloads that this tab's person asked for and another tab of the same profile carries out already: one copy on disk
 * is enough, and two writers would spoil it. This tab shows how the other one gets on, reads what is complete, and takes
 * over when the other one goes.
 */
export class FollowedDownloads {
  readonly #owner: FollowOwner;
  /** BOUNDED: by what the person downloads. */
  readonly #following = new Map<InfoHash, AbortController>();

  constructor(owner: FollowOwner) {
    this.#owner = owner;
  }

  has(infoHash: InfoHash): boolean {
    return this.#following.has(infoHash);
  }

  follow(plan: DownloadPlan): void {
    const ending = new AbortController();
    this.#following.set(plan.infoHash, ending);
    this.#owner.report({ ...stillReport(plan.infoHash, 'finding', 0), isElsewhere: true });
    let hasSummary = false;
    // Once the other tab knows, its record says it, too.
    this.#owner.news.addOrigin(plan.infoHash, originOf(plan));
    const stop = this.#owner.news.follow(plan.infoHash, (report) => {
      this.#owner.report(asFollower(report));
      if (hasSummary || report.totalBytes === 0) return;
      hasSummary = true;
      void this.#tellSummary(plan);
    });
    void takeLock(plan.infoHash, undefined, ending.signal).then((lock) => {
      stop();
      if (this.#following.get(plan.infoHash) === ending) this.#following.delete(plan.infoHash);
      if (!lock) return;
      if (ending.signal.aborted) lock.release();
      else this.#owner.takeOver(plan, lock);
    });
  }

  /** Shows it no longer; the other tab goes on. */
  stop(infoHash: InfoHash): void {
    this.#following.get(infoHash)?.abort();
    this.#following.delete(infoHash);
  }

  stopAll(): void {
    for (const infoHash of [...this.#following.keys()]) this.stop(infoHash);
  }

  /** A file that the other tab has stored completely; undefined while it has not. Rejects with `StorageError`. */
  async file(infoHash: InfoHash, index: number): Promise<Blob | undefined> {
    const record = await this.#owner.records.read(infoHash).catch(() => undefined);
    const metainfo = record?.torrentFile && recordedMetainfo(record.infoHash, record.torrentFile);
    if (!metainfo || !isComplete(metainfo, new PieceSet(pieceCount(metainfo), record.bitfield), index))
      return undefined;
    return await readComplete(infoHash, metainfo.files, metainfo.pieceLength, index);
  }

  async #tellSummary(plan: DownloadPlan): Promise<void> {
    const record = await this.#owner.records.read(plan.infoHash).catch(() => undefined);
    const { metainfo } = completePlan(plan, record);
    if (metainfo && this.has(plan.infoHash)) this.#owner.report({ kind: 'metadata', summary: summarize(metainfo) });
  }
}

function asFollower(report: ProgressReport): ProgressReport {
  return { ...report, isElsewhere: true, firstByteAt: undefined };
}

function isComplete(metainfo: Metainfo, stored: PieceSet, index: number): boolean {
  const pieces = new Layout(metainfo.files).pieces(index, metainfo.pieceLength);
  for (let piece = pieces?.first ?? 0; pieces && piece <= pieces.last; piece++) if (!stored.has(piece)) return false;
  return metainfo.files[index] !== undefined;
}
