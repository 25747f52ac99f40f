import type { NodeId } from '../../../shared/src/ids.ts';
import { DOWNLOAD_LOCK_PATIENCE_MS } from '../../../shared/src/limits/storage.ts';
import { buildMetainfo } from '../swarm/build-metainfo.ts';
import type { PeerKey } from '../swarm/peer-key.ts';
import { originOf } from '../swarm/torrent-origin.ts';
import type { InfoHash } from '../swarm/types.ts';
import { PieceSet } from './bitfield.ts';
import { readBlob } from './blob-reader.ts';
import type { ReadPort, ReadRange } from './content-readers.ts';
import {
  type DownloadPlan,
  askedRecord,
  completePlan,
  pieceCount,
  planDownload,
  planOf,
  recordedMetainfo,
} from './download-plan.ts';
import { WorkerError } from './errors.ts';
import { FollowedDownloads } from './followed-downloads.ts';
import { HeldPipe } from './held-pipe.ts';
import { type Hashing, checkNotStopped, hashContent, planShare } from './hash-files.ts';
import { InheritedDownloads } from './inherited-downloads.ts';
import type { Pipe } from './pipe.ts';
import type { DownloadSource, RateLimits, SharedFile, TorrentSummary, WorkerReport } from './protocol.ts';
import { CryptoRng } from './random.ts';
import { RunningTorrents } from './running-torrents.ts';
import { type ReturnedShare, ShareKeeper } from './share-keeper.ts';
import { KeptShareRecords } from './storage/kept-shares.ts';
import { type HeldLock, takeLock } from './storage/lock.ts';
import { StoreOpener } from './storage/opener.ts';
import { canUseOpfs } from './storage/opfs.ts';
import { ReadCache } from './storage/read-cache.ts';
import { readToBegin } from './storage/removals.ts';
import { type ResumeRecord, ResumeRecords } from './storage/resume.ts';
import { SourceStore } from './storage/source-files.ts';
import { deleteIdle, sweep } from './storage/sweep.ts';
import { StoredPieces } from './storage/verify.ts';
import { stillReport } from './still-report.ts';
import { summarize, summarizeMagnet, summarizeShare } from './summary.ts';
import { NEWS_CHANNEL, TabNews } from './tab-news.ts';
import type { PipeEnd } from './torrent-peers.ts';
import type { TransferSettings } from './transfer-settings.ts';
import { Turns } from './turns.ts';

/** The far end of a pipe, and the torrent that it is for. */
type TorrentEnd = PipeEnd & { readonly infoHash: InfoHash };

/** All torrents of this tab. Requests for one info-hash are carried out one after the other. */
export class TorrentTable {
  readonly #report: (report: WorkerReport) => void;
  readonly #rng = new CryptoRng();
  readonly #cache = new ReadCache();
  readonly #records = new ResumeRecords();
  readonly #news: TabNews;
  readonly #followed: FollowedDownloads;
  readonly #shares = new ShareKeeper(new KeptShareRecords(), (share) => this.#shareAgain(share));
  readonly #turns = new Turns();
  readonly #running: RunningTorrents;
  readonly #inherited: InheritedDownloads;
  #isPersistent = false;
  #markStarted: () => void = () => undefined;
  readonly #started = new Promise<void>((resolve) => {
    this.#markStarted = resolve;
  });

  constructor(report: (report: WorkerReport) => void) {
    this.#report = report;
    this.#news = new TabNews(new BroadcastChannel(NEWS_CHANNEL), {
      followed: (infoHash) => {
        const running = this.#running.get(infoHash);
        if (running?.owned && running.progress) this.#news.tell(running.progress);
      },
      setPaused: (infoHash, isPaused) => {
        if (this.#running.get(infoHash)?.owned) this.setPaused(infoHash, isPaused);
      },
      addOrigin: (infoHash, origin) => {
        if (this.#running.get(infoHash)?.owned)
          this.#later(infoHash, async () => this.#running.addOrigin(infoHash, origin));
      },
      supply: (infoHash, bytes) => {
        if (!this.#running.get(infoHash)?.owned) return;
        const metainfo = recordedMetainfo(infoHash, bytes);
        if (metainfo) this.#later(infoHash, async () => this.#running.supply(infoHash, metainfo));
      },
      // Whoever follows it, too, may have it next.
      askPieces: (infoHash) => {
        const isOurs = this.#running.get(infoHash)?.owned !== undefined || this.#followed.has(infoHash);
        if (isOurs) this.#running.askPieces(infoHash);
      },
    });
    const [news, records, turns] = [this.#news, this.#records, this.#turns];
    const opener = new StoreOpener(this.#cache, this.#rng);
    const running = new RunningTorrents({
      rng: this.#rng,
      opener,
      records,
      news,
      report,
      isUndoneNext: (infoHash) => turns.isUndoneNext(infoHash),
      ended: (infoHash, settings) => void this.#shares.change(infoHash, settings),
      gave: (infoHash, uploadedBytes) => this.#shares.gave(infoHash, uploadedBytes),
    });
    const inherited = new InheritedDownloads({ records, running, turns, report });
    this.#running = running;
    this.#inherited = inherited;
    this.#followed = new FollowedDownloads({
      news,
      records,
      report,
      takeOver: (plan, lock) => inherited.takeOver(plan, lock),
    });
  }

  /** Takes up what an earlier page left. */
  start(self: NodeId, storage: 'persistent' | 'memory'): void {
    this.#running.setSelf(self);
    void this.#open(storage === 'persistent').finally(this.#markStarted);
  }

  /**
   * Hashes files and seeds them where they are. The same content gives the same torrent. `progress` is told of the
   * bytes that are hashed and of those that there are to hash. Throws `too-large` before that.
   */
  async share(
    name: string,
    files: readonly SharedFile[],
    how: { readonly isPrivate: boolean; readonly isSuperSeeding: boolean; readonly trackers?: readonly string[] },
    hashing: Hashing = {},
  ): Promise<TorrentSummary> {
    await this.#started;
    const { isPrivate, isSuperSeeding, trackers = [] } = how;
    const given = files.map(({ path, file }) => ({ path: path.split('/'), length: file.size }));
    const plan = planShare(name, given);
    const sources = plan.files.map(({ source }) => (source === undefined ? undefined : files[source]?.file));
    const hashes = await hashContent(plan, sources, hashing);
    const metainfo = buildMetainfo({ ...plan, ...hashes, trackers, isPrivate });
    const summary = summarizeShare(metainfo, plan);
    return await this.#inOrder(metainfo.infoHash, async () => {
      checkNotStopped(hashing.signal);
      const running = this.#running.get(metainfo.infoHash);
      const shared = plan.files.map(({ source }) => (source === undefined ? undefined : files[source]));
      // Files that could not be read any more are replaced by those given now.
      if (running?.isShared && !running.progress?.error) {
        if (isSuperSeeding) this.#change(metainfo.infoHash, { isSuperSeeding });
        // Its share may have been forgotten while it ran on. A record that is there may know the way back to the files.
        if (this.#isPersistent && !this.#shares.has(metainfo.infoHash))
          void this.#shares.keep(metainfo, shared, running.settings, running.uploads.total);
        return summary;
      }
      // An earlier page may have shared it, or this one have downloaded it or begun to.
      const kept = this.#isPersistent ? await this.#shares.settings(metainfo.infoHash) : {};
      const before = running?.settings ?? kept;
      const given = this.#isPersistent ? await this.#shares.given(metainfo.infoHash) : 0;
      // A download of the same counted anew while the share waited.
      const uploadedBytes = Math.max(running?.uploads.total ?? 0, given);
      const settings = { limits: before.limits, isSuperSeeding: isSuperSeeding || before.isSuperSeeding };
      // The content is all here now: nothing is left to download, and one copy is enough.
      this.#followed.stop(metainfo.infoHash);
      if (running) await this.#running.end(metainfo.infoHash, running, false);
      const store = new SourceStore(metainfo.files, sources, metainfo.pieceLength, this.#cache);
      this.#running.run(
        planOf(metainfo),
        { store, stored: PieceSet.full(pieceCount(metainfo)), leaves: hashes.leaves, settings, uploadedBytes },
        undefined,
      );
      if (this.#isPersistent) void this.#shares.keep(metainfo, shared, settings, uploadedBytes);
      return summary;
    });
  }

  /**
   * Starts a download or finds the one that runs, to which what this link says of where it is to be had is added. One
   * that was refused begins anew with `retry`, which is what a person has set for it.
   */
  async download(source: DownloadSource, retry?: TransferSettings): Promise<TorrentSummary> {
    await this.#started;
    const plan = planDownload(source);
    this.#inherited.stop(plan.infoHash);
    return await this.#inOrder(plan.infoHash, async () => {
      const running = this.#running.get(plan.infoHash);
      const isRunning = running !== undefined;
      if (retry && running?.driver.isRefused) {
        await this.#running.beginAgain(plan.infoHash, running, plan);
        return this.#summary(plan.infoHash);
      }
      if (isRunning || this.#followed.has(plan.infoHash)) {
        const origin = originOf(plan.metainfo ?? plan);
        if (isRunning) {
          this.#running.addOrigin(plan.infoHash, origin);
          if (plan.metainfo) await this.#running.supply(plan.infoHash, plan.metainfo);
        } else {
          this.#news.addOrigin(plan.infoHash, origin);
          if (source.kind === 'metainfo') this.#news.supply(plan.infoHash, source.bytes);
        }
        return this.#summary(plan.infoHash);
      }
      const lock = this.#isPersistent ? await takeLock(plan.infoHash, DOWNLOAD_LOCK_PATIENCE_MS) : undefined;
      if (this.#isPersistent && !lock) {
        this.#followed.follow(plan);
        return summarizeMagnet(plan.infoHash, plan.name);
      }
      const kept = lock && (await this.#readWith(lock, plan.infoHash));
      const asked = kept && askedRecord(plan, kept);
      const record = asked && retry ? { ...asked, refusal: undefined } : asked;
      if (record) this.#tellKept(plan, record);
      await this.#running.begin(plan, lock, record, { ...record?.settings, ...retry });
      return this.#summary(plan.infoHash);
    });
  }

  setPaused(infoHash: InfoHash, isPaused: boolean): void {
    const work = async (): Promise<void> => {
      const running = this.#running.get(infoHash);
      void this.#shares.change(infoHash, { isPaused });
      // What comes back takes a turn of its own.
      if (!isPaused && this.#shares.isWaiting(infoHash)) void this.#shares.retry(infoHash);
      else if (this.#followed.has(infoHash)) this.#news.setPaused(infoHash, isPaused);
      else if (!isPaused && (running?.isUnopened || running?.driver.isRefused))
        // If it cannot, it stays as it is, for another try.
        await this.#running.beginAgain(infoHash, running).catch(() => undefined);
      else await running?.driver.setPaused(isPaused);
    };
    // A check of what is stored is not waited for: it is made anew when the download goes on.
    if (isPaused) void this.#started.then(() => this.#turns.takeToUndo(infoHash, work));
    else this.#later(infoHash, work);
  }

  /** Has a torrent work as a person wants from now on, and on the next page, too. */
  change(infoHash: InfoHash, settings: TransferSettings): void {
    this.#later(infoHash, async () => this.#change(infoHash, settings));
  }

  /** Limits of all torrents together. */
  setLimits(limits: RateLimits): void {
    this.#running.limiter.setLimits(undefined, limits);
  }

  askPieces(infoHash: InfoHash): void {
    this.#running.askPieces(infoHash);
    if (this.#followed.has(infoHash)) this.#news.askPieces(infoHash);
  }

  /** With `keepsShare` a share of the same, which waits, goes on waiting, or is served now that it can be. */
  async remove(infoHash: InfoHash, keepData: boolean, keepsShare = false): Promise<void> {
    await this.#started;
    await this.#turns.takeToUndo(infoHash, async () => {
      this.#running.forget(infoHash);
      const isElsewhere = this.#followed.has(infoHash);
      this.#followed.stop(infoHash);
      const isShare = this.#shares.has(infoHash);
      if (!keepsShare) await this.#shares.forget(infoHash);
      const running = this.#running.get(infoHash);
      if (running) await this.#running.end(infoHash, running, keepData);
      // What a share that waits would serve is not what was downloaded.
      else if (this.#isPersistent && !keepData && !isShare && !isElsewhere) await deleteIdle(this.#records, infoHash);
    });
    if (keepsShare) void this.#shares.tryAgain(infoHash);
  }

  /** Its share does not come back, but what runs goes on: it is downloaded here, too. */
  async forgetShare(infoHash: InfoHash): Promise<void> {
    await this.#started;
    await this.#inOrder(infoHash, () => this.#shares.forget(infoHash));
  }

  async file(infoHash: InfoHash, index: number): Promise<Blob> {
    const running = this.#running.get(infoHash);
    if (!running && !this.#followed.has(infoHash))
      throw new WorkerError('not-found', 'This file is not shared or downloaded here any more.');
    const blob = await (running ? running.driver.file(index) : this.#followed.file(infoHash, index));
    if (!blob) throw new WorkerError('not-ready', 'This file is not complete yet. Wait until its download is done.');
    return blob;
  }

  /** Has `port` read a part of a file. What another tab downloads can be read once it is complete. */
  read(infoHash: InfoHash, range: ReadRange, port: ReadPort): void {
    this.#later(infoHash, async () => {
      const running = this.#running.get(infoHash);
      if (running) running.driver.read(range, port);
      else readBlob(() => this.file(infoHash, range.index), range, port);
    });
  }

  /** Connects a peer to a torrent, once that runs. A pipe for a torrent that is not here is closed. */
  attach(end: TorrentEnd, pipe: Pipe): void {
    if (this.#running.has(end.infoHash)) {
      this.#attachOrClose(end, pipe);
      return;
    }
    const held = new HeldPipe(pipe);
    this.#later(end.infoHash, async () => this.#attachOrClose(end, held));
  }

  dropPeer(infoHash: InfoHash, peer: PeerKey): void {
    this.#running.get(infoHash)?.driver.peerGone(peer);
  }

  peerGone(peer: NodeId): void {
    this.#running.peerGone(peer);
  }

  /** Ends all torrents; what is stored stays and goes on with the next page. */
  async close(): Promise<void> {
    this.#running.limiter.stop();
    this.#inherited.stopAll();
    this.#followed.stopAll();
    this.#news.close();
    await this.#running.stopAll();
    // Last: it keeps what they gave.
    this.#shares.close();
  }

  #attachOrClose(end: TorrentEnd, pipe: Pipe): void {
    const running = this.#running.get(end.infoHash);
    if (running) {
      running.driver.attach(end, pipe);
      return;
    }
    pipe.close();
    this.#report({ kind: 'channelClosed', infoHash: end.infoHash, peer: end.peer, serial: end.serial });
  }

  async #open(wantsDisk: boolean): Promise<void> {
    if (!wantsDisk) return;
    const records = (await canUseOpfs()) ? await this.#records.all().catch(() => undefined) : undefined;
    if (!records) return this.#report({ kind: 'nothingKept' });
    this.#isPersistent = true;
    for (const record of records) if (!record.isParked) this.#inherited.resumeLater(record.infoHash);
    void this.#shares.open();
    void sweep(this.#records, new Set<string>(records.map(({ infoHash }) => infoHash)));
  }

  /** A share of an earlier page, served again if its files are as they were. */
  async #shareAgain({ metainfo, sources, wait, handles, settings, uploadedBytes }: ReturnedShare): Promise<void> {
    await this.#inOrder(metainfo.infoHash, async () => {
      if (this.#running.has(metainfo.infoHash)) return;
      const summary = summarize(metainfo);
      if (sources) {
        const store = new SourceStore(metainfo.files, sources, metainfo.pieceLength, this.#cache);
        const stored = PieceSet.full(pieceCount(metainfo));
        const pieces = new StoredPieces(metainfo, store);
        if (await pieces.areLikely(stored, this.#rng).catch(() => false)) {
          this.#report({ kind: 'sharedBefore', summary, wait: undefined, handles, settings });
          this.#running.run(planOf(metainfo), { store, stored, settings, uploadedBytes }, undefined);
          return;
        }
      }
      this.#report({ kind: 'sharedBefore', summary, wait: wait ?? 'changed', handles, settings });
      const isSuperSeeding = settings.isSuperSeeding === true;
      const paused = stillReport(metainfo.infoHash, 'paused', summary.totalBytes);
      const done = { doneBytes: summary.totalBytes, leftBytes: 0, isComplete: true };
      this.#report({ ...paused, ...done, isSuperSeeding, uploadedBytes });
    });
  }

  /** The record of a torrent whose lock is held for it. Rejects with `StorageError`, and lets go of the lock then. */
  async #readWith(lock: HeldLock, infoHash: InfoHash): Promise<ResumeRecord | undefined> {
    try {
      return await readToBegin(this.#records, infoHash);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  #change(infoHash: InfoHash, settings: TransferSettings): void {
    this.#running.change(infoHash, settings);
    void this.#shares.change(infoHash, settings);
  }

  /** What the page is to know of a parked download before it looks for more of its peers: it may be private. */
  #tellKept(plan: DownloadPlan, record: ResumeRecord): void {
    const complete = completePlan(plan, record);
    const { infoHash, selected, metainfo } = complete;
    this.#report({ kind: 'settings', infoHash, selected, origin: originOf(complete), settings: record.settings });
    if (metainfo) this.#report({ kind: 'metadata', summary: summarize(metainfo) });
  }

  #summary(infoHash: InfoHash): TorrentSummary {
    const running = this.#running.get(infoHash);
    const metainfo = running?.driver.metainfo;
    return metainfo ? summarize(metainfo) : summarizeMagnet(infoHash, running?.plan.name ?? '');
  }

  /** After all that was asked for before, a download whose storage is still being opened included. */
  #later(infoHash: InfoHash, work: () => Promise<void>): void {
    void this.#started.then(() => this.#inOrder(infoHash, work));
  }

  async #inOrder<T>(infoHash: InfoHash, work: () => Promise<T>): Promise<T> {
    return await this.#turns.take(infoHash, work);
  }
}
