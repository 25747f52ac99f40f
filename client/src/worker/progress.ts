import { PROGRESS_MS } from '../../../shared/src/limits/storage.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { contentLengthOf } from '../swarm/content-length.ts';
import type { PeerKey } from '../swarm/peer-key.ts';
import type { InfoHash, Metainfo, TorrentSnapshot } from '../swarm/types.ts';
import type { WorkerError } from './errors.ts';
import type { PieceMap, WorkerPeer, WorkerReport, WorkerTorrentState } from './protocol.ts';
import type { StorageError } from './storage/types.ts';

/** Bans named in a report. [peers] More tell a person nothing. */
const MAX_NAMED_BANS = 20;

/** What is read off the machine of a torrent. */
interface WatchedMachine {
  snapshot(now: Millis): TorrentSnapshot;
  pieceMap(): { readonly stored: Uint8Array; readonly availability: Uint8Array };
}

/** Tells the page how a torrent is doing: at every change of state, and four times a second while anything moves. */
export class ProgressReporter {
  readonly #infoHash: InfoHash;
  readonly #isKept: boolean;
  readonly #machine: WatchedMachine;
  readonly #report: (report: WorkerReport) => void;
  /** Newest last. BOUNDED: by MAX_NAMED_BANS. */
  readonly #banned: PeerKey[] = [];
  #metainfo: Metainfo | undefined;
  /** Without padding; 0 until the metadata is here. */
  #totalBytes = 0;
  #error: StorageError | undefined;
  /** Why it cannot go on, whatever a person does. */
  #failure: WorkerError | undefined;
  #firstByteAt: number | undefined;
  /** The page asked for a map of the pieces. */
  #wantsPieces = false;
  /** Something may have changed since the last map. */
  #isMapOld = true;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(
    { infoHash, isKept }: { readonly infoHash: InfoHash; readonly isKept: boolean },
    machine: WatchedMachine,
    report: (report: WorkerReport) => void,
  ) {
    this.#infoHash = infoHash;
    this.#isKept = isKept;
    this.#machine = machine;
    this.#report = report;
  }

  get error(): StorageError | undefined {
    return this.#error;
  }

  setMetainfo(metainfo: Metainfo): void {
    this.#metainfo = metainfo;
    this.#totalBytes = contentLengthOf(metainfo);
  }

  setError(error: StorageError | undefined): void {
    this.#error = error;
  }

  /** It has failed for good. */
  fail(failure: WorkerError): void {
    this.#failure = failure;
  }

  ban(peer: PeerKey): void {
    this.#banned.push(peer);
    if (this.#banned.length > MAX_NAMED_BANS) this.#banned.shift();
  }

  /** A payload byte came in; the first one's time is kept. */
  firstByte(): void {
    this.#firstByteAt ??= performance.timeOrigin + performance.now();
  }

  /** The next report is to hold the map of the pieces; when it changed since the last one, a report follows for it. */
  askPieces(): void {
    this.#wantsPieces = true;
    if (this.#isMapOld) this.touch();
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
    const error = this.#failure ?? this.#error;
    const peers = snapshot.peers.map((peer): WorkerPeer => ({
      id: peer.id,
      downBytesPerSecond: peer.downBytesPerSecond,
      upBytesPerSecond: peer.upBytesPerSecond,
      downloadedBytes: peer.downloadedBytes,
      uploadedBytes: peer.uploadedBytes,
      progress: snapshot.pieceCount === 0 ? 0 : (peer.pieces ?? 0) / snapshot.pieceCount,
      isChokingUs: peer.peerChoking,
      isChoked: peer.amChoking,
      isInterested: peer.peerInterested,
      slot: peer.slot,
      isSource: peer.amInterested,
      isSnubbed: peer.isSnubbed,
      isInbound: peer.isInbound,
      program: peer.program,
    }));

    this.#report({
      kind: 'progress',
      infoHash: this.#infoHash,
      state: this.#state(snapshot),
      doneBytes: snapshot.doneBytes,
      totalBytes: this.#totalBytes,
      leftBytes: snapshot.leftBytes,
      isComplete: snapshot.isFinished,
      isElsewhere: false,
      isKept: this.#isKept,
      isSuperSeeding: snapshot.isSuperSeeding,
      downBytesPerSecond: snapshot.downBytesPerSecond,
      upBytesPerSecond: snapshot.upBytesPerSecond,
      uploadedBytes: snapshot.uploadedBytes,
      peers,
      webSeeds: snapshot.webSeeds,
      banned: [...this.#banned],
      firstByteAt: this.#firstByteAt,
      error: error && { code: error.code, message: error.message },
      pieces: this.#takePieces(snapshot.pieceCount),
    });
    // Rates fall for a while after the last byte, and the page is to see it.
    if (snapshot.downBytesPerSecond > 0 || snapshot.upBytesPerSecond > 0) this.touch();
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #takePieces(count: number): PieceMap | undefined {
    this.#isMapOld = !this.#wantsPieces;
    if (!this.#wantsPieces) return undefined;
    this.#wantsPieces = false;
    const { stored, availability } = this.#machine.pieceMap();
    return { count, stored, availability };
  }

  #state(snapshot: TorrentSnapshot): WorkerTorrentState {
    if (this.#failure) return 'failed';
    if (snapshot.isPaused) return 'paused';
    if (!this.#metainfo) return 'finding';
    if (snapshot.isFinished) return 'seeding';
    const isFetching = snapshot.webSeeds.some(({ state }) => state === 'fetching');
    return isFetching || snapshot.peers.some((peer) => peer.amInterested) ? 'downloading' : 'finding';
  }
}
