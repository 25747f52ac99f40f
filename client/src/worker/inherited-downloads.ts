import { originOf } from '../swarm/torrent-origin.ts';
import type { InfoHash } from '../swarm/types.ts';
import { PieceSet } from './bitfield.ts';
import { type DownloadPlan, completePlan, pieceCount, planResume } from './download-plan.ts';
import { describeError } from './errors.ts';
import type { WorkerReport } from './protocol.ts';
import { type HeldLock, takeLock } from './storage/lock.ts';
import { readToBegin, wasRemoved } from './storage/removals.ts';
import type { ResumeRecord, ResumeRecords } from './storage/resume.ts';
import { stillReport } from './still-report.ts';
import { summarize } from './summary.ts';
import type { Turns } from './turns.ts';

/** What inherited downloads need of the table. */
export interface InheritedHost {
  readonly records: Pick<ResumeRecords, 'read' | 'remove'>;
  readonly running: {
    has(infoHash: InfoHash): boolean;
    begin(plan: DownloadPlan, lock: HeldLock, record: ResumeRecord | undefined): Promise<void>;
  };
  readonly turns: Turns;
  report(report: WorkerReport): void;
}

/**
 * Downloads that somebody else began and that become this tab's with their lock: those that an earlier page left, and
 * those of another tab that went away.
 */
export class InheritedDownloads {
  readonly #host: InheritedHost;
  /** Ends the wait of a download, left by an earlier page, for another tab's lock. BOUNDED: by the records. */
  readonly #waiting = new Map<InfoHash, AbortController>();

  constructor(host: InheritedHost) {
    this.#host = host;
  }

  /** Goes on with a download of an earlier page, as soon as no other tab does. */
  resumeLater(infoHash: InfoHash): void {
    const patience = new AbortController();
    this.#waiting.set(infoHash, patience);
    void takeLock(infoHash, undefined, patience.signal).then(async (lock) => {
      if (this.#waiting.get(infoHash) === patience) this.#waiting.delete(infoHash);
      // Granted just before the page asked for it by itself, which now waits for the lock.
      if (patience.signal.aborted) lock?.release();
      else if (lock) await this.#carryOn(infoHash, lock, () => this.#resume(infoHash, lock));
    });
  }

  /** Waits no longer to go on with it. */
  stop(infoHash: InfoHash): void {
    this.#waiting.get(infoHash)?.abort();
  }

  stopAll(): void {
    for (const waiting of this.#waiting.values()) waiting.abort();
  }

  /** The tab that this one followed is gone. */
  takeOver(asked: DownloadPlan, lock: HeldLock): void {
    const { infoHash } = asked;
    void this.#carryOn(infoHash, lock, async () => {
      const record = await readToBegin(this.#host.records, infoHash);
      // It goes on as the other tab had it, whatever the link here selected.
      const plan = completePlan(asked, record);
      const { metainfo, selected } = plan;
      const origin = originOf(plan);
      if (record) this.#host.report({ kind: 'settings', infoHash, selected, origin, settings: record.settings });
      // Before the page looks for its peers: it may be private.
      if (metainfo) this.#host.report({ kind: 'metadata', summary: summarize(metainfo) });
      await this.#host.running.begin(plan, lock, record);
    });
  }

  async #resume(infoHash: InfoHash, lock: HeldLock): Promise<void> {
    // The tab that held the lock may have written a newer one, or removed it.
    const { records } = this.#host;
    const record = await records.read(infoHash).catch(() => undefined);
    if (!record || record.isParked || (await wasRemoved(records, infoHash))) {
      lock.release();
      return;
    }
    const plan = planResume(record);
    const { metainfo, name, selected } = plan;
    const { settings } = record;
    const isComplete = metainfo !== undefined && new PieceSet(pieceCount(metainfo), record.bitfield).isFull;
    const isPrivate = metainfo?.isPrivate === true;
    const known = { infoHash, name, ...originOf(plan), selected, isPrivate, isComplete, settings };
    this.#host.report({ kind: 'resumed', ...known });
    // Before the page looks for its peers: it may have trackers of its own alone.
    if (metainfo) this.#host.report({ kind: 'metadata', summary: summarize(metainfo) });
    await this.#host.running.begin(plan, lock, record);
  }

  /** Runs `work` with the lock of a torrent, unless that runs here by now. */
  async #carryOn(infoHash: InfoHash, lock: HeldLock, work: () => Promise<void>): Promise<void> {
    try {
      await this.#host.turns.take(infoHash, async () => {
        if (this.#host.running.has(infoHash)) lock.release();
        else await work();
      });
    } catch (error) {
      lock.release();
      this.#host.report(stillReport(infoHash, 'failed', 0, describeError(error)));
    }
  }
}
