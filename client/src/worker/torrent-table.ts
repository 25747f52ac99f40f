import type { NodeId } from '../../../shared/src/ids.ts';
import { DOWNLOAD_LOCK_PATIENCE_MS, RESUME_LOCK_PATIENCE_MS } from '../../../shared/src/limits/storage.ts';
import { buildMetainfo, decodeTorrentFile, encodeTorrentFile, pieceCountOf } from '../swarm/metainfo.ts';
import { Torrent } from '../swarm/torrent.ts';
import type { InfoHash, Metainfo } from '../swarm/types.ts';
import { PieceSet } from './bitfield.ts';
import { WorkerError, describeError } from './errors.ts';
import { HeldPipe } from './held-pipe.ts';
import { hashPieces, sharedPieceLength } from './hash-files.ts';
import { Limiter } from './limiter.ts';
import type { Pipe } from './pipe.ts';
import type {
  DownloadSource,
  RateLimits,
  SharedFile,
  TorrentSummary,
  WorkerErrorCode,
  WorkerReport,
  WorkerTorrentState,
} from './protocol.ts';
import { CryptoRng } from './random.ts';
import { Layout } from './storage/layout.ts';
import { type HeldLock, takeLock } from './storage/lock.ts';
import { MemoryBudget, MemoryStore } from './storage/memory.ts';
import { OpfsStore, canUseOpfs } from './storage/opfs.ts';
import { requireRoom } from './storage/quota.ts';
import { ReadCache } from './storage/read-cache.ts';
import { type ResumeRecord, ResumeRecords } from './storage/resume.ts';
import { SourceStore } from './storage/source-files.ts';
import { type ContentStore, StorageError } from './storage/types.ts';
import { verifyStored } from './storage/verify.ts';
import { summarize, summarizeMagnet } from './summary.ts';
import { type PipeEnd, TorrentDriver, type TorrentProgress } from './torrent-driver.ts';

/** A torrent that runs here. */
interface Running {
  readonly driver: TorrentDriver;
  /** From the magnet link, until the metadata is here. */
  readonly name: string;
  /** Held while its files are ours; undefined for shares and for content in memory. */
  readonly lock: HeldLock | undefined;
}

/** A download as it is about to start. */
interface DownloadPlan {
  readonly infoHash: InfoHash;
  readonly name: string;
  readonly trackers: readonly string[];
  readonly metainfo: Metainfo | undefined;
}

/** The far end of a pipe, and the torrent that it is for. */
type TorrentEnd = PipeEnd & { readonly infoHash: InfoHash };

/** All torrents of this tab. Requests for one info-hash are carried out one after the other. */
export class TorrentTable {
  readonly #report: (report: WorkerReport) => void;
  readonly #rng = new CryptoRng();
  readonly #budget = new MemoryBudget();
  readonly #cache = new ReadCache();
  readonly #records = new ResumeRecords();
  /** BOUNDED: by what the person shares and downloads. */
  readonly #torrents = new Map<InfoHash, Running>();
  /** The newest request for an info-hash. BOUNDED: entries leave when they are done. */
  readonly #busy = new Map<InfoHash, Promise<unknown>>();
  /** Ends the wait of a resume for another tab's lock. BOUNDED: by the records. */
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
  }

  /** Takes up what an earlier page left. */
  start(self: NodeId, storage: 'persistent' | 'memory'): void {
    this.#self = self;
    void this.#open(storage === 'persistent').finally(this.#markStarted);
  }

  /** Hashes files and seeds them where they are. The same content gives the same torrent. */
  async share(name: string, files: readonly SharedFile[]): Promise<TorrentSummary> {
    await this.#started;
    const layout = layOut(files.map((shared) => shared.file.size));
    const pieceLength = sharedPieceLength(layout.totalLength);
    const sources = files.map((shared) => shared.file);
    const pieceHashes = await hashPieces(sources, layout, pieceLength);
    const metainfo = buildMetainfo({
      name,
      pieceLength,
      pieceHashes,
      files: files.map((shared) => ({ path: shared.path.split('/'), length: shared.file.size })),
      trackers: [],
    });
    return await this.#inOrder(metainfo.infoHash, async () => {
      const running = this.#torrents.get(metainfo.infoHash);
      if (running?.driver.isComplete) return summarize(metainfo);
      // The content is all here now: nothing is left to download, and one copy is enough.
      if (running) await this.#end(metainfo.infoHash, running, false);
      const store = new SourceStore(metainfo.files, sources, pieceLength, this.#cache);
      this.#run({ ...planOf(metainfo) }, { store, stored: PieceSet.full(pieceCount(metainfo)) }, undefined);
      return summarize(metainfo);
    });
  }

  /** Starts a download or finds the one that runs. */
  async download(source: DownloadSource): Promise<TorrentSummary> {
    await this.#started;
    const plan = planDownload(source);
    this.#resuming.get(plan.infoHash)?.abort();
    return await this.#inOrder(plan.infoHash, async () => {
      if (!this.#torrents.has(plan.infoHash)) {
        const lock = this.#isPersistent ? await takeLock(plan.infoHash, DOWNLOAD_LOCK_PATIENCE_MS) : undefined;
        const record = lock && (await this.#records.read(plan.infoHash).catch(() => undefined));
        await this.#begin(plan, lock, record && { ...record, isPaused: false });
      }
      return this.#summary(plan.infoHash);
    });
  }

  setPaused(infoHash: InfoHash, isPaused: boolean): void {
    void this.#inOrder(infoHash, async () => await this.#torrents.get(infoHash)?.driver.setPaused(isPaused));
  }

  /** Passes on what a person wants of a torrent, once that runs. */
  command(infoHash: InfoHash, command: Parameters<TorrentDriver['command']>[0]): void {
    void this.#inOrder(infoHash, async () => this.#torrents.get(infoHash)?.driver.command(command));
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
      const running = this.#torrents.get(infoHash);
      if (running) await this.#end(infoHash, running, keepData);
    });
  }

  async file(infoHash: InfoHash, index: number): Promise<Blob> {
    const running = this.#torrents.get(infoHash);
    if (!running) throw new WorkerError('not-found', 'This file is not shared or downloaded here any more.');
    const blob = await running.driver.file(index);
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

  peerGone(peer: NodeId): void {
    for (const { driver } of this.#torrents.values()) driver.peerGone(peer);
  }

  /** Ends all torrents; what is stored stays and goes on with the next page. */
  async close(): Promise<void> {
    this.#limiter.stop();
    for (const waiting of this.#resuming.values()) waiting.abort();
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
    for (const record of records) if (!record.isParked) this.#resumeInOrder(record);
  }

  #resumeInOrder(record: ResumeRecord): void {
    // Known before its turn comes, so that a download of the same torrent can cut its wait short at any time.
    const patience = new AbortController();
    this.#resuming.set(record.infoHash, patience);
    this.#inOrder(record.infoHash, () => this.#resume(record, patience.signal)).catch((error: unknown) => {
      const { code, message } = describeError(error);
      this.#reportStill(record.infoHash, 'failed', 0, { code, message });
    });
  }

  async #resume(record: ResumeRecord, signal: AbortSignal): Promise<void> {
    const lock = await takeLock(record.infoHash, RESUME_LOCK_PATIENCE_MS, signal);
    this.#resuming.delete(record.infoHash);
    if (!lock) return;
    // The tab that held the lock may have written a newer one, or removed it.
    const newest = await this.#records.read(record.infoHash).catch(() => undefined);
    if (!newest || newest.isParked) {
      lock.release();
      return;
    }
    const metainfo = newest.torrentFile && knownMetainfo(newest.torrentFile);
    const plan = { infoHash: newest.infoHash, name: newest.name, trackers: newest.trackers, metainfo };
    const isComplete = metainfo !== undefined && new PieceSet(pieceCount(metainfo), newest.bitfield).isFull;
    this.#report({
      kind: 'resumed',
      infoHash: plan.infoHash,
      name: plan.name,
      trackers: plan.trackers,
      isComplete,
      priorities: undefined,
    });
    await this.#begin(plan, lock, newest);
    if (metainfo) this.#report({ kind: 'metadata', summary: summarize(metainfo) });
  }

  /** Opens storage, checks what is there and runs the torrent. A storage failure makes it start paused. */
  async #begin(plan: DownloadPlan, lock: HeldLock | undefined, record: ResumeRecord | undefined): Promise<void> {
    const metainfo = plan.metainfo ?? (record?.torrentFile && knownMetainfo(record.torrentFile));
    const known = { ...plan, metainfo, name: metainfo?.name ?? plan.name };
    if (!metainfo) {
      this.#run(known, { isPaused: record?.isPaused }, lock);
      return;
    }
    const claimed = new PieceSet(pieceCount(metainfo), record?.bitfield);
    try {
      const store = await this.#openStore(metainfo, lock, claimed);
      const stored = await verifyStored(metainfo, store, claimed, this.#rng, () =>
        this.#reportStill(metainfo.infoHash, 'checking', metainfo.totalLength),
      );
      this.#run(known, { store, stored, isPaused: record?.isPaused, generation: record?.generation }, lock);
    } catch (error) {
      if (!(error instanceof StorageError)) {
        lock?.release();
        throw error;
      }
      this.#run(known, { stored: claimed, error, generation: record?.generation }, lock);
    }
  }

  #run(
    plan: DownloadPlan,
    state: {
      readonly store?: ContentStore;
      readonly stored?: PieceSet;
      readonly isPaused?: boolean | undefined;
      readonly error?: StorageError;
      readonly generation?: number | undefined;
    },
    lock: HeldLock | undefined,
  ): void {
    if (this.#self === undefined) throw new WorkerError('internal', 'The swarm worker was not started.');
    const { infoHash, metainfo } = plan;
    const stored = state.stored?.toBytes();
    let generation = state.generation ?? 0;
    let torrentFile: Uint8Array | undefined;
    const driver = new TorrentDriver({
      infoHash,
      machine: new Torrent({ self: this.#self, infoHash, metainfo, stored }, this.#rng),
      metainfo,
      store: state.store,
      stored: state.stored,
      isPaused: state.isPaused ?? false,
      error: state.error,
      openStore: (found) => this.#openStore(found, lock, undefined),
      save: async (progress) => {
        if (!lock) return;
        generation++;
        torrentFile ??= progress.metainfo && encodeTorrentFile(progress.metainfo);
        await this.#records.write(recordOf(plan, progress, torrentFile, generation));
      },
      report: this.#report,
    });
    this.#torrents.set(infoHash, { driver, name: plan.name, lock });
    driver.begin();
    this.#limiter.apply();
  }

  /** Rejects with `StorageError`. Without the lock the files may be another tab's: memory it is. */
  async #openStore(
    metainfo: Metainfo,
    lock: HeldLock | undefined,
    stored: PieceSet | undefined,
  ): Promise<ContentStore> {
    if (!lock) return new MemoryStore(metainfo.files, this.#budget);
    const missing = pieceCount(metainfo) - (stored?.count ?? 0);
    // Files are created at their full length, so a download that goes on has taken its room already.
    if (!stored || stored.count === 0)
      await requireRoom(Math.min(missing * metainfo.pieceLength, metainfo.totalLength));
    const { infoHash: name, files, pieceLength } = metainfo;
    return await OpfsStore.open({ name, files, pieceLength, cache: this.#cache });
  }

  async #end(infoHash: InfoHash, running: Running, keepData: boolean): Promise<void> {
    this.#torrents.delete(infoHash);
    this.#limiter.remove(infoHash);
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

  /** Reports a torrent that has no machine yet. */
  #reportStill(
    infoHash: InfoHash,
    state: WorkerTorrentState,
    totalBytes: number,
    error?: { readonly code: WorkerErrorCode; readonly message: string },
  ): void {
    this.#report({
      kind: 'progress',
      infoHash,
      state,
      doneBytes: 0,
      totalBytes,
      leftBytes: totalBytes,
      isComplete: false,
      downBytesPerSecond: 0,
      upBytesPerSecond: 0,
      uploadedBytes: 0,
      peers: [],
      banned: [],
      firstByteAt: undefined,
      error,
      pieces: undefined,
    });
  }

  async #inOrder<T>(infoHash: InfoHash, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(infoHash) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#busy.set(infoHash, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(infoHash) === mine) this.#busy.delete(infoHash);
    }
  }
}

function pieceCount(metainfo: Metainfo): number {
  return pieceCountOf(metainfo.totalLength, metainfo.pieceLength);
}

/** Files of these lengths one after the other. */
function layOut(lengths: readonly number[]): Layout {
  let offset = 0;
  return new Layout(
    lengths.map((length) => {
      const file = { length, offset };
      offset += length;
      return file;
    }),
  );
}

function planOf(metainfo: Metainfo): DownloadPlan {
  return { infoHash: metainfo.infoHash, name: metainfo.name, trackers: metainfo.trackers, metainfo };
}

function planDownload(source: DownloadSource): DownloadPlan {
  if (source.kind === 'magnet') return { ...source, metainfo: undefined };
  const metainfo = knownMetainfo(source.bytes);
  if (!metainfo)
    throw new WorkerError('bad-metainfo', 'This is not a valid torrent file. Ask its sender for it again.');
  return planOf(metainfo);
}

function knownMetainfo(torrentFile: Uint8Array): Metainfo | undefined {
  const decoded = decodeTorrentFile(torrentFile);
  return decoded.ok ? decoded.value : undefined;
}

function recordOf(
  plan: DownloadPlan,
  progress: TorrentProgress,
  torrentFile: Uint8Array | undefined,
  generation: number,
): ResumeRecord {
  return {
    infoHash: plan.infoHash,
    name: progress.metainfo?.name ?? plan.name,
    trackers: plan.trackers,
    torrentFile,
    bitfield: progress.bitfield,
    generation,
    isPaused: progress.isPaused,
    isParked: false,
  };
}
