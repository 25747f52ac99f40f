import type { NodeId } from '../../../shared/src/ids.ts';
import { DOWNLOAD_LOCK_PATIENCE_MS } from '../../../shared/src/limits/storage.ts';
import { buildMetainfo, planContent } from '../swarm/build-metainfo.ts';
import { contentLengthOf } from '../swarm/content-length.ts';
import { encodeTorrentFile } from '../swarm/metainfo.ts';
import { Torrent } from '../swarm/torrent.ts';
import type { FilePriority, InfoHash } from '../swarm/types.ts';
import { PieceSet } from './bitfield.ts';
import {
  type DownloadPlan,
  completePlan,
  pieceCount,
  planDownload,
  planOf,
  planResume,
  recordOf,
} from './download-plan.ts';
import { WorkerError, describeError } from './errors.ts';
import { FollowedDownloads } from './followed-downloads.ts';
import { HeldPipe } from './held-pipe.ts';
import { hashContent, sharedPieceLength } from './hash-files.ts';
import { Limiter } from './limiter.ts';
import type { Pipe } from './pipe.ts';
import type { DownloadSource, RateLimits, SharedFile, TorrentSummary, WorkerReport } from './protocol.ts';
import { CryptoRng } from './random.ts';
import { type ReturnedShare, ShareKeeper } from './share-keeper.ts';
import { type HeldLock, takeLock } from './storage/lock.ts';
import { StoreOpener } from './storage/opener.ts';
import { OpfsStore, canUseOpfs } from './storage/opfs.ts';
import { ReadCache } from './storage/read-cache.ts';
import { type ResumeRecord, ResumeRecords } from './storage/resume.ts';
import { SourceStore } from './storage/source-files.ts';
import { sweep } from './storage/sweep.ts';
import { type ContentStore, StorageError } from './storage/types.ts';
import { StoredPieces } from './storage/verify.ts';
import { stillReport } from './still-report.ts';
import { summarize, summarizeMagnet, summarizeShare } from './summary.ts';
import { type ProgressReport, TabNews } from './tab-news.ts';
import { type PipeEnd, TorrentDriver } from './torrent-driver.ts';
import { Turns } from './turns.ts';

/** A torrent that runs here. */
interface Running {
  readonly driver: TorrentDriver;
  /** From the magnet link, until the metadata is here. */
  readonly name: string;
  /** Held while its files are ours; undefined for shares and for content in memory. */
  readonly lock: HeldLock | undefined;
  /** What it began with, for another beginning after storage failed. */
  readonly plan: DownloadPlan;
  /** Its storage could not be opened: what it claims to have is not verified. */
  readonly isUnopened: boolean;
  /** The newest one. */
  progress: ProgressReport | undefined;
  priorities: readonly FilePriority[] | undefined;
  /** Nothing is recorded of it any more. */
  isRemoved: boolean;
}

/** How a torrent begins. */
interface Beginning {
  readonly store?: ContentStore;
  readonly stored?: PieceSet;
  readonly record?: ResumeRecord | undefined;
  readonly error?: StorageError;
  /** Leaves that are known of what is stored. */
  readonly leaves?: ReadonlyMap<number, Uint8Array> | undefined;
}

/** The far end of a pipe, and the torrent that it is for. */
type TorrentEnd = PipeEnd & { readonly infoHash: InfoHash };

/** All torrents of this tab. Requests for one info-hash are carried out one after the other. */
export class TorrentTable {
  readonly #report: (report: WorkerReport) => void;
  readonly #rng = new CryptoRng();
  readonly #cache = new ReadCache();
  readonly #opener = new StoreOpener(this.#cache, this.#rng);
  readonly #records = new ResumeRecords();
  readonly #news: TabNews;
  readonly #followed: FollowedDownloads;
  readonly #shares = new ShareKeeper((share) => this.#shareAgain(share));
  /** BOUNDED: by what the person shares and downloads. */
  readonly #torrents = new Map<InfoHash, Running>();
  readonly #turns = new Turns();
  /** Ends the wait of a download, left by an earlier page, for another tab's lock. BOUNDED: by the records. */
  readonly #resuming = new Map<InfoHash, AbortController>();
  readonly #limiter = new Limiter(() => [...this.#torrents].map(([infoHash, { driver }]) => [infoHash, driver]));
  #self: NodeId | undefined;
  #isPersistent = false;
  #markStarted: () => void = () => undefined;
  readonly #started = new Promise<void>((resolve) => {
    this.#markStarted = resolve;
  });

  constructor(report: (report: WorkerReport) => void) {
    this.#report = report;
    this.#news = new TabNews(new BroadcastChannel('skein/swarm'), {
      followed: (infoHash) => {
        const running = this.#torrents.get(infoHash);
        if (running?.lock && running.progress) this.#news.tell(running.progress);
      },
      setPaused: (infoHash, isPaused) => {
        if (this.#torrents.get(infoHash)?.lock) this.setPaused(infoHash, isPaused);
      },
    });
    this.#followed = new FollowedDownloads({
      news: this.#news,
      records: this.#records,
      report,
      takeOver: (plan, lock) => this.#takeOver(plan, lock),
    });
  }

  /** Takes up what an earlier page left. */
  start(self: NodeId, storage: 'persistent' | 'memory'): void {
    this.#self = self;
    void this.#open(storage === 'persistent').finally(this.#markStarted);
  }

  /**
   * Hashes files and seeds them where they are. The same content gives the same torrent. `progress` is told of the
   * bytes that are hashed and of those that there are to hash.
   */
  async share(
    name: string,
    files: readonly SharedFile[],
    progress: (doneBytes: number, totalBytes: number) => void = () => undefined,
  ): Promise<TorrentSummary> {
    await this.#started;
    const given = files.map(({ path, file }) => ({ path: path.split('/'), length: file.size }));
    const plan = planContent(name, given, sharedPieceLength(given.reduce((sum, { length }) => sum + length, 0)));
    const sources = plan.files.map(({ source }) => (source === undefined ? undefined : files[source]?.file));
    const hashes = await hashContent(plan, sources, progress);
    const metainfo = buildMetainfo({ ...plan, ...hashes, trackers: [] });
    const summary = summarizeShare(metainfo, plan);
    return await this.#inOrder(metainfo.infoHash, async () => {
      const running = this.#torrents.get(metainfo.infoHash);
      // Files that could not be read any more are replaced by those given now.
      if (running?.driver.isComplete && !running.progress?.error) return summary;
      // The content is all here now: nothing is left to download, and one copy is enough.
      this.#followed.stop(metainfo.infoHash);
      if (running) await this.#end(metainfo.infoHash, running, false);
      const store = new SourceStore(metainfo.files, sources, metainfo.pieceLength, this.#cache);
      this.#run(
        planOf(metainfo),
        { store, stored: PieceSet.full(pieceCount(metainfo)), leaves: hashes.leaves },
        undefined,
      );
      const shared = plan.files.map(({ source }) => (source === undefined ? undefined : files[source]));
      if (this.#isPersistent) void this.#shares.keep(metainfo, shared);
      return summary;
    });
  }

  /** Starts a download or finds the one that runs. */
  async download(source: DownloadSource): Promise<TorrentSummary> {
    await this.#started;
    const plan = planDownload(source);
    this.#resuming.get(plan.infoHash)?.abort();
    return await this.#inOrder(plan.infoHash, async () => {
      if (this.#torrents.has(plan.infoHash) || this.#followed.has(plan.infoHash)) return this.#summary(plan.infoHash);
      const lock = this.#isPersistent ? await takeLock(plan.infoHash, DOWNLOAD_LOCK_PATIENCE_MS) : undefined;
      if (this.#isPersistent && !lock) {
        this.#followed.follow(plan);
        return summarizeMagnet(plan.infoHash, plan.name);
      }
      const record = lock && (await this.#records.read(plan.infoHash).catch(() => undefined));
      await this.#begin(plan, lock, record && { ...record, isPaused: false });
      return this.#summary(plan.infoHash);
    });
  }

  setPaused(infoHash: InfoHash, isPaused: boolean): void {
    if (!isPaused && this.#shares.isWaiting(infoHash)) {
      void this.#shares.retry(infoHash);
      return;
    }
    if (this.#followed.has(infoHash)) {
      this.#news.setPaused(infoHash, isPaused);
      return;
    }
    void this.#inOrder(infoHash, async () => {
      const running = this.#torrents.get(infoHash);
      if (running?.isUnopened && !isPaused) await this.#beginAgain(infoHash, running);
      else await running?.driver.setPaused(isPaused);
    });
  }

  /** Passes on what a person wants of a torrent, once that runs. */
  command(infoHash: InfoHash, command: Parameters<TorrentDriver['command']>[0]): void {
    void this.#inOrder(infoHash, async () => {
      const running = this.#torrents.get(infoHash);
      if (running && command.kind === 'setPriorities') running.priorities = command.priorities;
      running?.driver.command(command);
    });
  }

  /** Limits of one torrent, or without `infoHash` of all together. */
  setLimits(infoHash: InfoHash | undefined, limits: RateLimits): void {
    this.#limiter.setLimits(infoHash, limits);
  }

  askPieces(infoHash: InfoHash): void {
    this.#torrents.get(infoHash)?.driver.askPieces();
  }

  async remove(infoHash: InfoHash, keepData: boolean): Promise<void> {
    await this.#inOrder(infoHash, async () => {
      this.#followed.stop(infoHash);
      await this.#shares.forget(infoHash);
      const running = this.#torrents.get(infoHash);
      if (running) await this.#end(infoHash, running, keepData);
    });
  }

  async file(infoHash: InfoHash, index: number): Promise<Blob> {
    const running = this.#torrents.get(infoHash);
    if (!running && !this.#followed.has(infoHash))
      throw new WorkerError('not-found', 'This file is not shared or downloaded here any more.');
    const blob = await (running ? running.driver.file(index) : this.#followed.file(infoHash, index));
    if (!blob) throw new WorkerError('not-ready', 'This file is not complete yet. Wait until its download is done.');
    return blob;
  }

  /** Connects a peer to a torrent, once that runs. A pipe for a torrent that is not here is closed. */
  attach(end: TorrentEnd, pipe: Pipe): void {
    if (this.#torrents.has(end.infoHash)) {
      this.#attachOrClose(end, pipe);
      return;
    }
    const held = new HeldPipe(pipe);
    void this.#started.then(() => this.#inOrder(end.infoHash, async () => this.#attachOrClose(end, held)));
  }

  dropPeer(infoHash: InfoHash, peer: NodeId): void {
    this.#torrents.get(infoHash)?.driver.peerGone(peer);
  }

  peerGone(peer: NodeId): void {
    for (const { driver } of this.#torrents.values()) driver.peerGone(peer);
  }

  /** Ends all torrents; what is stored stays and goes on with the next page. */
  async close(): Promise<void> {
    this.#limiter.stop();
    for (const waiting of this.#resuming.values()) waiting.abort();
    this.#followed.stopAll();
    this.#shares.close();
    this.#news.close();
    for (const [infoHash, running] of [...this.#torrents]) {
      this.#torrents.delete(infoHash);
      await running.driver.stop(true);
      running.lock?.release();
    }
  }

  #attachOrClose(end: TorrentEnd, pipe: Pipe): void {
    const running = this.#torrents.get(end.infoHash);
    if (running) {
      running.driver.attach(end, pipe);
      return;
    }
    pipe.close();
    this.#report({ kind: 'channelClosed', infoHash: end.infoHash, peer: end.peer, serial: end.serial });
  }

  async #open(wantsDisk: boolean): Promise<void> {
    if (!wantsDisk || !(await canUseOpfs())) return;
    const records = await this.#records.all().catch(() => undefined);
    if (!records) return;
    this.#isPersistent = true;
    for (const record of records) if (!record.isParked) this.#resumeLater(record.infoHash);
    void this.#shares.open();
    void sweep(this.#records, new Set<string>(records.map(({ infoHash }) => infoHash)));
  }

  /** A share of an earlier page, served again if its files are as they were. */
  async #shareAgain({ metainfo, sources, wait, handles }: ReturnedShare): Promise<void> {
    await this.#inOrder(metainfo.infoHash, async () => {
      if (this.#torrents.has(metainfo.infoHash)) return;
      const summary = summarize(metainfo);
      if (sources) {
        const store = new SourceStore(metainfo.files, sources, metainfo.pieceLength, this.#cache);
        const claimed = PieceSet.full(pieceCount(metainfo));
        const pieces = new StoredPieces(metainfo, store);
        const stored = await pieces.among(claimed, this.#rng, () => undefined).catch(() => undefined);
        if (stored?.isFull) {
          this.#report({ kind: 'sharedBefore', summary, wait: undefined, handles });
          this.#run(planOf(metainfo), { store, stored }, undefined);
          return;
        }
      }
      this.#report({ kind: 'sharedBefore', summary, wait: wait ?? 'changed', handles });
      const paused = stillReport(metainfo.infoHash, 'paused', summary.totalBytes);
      this.#report({ ...paused, doneBytes: summary.totalBytes, leftBytes: 0, isComplete: true });
    });
  }

  /** Goes on with a download of an earlier page, as soon as no other tab does. */
  #resumeLater(infoHash: InfoHash): void {
    const patience = new AbortController();
    this.#resuming.set(infoHash, patience);
    void takeLock(infoHash, undefined, patience.signal).then(async (lock) => {
      if (this.#resuming.get(infoHash) === patience) this.#resuming.delete(infoHash);
      if (lock) await this.#carryOn(infoHash, lock, () => this.#resume(infoHash, lock));
    });
  }

  async #resume(infoHash: InfoHash, lock: HeldLock): Promise<void> {
    // The tab that held the lock may have written a newer one, or removed it.
    const record = await this.#records.read(infoHash).catch(() => undefined);
    if (!record || record.isParked) {
      lock.release();
      return;
    }
    const plan = planResume(record);
    const { metainfo, name, trackers } = plan;
    const isComplete = metainfo !== undefined && new PieceSet(pieceCount(metainfo), record.bitfield).isFull;
    this.#report({ kind: 'resumed', infoHash, name, trackers, isComplete, priorities: record.priorities });
    await this.#begin(plan, lock, record);
    if (metainfo) this.#report({ kind: 'metadata', summary: summarize(metainfo) });
  }

  /** The tab that this one followed is gone. */
  #takeOver(plan: DownloadPlan, lock: HeldLock): void {
    void this.#carryOn(plan.infoHash, lock, async () => {
      const record = await this.#records.read(plan.infoHash).catch(() => undefined);
      const { metainfo } = completePlan(plan, record);
      await this.#begin(plan, lock, record);
      if (metainfo) this.#report({ kind: 'metadata', summary: summarize(metainfo) });
    });
  }

  /** Runs `work` with the lock of a torrent, unless that runs here by now. */
  async #carryOn(infoHash: InfoHash, lock: HeldLock, work: () => Promise<void>): Promise<void> {
    try {
      await this.#inOrder(infoHash, async () => {
        if (this.#torrents.has(infoHash)) lock.release();
        else await work();
      });
    } catch (error) {
      this.#report(stillReport(infoHash, 'failed', 0, describeError(error)));
    }
  }

  /** Opens storage, checks what is there and runs the torrent. A storage failure makes it start paused. */
  async #begin(wanted: DownloadPlan, lock: HeldLock | undefined, record: ResumeRecord | undefined): Promise<void> {
    const plan = completePlan(wanted, record);
    const { metainfo, infoHash } = plan;
    if (!metainfo) {
      this.#run(plan, { record }, lock);
      return;
    }
    const claimed = new PieceSet(pieceCount(metainfo), record?.bitfield);
    try {
      const checking = (): void => this.#report(stillReport(infoHash, 'checking', contentLengthOf(metainfo)));
      const { store, stored } = await this.#opener.reopen(metainfo, lock !== undefined, claimed, checking);
      this.#run(plan, { store, stored, record }, lock);
    } catch (error) {
      if (!(error instanceof StorageError)) {
        lock?.release();
        throw error;
      }
      this.#run(plan, { stored: claimed, error, record }, lock);
    }
  }

  /** Storage could not be opened; a person made room, or hopes for the best. */
  async #beginAgain(infoHash: InfoHash, running: Running): Promise<void> {
    this.#torrents.delete(infoHash);
    await running.driver.stop(true);
    const record = running.lock && (await this.#records.read(infoHash).catch(() => undefined));
    await this.#begin(running.plan, running.lock, record && { ...record, isPaused: false });
  }

  #run(plan: DownloadPlan, { store, stored, record, error, leaves }: Beginning, lock: HeldLock | undefined): void {
    if (this.#self === undefined) throw new WorkerError('internal', 'The swarm worker was not started.');
    const { infoHash, metainfo } = plan;
    let disk = store instanceof OpfsStore ? store : undefined;
    let generation = record?.generation ?? 0;
    let torrentFile: Uint8Array | undefined;
    const driver = new TorrentDriver({
      infoHash,
      machine: new Torrent({ self: this.#self, infoHash, metainfo, stored: stored?.toBytes(), leaves }, this.#rng),
      metainfo,
      store,
      stored,
      isPaused: record?.isPaused ?? false,
      error,
      openStore: async (found) => {
        const opened = await this.#opener.openNew(found, lock !== undefined);
        if (opened instanceof OpfsStore) disk = opened;
        return opened;
      },
      save: async (progress) => {
        if (!lock || running.isRemoved) return;
        generation++;
        torrentFile ??= progress.metainfo && encodeTorrentFile(progress.metainfo);
        await this.#records.write(recordOf(plan, progress, torrentFile, running.priorities, generation));
        if (!progress.metainfo) return;
        const recorded = new PieceSet(pieceCount(progress.metainfo), progress.bitfield);
        disk?.recorded((piece) => recorded.has(piece));
      },
      report: (report) => {
        disk?.writeJournal();
        this.#tell(running, report);
      },
    });
    const isUnopened = error !== undefined && store === undefined;
    const { priorities } = record ?? {};
    const running: Running = {
      ...{ driver, name: plan.name, lock, plan, isUnopened, priorities },
      ...{ progress: undefined, isRemoved: false },
    };
    this.#torrents.set(infoHash, running);
    if (priorities) driver.command({ kind: 'setPriorities', priorities });
    driver.begin();
    this.#limiter.apply();
  }

  #tell(running: Running, report: WorkerReport): void {
    this.#report(report);
    if (report.kind !== 'progress') return;
    running.progress = report;
    if (running.lock) this.#news.tell(report);
  }

  async #end(infoHash: InfoHash, running: Running, keepData: boolean): Promise<void> {
    this.#torrents.delete(infoHash);
    this.#limiter.remove(infoHash);
    if (!keepData) {
      // The record goes first: a tab that is killed in between leaves files that nobody claims, not a claim to no files.
      running.isRemoved = true;
      if (running.lock) await this.#records.remove(infoHash).catch(() => undefined);
    }
    await running.driver.stop(keepData);
    if (!running.lock) return;
    try {
      const record = keepData ? await this.#records.read(infoHash) : undefined;
      if (record) await this.#records.write({ ...record, isParked: true });
      else await this.#records.remove(infoHash);
    } finally {
      running.lock.release();
    }
  }

  #summary(infoHash: InfoHash): TorrentSummary {
    const running = this.#torrents.get(infoHash);
    const metainfo = running?.driver.metainfo;
    return metainfo ? summarize(metainfo) : summarizeMagnet(infoHash, running?.name ?? '');
  }

  async #inOrder<T>(infoHash: InfoHash, work: () => Promise<T>): Promise<T> {
    return await this.#turns.take(infoHash, work);
  }
}
