import type { NodeId } from '../../../shared/src/ids.ts';
import type { Rng } from '../../../shared/src/machine.ts';
import { contentLengthOf } from '../swarm/content-length.ts';
import { Torrent } from '../swarm/torrent.ts';
import type { TorrentOrigin } from '../swarm/torrent-origin.ts';
import type { InfoHash, Metainfo } from '../swarm/types.ts';
import { PieceSet } from './bitfield.ts';
import {
  type DownloadPlan,
  completePlan,
  lengthOf,
  pieceCount,
  retryPlan,
  wantedFiles,
  withOrigin,
} from './download-plan.ts';
import { WorkerError } from './errors.ts';
import { Limiter } from './limiter.ts';
import { OwnedDownload } from './owned-download.ts';
import type { WorkerReport } from './protocol.ts';
import type { HeldLock } from './storage/lock.ts';
import type { StoreOpener } from './storage/opener.ts';
import { deleteFolder } from './storage/opfs.ts';
import { forgetRecord } from './storage/removals.ts';
import type { ResumeRecord, ResumeRecords } from './storage/resume.ts';
import { SourceStore } from './storage/source-files.ts';
import { type ContentStore, StorageError } from './storage/types.ts';
import { CheckEnded } from './storage/verify.ts';
import { stillReport } from './still-report.ts';
import type { ProgressReport, TabNews } from './tab-news.ts';
import { TorrentDriver } from './torrent-driver.ts';
import type { TransferSettings } from './transfer-settings.ts';
import { UploadCount } from './upload-count.ts';

/** A torrent that runs here. */
export interface Running {
  readonly driver: TorrentDriver;
  /** Its files and its record, while they are ours; undefined for shares and for content in memory. */
  readonly owned: OwnedDownload | undefined;
  /** It serves a person's own files, from where they are. */
  readonly isShared: boolean;
  readonly uploads: UploadCount;
  /** Its storage is not open, and what it claims to have not verified: it could not be, or a person had no time for that. */
  readonly isUnopened: boolean;
  /** What it began with and what later links added, for another beginning after storage failed. */
  plan: DownloadPlan;
  /** What a person has set for it, and did not end by itself. */
  settings: TransferSettings;
  /** The newest one. */
  progress: ProgressReport | undefined;
}

/** How a torrent begins. */
export interface Beginning {
  readonly store?: ContentStore;
  readonly stored?: PieceSet;
  readonly record?: ResumeRecord | undefined;
  readonly error?: StorageError;
  /** A person paused it; undefined for what the record says. */
  readonly isPaused?: boolean;
  /** Leaves that are known of what is stored. */
  readonly leaves?: ReadonlyMap<number, Uint8Array> | undefined;
  /** What a person has set; that of the record, if there is one. */
  readonly settings?: TransferSettings;
  /** Given to others on earlier pages; that of the record, if there is one. [bytes] */
  readonly uploadedBytes?: number;
}

/** What running torrents take of this tab. */
export interface RunningHost {
  readonly rng: Rng;
  readonly opener: StoreOpener;
  readonly records: ResumeRecords;
  readonly news: TabNews;
  report(report: WorkerReport): void;
  /** The torrent is removed or paused next, as soon as what is done for it now is over. */
  isUndoneNext(infoHash: InfoHash): boolean;
  /** What a person has set for a torrent has ended by itself, and is like this from now on. */
  ended(infoHash: InfoHash, settings: TransferSettings): void;
  /** What was given so far of a torrent that has no record of a download. [bytes] */
  gave(infoHash: InfoHash, uploadedBytes: number): Promise<void>;
}

/** The torrents that run in this tab, each from the opening of its storage to its end. */
export class RunningTorrents {
  readonly #host: RunningHost;
  /** BOUNDED: by what the person shares and downloads. */
  readonly #torrents = new Map<InfoHash, Running>();
  /** Their limits. */
  readonly limiter = new Limiter(() => [...this.#torrents].map(([infoHash, { driver }]) => [infoHash, driver]));
  /** Maps of the pieces that the page waits for, whoever gives them. BOUNDED: by what the person shares and downloads. */
  readonly #asked = new Set<InfoHash>();
  #self: NodeId | undefined;

  constructor(host: RunningHost) {
    this.#host = host;
  }

  /** Who this node is in every swarm. Before anything runs. */
  setSelf(self: NodeId): void {
    this.#self = self;
  }

  get(infoHash: InfoHash): Running | undefined {
    return this.#torrents.get(infoHash);
  }

  has(infoHash: InfoHash): boolean {
    return this.#torrents.has(infoHash);
  }

  /** The page waits for a map of the pieces: of what runs now, or of what runs next for this torrent. */
  askPieces(infoHash: InfoHash): void {
    this.#asked.add(infoHash);
    this.#torrents.get(infoHash)?.driver.askPieces();
  }

  /** The page knows nothing of it any more. */
  forget(infoHash: InfoHash): void {
    this.#asked.delete(infoHash);
  }

  /** The link to the peer is gone, for all of them. */
  peerGone(peer: NodeId): void {
    for (const { driver } of this.#torrents.values()) driver.peerGone(peer);
  }

  /** Opens the storage of a download, checks what is there and runs it. A storage failure makes it start paused. */
  async begin(
    asked: DownloadPlan,
    lock: HeldLock | undefined,
    record: ResumeRecord | undefined,
    settings: TransferSettings = record?.settings ?? {},
  ): Promise<void> {
    const plan = completePlan(asked, record);
    const { metainfo, infoHash } = plan;
    if (!metainfo) {
      this.run(plan, { record, settings }, lock);
      return;
    }
    const isWanted = wantedFiles(metainfo, settings.priorities, plan.selected);
    const claimed = new PieceSet(pieceCount(metainfo), record?.bitfield);
    try {
      const uploadedBytes = record?.uploadedBytes ?? 0;
      const totalBytes = contentLengthOf(metainfo);
      // What is noted, as long as it is not known better: a person who removes it meanwhile may want to keep that.
      const doneBytes = lengthOf(metainfo, claimed);
      const noted = { doneBytes, leftBytes: totalBytes - doneBytes, isKept: lock !== undefined, uploadedBytes };
      const checking = (): void => this.#host.report({ ...stillReport(infoHash, 'checking', totalBytes), ...noted });
      const isPointless = (): boolean => this.#host.isUndoneNext(infoHash);
      const { store, stored } = await this.#host.opener.reopen(metainfo, lock !== undefined, isWanted, claimed, {
        checking,
        isPointless,
      });
      this.run(plan, { store, stored, record, settings }, lock);
    } catch (error) {
      if (!(error instanceof StorageError)) {
        lock?.release();
        throw error;
      }
      // What is stored is checked when the person has it go on, unless it is removed.
      const ending = error instanceof CheckEnded ? { isPaused: true } : { error };
      this.run(plan, { stored: claimed, ...ending, record, settings }, lock);
    }
  }

  /**
   * Storage could not be opened, or the metadata was refused; a person made room, or hopes for the best, maybe by another
   * link: `asked` is what that says. Rejects with `StorageError` and changes nothing while its record cannot be read.
   */
  async beginAgain(infoHash: InfoHash, running: Running, asked = running.plan): Promise<void> {
    const { driver, owned, uploads } = running;
    const before = owned && (await this.#host.records.read(infoHash));
    this.#torrents.delete(infoHash);
    uploads.stop();
    await driver.stop(true);
    const plan = retryPlan(running.plan, asked);
    const { selected } = plan;
    const isNew = selected !== running.plan.selected;
    const settings = isNew ? { ...running.settings, priorities: undefined } : running.settings;
    const kept = owned && (await this.#host.records.read(infoHash).catch(() => before));
    const record = kept && { ...kept, selected, isPaused: false, refusal: undefined };
    await this.begin(plan, owned?.lock, record, settings);
  }

  /** Runs a torrent from what is open of it. With a lock, what comes of it survives the page. */
  run(plan: DownloadPlan, beginning: Beginning, lock: HeldLock | undefined): void {
    const { store, stored, record, error, leaves, settings = record?.settings ?? {} } = beginning;
    const { uploadedBytes = record?.uploadedBytes ?? 0, isPaused = record?.isPaused ?? settings.isPaused } = beginning;
    if (this.#self === undefined) throw new WorkerError('internal', 'The swarm worker was not started.');
    const { infoHash, metainfo } = plan;
    const owned = lock && new OwnedDownload(lock, this.#host.records, plan, record, settings);
    if (store) owned?.opened(store);
    const driver = new TorrentDriver({
      infoHash,
      machine: new Torrent(
        { self: this.#self, infoHash, metainfo, stored: stored?.toBytes(), leaves, webSeeds: plan.webSeeds },
        this.#host.rng,
      ),
      metainfo,
      store,
      stored,
      isPaused: isPaused ?? false,
      isKept: lock !== undefined,
      error,
      refusal: metainfo ? undefined : record?.refusal,
      openStore: async (found) => {
        const isWanted = wantedFiles(found, running.settings.priorities, plan.selected);
        const opened = await this.#host.opener.openNew(found, lock !== undefined, isWanted);
        owned?.opened(opened);
        return opened;
      },
      save: async (progress) => {
        await owned?.save(progress, running.uploads.total);
      },
      report: (report) => {
        owned?.writeJournal();
        this.#tell(infoHash, running, report);
      },
    });
    const isUnopened = stored !== undefined && store === undefined;
    const isShared = store instanceof SourceStore;
    const uploads = new UploadCount(uploadedBytes, () => {
      if (owned) driver.record();
      else void this.#host.gave(infoHash, uploads.total);
    });
    const running: Running = { driver, plan, owned, isShared, uploads, isUnopened, settings: {}, progress: undefined };
    this.#torrents.set(infoHash, running);
    this.#apply(infoHash, running, settings);
    if (this.#asked.has(infoHash)) driver.askPieces();
    driver.begin();
    this.limiter.apply();
  }

  /** A person changed something, which the next page finds as it is now. */
  change(infoHash: InfoHash, settings: TransferSettings): void {
    const running = this.#torrents.get(infoHash);
    if (!running) return;
    this.#apply(infoHash, running, settings);
    this.#record(running, settings);
  }

  /** Another link says where else it is to be had, which the next page is to know, too. */
  addOrigin(infoHash: InfoHash, origin: TorrentOrigin): void {
    const running = this.#torrents.get(infoHash);
    if (!running || running.driver.metainfo?.isPrivate) return;
    const { driver, owned } = running;
    const plan = withOrigin(running.plan, origin);
    if (plan === running.plan) return;
    running.plan = plan;
    owned?.replan(plan);
    driver.command({ kind: 'addWebSeeds', urls: plan.webSeeds });
    if (owned) driver.record();
  }

  /** The torrent file of a magnet link that runs: nobody need be asked for the metadata. */
  async supply(infoHash: InfoHash, metainfo: Metainfo): Promise<void> {
    await this.#torrents.get(infoHash)?.driver.supply(metainfo);
  }

  /** Ends a torrent for good. What is stored stays if `keepData`, but is not resumed by itself. */
  async end(infoHash: InfoHash, { driver, owned, uploads, isUnopened }: Running, keepData: boolean): Promise<void> {
    this.#torrents.delete(infoHash);
    uploads.stop();
    this.limiter.remove(infoHash);
    // The record goes first: a tab that is killed in between leaves files that nobody claims, not a claim to no files.
    if (owned && !keepData) await owned.remove().catch(() => undefined);
    await driver.stop(keepData);
    if (!owned) return;
    // The driver has no storage to delete.
    if (isUnopened && !keepData) await deleteFolder(infoHash);
    try {
      if (keepData) await owned.park();
      else await forgetRecord(this.#host.records, infoHash);
    } finally {
      owned.lock.release();
    }
  }

  /** Ends all of them with the page; what is stored stays and goes on with the next one. */
  async stopAll(): Promise<void> {
    for (const [infoHash, { driver, owned, uploads }] of [...this.#torrents]) {
      this.#torrents.delete(infoHash);
      if (!owned && uploads.isUnrecorded) await this.#host.gave(infoHash, uploads.total);
      uploads.stop();
      await driver.stop(true);
      owned?.lock.release();
    }
  }

  #apply(infoHash: InfoHash, running: Running, settings: TransferSettings): void {
    const { driver } = running;
    running.settings = { ...running.settings, ...settings };
    const { limits, priorities, isSequential, isSuperSeeding } = settings;
    if (priorities) driver.setPriorities(priorities);
    if (isSequential !== undefined) driver.command({ kind: 'setSequential', isSequential });
    if (isSuperSeeding !== undefined) driver.command({ kind: 'setSuperSeeding', isSuperSeeding });
    if (limits) this.limiter.setLimits(infoHash, limits);
  }

  #record({ owned, driver }: Running, settings: TransferSettings): void {
    owned?.change(settings);
    if (owned) driver.record();
  }

  #tell(infoHash: InfoHash, running: Running, told: WorkerReport): void {
    if (told.kind !== 'progress') {
      this.#host.report(told);
      return;
    }
    // It ends, which may take a while: the page has removed it, and may have begun it anew.
    if (this.#torrents.get(infoHash) !== running) return;
    running.uploads.meter(told.uploadedBytes);
    const report = { ...told, uploadedBytes: running.uploads.total };
    this.#host.report(report);
    if (report.pieces) this.#asked.delete(infoHash);
    running.progress = report;
    if (running.owned) this.#host.news.tell(report);
    if (running.settings.isSuperSeeding !== true || report.isSuperSeeding) return;
    const settings = { isSuperSeeding: false };
    running.settings = { ...running.settings, ...settings };
    this.#record(running, settings);
    this.#host.ended(infoHash, settings);
  }
}
