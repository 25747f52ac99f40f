import { encodeTorrentFile } from '../swarm/metainfo.ts';
import type { Metainfo } from '../swarm/types.ts';
import { PieceSet } from './bitfield.ts';
import type { TorrentProgress } from './checkpoints.ts';
import { type DownloadPlan, pieceCount, recordOf } from './download-plan.ts';
import type { HeldLock } from './storage/lock.ts';
import type { ResumeRecord, ResumeRecords } from './storage/resume.ts';
import { type ContentStore, type JournaledStore, StorageError, isJournaled } from './storage/types.ts';
import type { TransferSettings } from './transfer-settings.ts';

/** The records of downloads, as one of them uses them. Every method rejects when the browser refuses storage. */
export type OwnedRecords = Pick<ResumeRecords, 'read' | 'write' | 'remove'>;

/**
 * What the next page goes on from with a running download: its record, and between two records the journal of its
 * storage. Both are this tab's to write, as the lock is held here.
 */
export class OwnedDownload {
  readonly lock: HeldLock;
  readonly #records: OwnedRecords;
  #plan: DownloadPlan;
  #disk: JournaledStore | undefined;
  #torrentFile: Uint8Array | undefined;
  /** What it was made of. The metainfo is another one when peers have sent its piece layers. */
  #encoded: Metainfo | undefined;
  #settings: TransferSettings;
  #generation: number;
  /** The next page finds a record of it. */
  #isRecorded: boolean;
  /** Nothing is recorded of it any more. */
  #isRemoved = false;

  /** `record` is the newest that there is, `settings` what a person has set, of which that may know less. */
  constructor(
    lock: HeldLock,
    records: OwnedRecords,
    plan: DownloadPlan,
    record: ResumeRecord | undefined,
    settings: TransferSettings,
  ) {
    this.lock = lock;
    this.#records = records;
    this.#plan = plan;
    this.#settings = settings;
    this.#generation = record?.generation ?? 0;
    this.#isRecorded = record !== undefined;
  }

  /** Its storage is open. */
  opened(store: ContentStore): void {
    if (isJournaled(store)) this.#disk = store;
  }

  /** The next record says what links say by now. */
  replan(plan: DownloadPlan): void {
    this.#plan = plan;
  }

  /** The next record says what a person has changed. */
  change(settings: TransferSettings): void {
    this.#settings = { ...this.#settings, ...settings };
  }

  /**
   * Writes the record, with what was given on all pages. Rejects with `StorageError` when the browser refuses the first
   * one: without any the next page takes what is stored for that of a removed download. What a later one would have named
   * is in the journal.
   */
  async save(progress: TorrentProgress, uploadedBytes: number): Promise<void> {
    if (this.#isRemoved) return;
    this.#generation++;
    const torrentFile = this.#fileOf(progress.metainfo);
    try {
      await this.#records.write(
        recordOf(this.#plan, progress, torrentFile, this.#settings, uploadedBytes, this.#generation),
      );
    } catch (error) {
      if (this.#isRecorded) return;
      throw unrecorded(error);
    }
    this.#isRecorded = true;
    if (!progress.metainfo) return;
    const recorded = new PieceSet(pieceCount(progress.metainfo), progress.bitfield);
    this.#disk?.recorded((piece) => recorded.has(piece));
  }

  /** Notes what was stored since the last record. */
  writeJournal(): void {
    this.#disk?.writeJournal();
  }

  /** The next page knows nothing of it. Rejects when the browser refuses. */
  async remove(): Promise<void> {
    this.#isRemoved = true;
    await this.#records.remove(this.#plan.infoHash);
  }

  /** What is stored stays, and the next page does not go on with it by itself. Rejects when the browser refuses. */
  async park(): Promise<void> {
    const { infoHash } = this.#plan;
    const record = await this.#records.read(infoHash);
    if (record) await this.#records.write({ ...record, isParked: true });
    else await this.#records.remove(infoHash);
  }

  #fileOf(metainfo: Metainfo | undefined): Uint8Array | undefined {
    if (metainfo && metainfo !== this.#encoded) this.#torrentFile = encodeTorrentFile(metainfo);
    this.#encoded = metainfo;
    return this.#torrentFile;
  }
}

function unrecorded(cause: unknown): StorageError {
  return new StorageError(
    'storage-failed',
    'The browser let this page note nothing of the download, which would be lost with the page. Press resume to try again, or reload the page first.',
    { cause },
  );
}
