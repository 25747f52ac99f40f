import type { NodeId } from '../../../shared/src/ids.ts';
import { PROGRESS_MS } from '../../../shared/src/limits/storage.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { InfoHash, Metainfo, TorrentSnapshot } from '../swarm/types.ts';
import type { WorkerPeer, WorkerReport, WorkerTorrentState } from './protocol.ts';
import type { StorageError } from './storage/types.ts';

/** Bans named in a report. [peers] More tell a person nothing. */
const MAX_NAMED_BANS = 20;

/** Tells the page how a torrent is doing: at every change of state, and four times a second while anything moves. */
export class ProgressReporter {
  readonly #infoHash: InfoHash;
  readonly #machine: { snapshot(now: Millis): TorrentSnapshot };
  readonly #report: (report: WorkerReport) => void;
  /** Newest last. BOUNDED: by MAX_NAMED_BANS. */
  readonly #banned: NodeId[] = [];
  #metainfo: Metainfo | undefined;
  #error: StorageError | undefined;
  #firstByteAt: number | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(
    infoHash: InfoHash,
    machine: { snapshot(now: Millis): TorrentSnapshot },
    report: (report: WorkerReport) => void,
  ) {
    this.#infoHash = infoHash;
    this.#machine = machine;
    this.#report = report;
  }

  get error(): StorageError | undefined {
    return this.#error;
  }

  setMetainfo(metainfo: Metainfo): void {
    this.#metainfo = metainfo;
  }

  setError(error: StorageError | undefined): void {
    this.#error = error;
  }

  ban(peer: NodeId): void {
    this.#banned.push(peer);
    if (this.#banned.length > MAX_NAMED_BANS) this.#banned.shift();
  }

  /** A payload byte came in; the first one's time is kept. */
  firstByte(): void {
    this.#firstByteAt ??= performance.timeOrigin + performance.now();
  }

  /** Something happened: a report follows within PROGRESS_MS. */
  touch(): void {
    if (this.#timer === undefined && !this.#isStopped) this.#timer = setTimeout(() => this.reportNow(), PROGRESS_MS);
  }

  reportNow(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const snapshot = this.#machine.snapshot(performance.now());
    const peers = snapshot.peers.map((peer): WorkerPeer => ({
      id: peer.id,
      downBytesPerSecond: peer.downBytesPerSecond,
      upBytesPerSecond: peer.upBytesPerSecond,
      progress: snapshot.pieceCount === 0 ? 0 : (peer.pieces ?? 0) / snapshot.pieceCount,
      isChokingUs: peer.peerChoking,
      isChoked: peer.amChoking,
      slot: peer.slot,
      isSource: peer.amInterested,
    }));
    this.#report({
      kind: 'progress',
      infoHash: this.#infoHash,
      state: this.#state(snapshot),
      doneBytes: snapshot.doneBytes,
      totalBytes: this.#metainfo?.totalLength ?? 0,
      downBytesPerSecond: snapshot.downBytesPerSecond,
      upBytesPerSecond: snapshot.upBytesPerSecond,
      uploadedBytes: snapshot.uploadedBytes,
      peers,
      banned: [...this.#banned],
      firstByteAt: this.#firstByteAt,
      error: this.#error && { code: this.#error.code, message: this.#error.message },
    });
    // Rates fall for a while after the last byte, and the page is to see it.
    if (snapshot.downBytesPerSecond > 0 || snapshot.upBytesPerSecond > 0) this.touch();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #state(snapshot: TorrentSnapshot): WorkerTorrentState {
    if (snapshot.isPaused) return 'paused';
    if (!this.#metainfo) return 'finding';
    if (snapshot.storedPieces === snapshot.pieceCount) return 'seeding';
    return snapshot.peers.some((peer) => peer.amInterested) ? 'downloading' : 'finding';
  }
}
