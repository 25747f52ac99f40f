import type { NodeId } from '../../../shared/src/ids.ts';
import { CHECKPOINT_MS } from '../../../shared/src/limits/storage.ts';
import type { Machine, Millis } from '../../../shared/src/machine.ts';
import { assertNever } from '../../../shared/src/result.ts';
import type {
  EffectResult,
  InfoHash,
  Metainfo,
  PieceMap,
  TorrentCommand,
  TorrentEvent,
  TorrentInput,
  TorrentOutput,
  TorrentRun,
  TorrentSnapshot,
} from '../swarm/types.ts';
import { PIECE_HEADER_BYTES, encodePieceHeader } from '../swarm/wire.ts';
import { PieceSet } from './bitfield.ts';
import { checkMetadata } from './check-metadata.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import { PeerOutbox } from './peer-outbox.ts';
import { PieceWork } from './piece-work.ts';
import type { Pipe } from './pipe.ts';
import { ProgressReporter } from './progress.ts';
import type { RateLimits, WorkerReport } from './protocol.ts';
import { Layout } from './storage/layout.ts';
import { type ContentStore, type OwnBytes, StorageError, toStorageError } from './storage/types.ts';
import { summarize } from './summary.ts';

/** The machine of a torrent, as its driver needs it. */
export interface TorrentMachine extends Machine<TorrentInput, TorrentOutput> {
  /** Rates are those of `now`, or of the last input. */
  snapshot(now?: Millis): TorrentSnapshot;
  pieceMap(): PieceMap;
}

/** What is kept of a download between two pages. */
export interface TorrentProgress {
  readonly metainfo: Metainfo | undefined;
  readonly bitfield: Uint8Array | undefined;
  readonly isPaused: boolean;
}

/** What a driver starts from and reaches out to. */
export interface DriverSetup {
  readonly infoHash: InfoHash;
  readonly machine: TorrentMachine;
  /** Known at the start, or undefined for a magnet link. */
  readonly metainfo: Metainfo | undefined;
  /** Open, when the metainfo is known and storage could be opened. */
  readonly store: ContentStore | undefined;
  readonly stored: PieceSet | undefined;
  readonly isPaused: boolean;
  /** Why storage could not be opened, when it could not. */
  readonly error: StorageError | undefined;
  /** Rejects with `StorageError`. */
  openStore(metainfo: Metainfo): Promise<ContentStore>;
  /** Records what survives the page; called after a flush. Rejects when the browser refuses. */
  save(progress: TorrentProgress): Promise<void>;
  report(report: WorkerReport): void;
}

/** Whose channel this is. */
export interface PipeEnd {
  readonly peer: NodeId;
  readonly isOutbound: boolean;
  /** The page's name for this channel. */
  readonly serial: number;
}

interface Peer {
  readonly serial: number;
  readonly pipe: Pipe;
  readonly outbox: PeerOutbox;
  /** The machine knows of it. */
  isUp: boolean;
}

/**
 * Runs the machine of one torrent: carries its outputs out on channels, buffers, hashes and storage, and gives it
 * what comes of them. An input that an output causes waits its turn, so the machine is never entered twice.
 */
export class TorrentDriver {
  readonly infoHash: InfoHash;
  readonly #setup: DriverSetup;
  readonly #machine: TorrentMachine;
  readonly #progress: ProgressReporter;
  /** BOUNDED: by MAX_CHANNELS_PER_TORRENT, kept by the page. */
  readonly #peers = new Map<NodeId, Peer>();
  /** BOUNDED: drained before `#push` returns. */
  readonly #inbox: TorrentInput[] = [];
  #isRunning = false;
  #isStopped = false;
  readonly #timer = new DeadlineTimer(() => this.#push({ kind: 'deadline' }));
  #metainfo: Metainfo | undefined;
  #store: ContentStore | undefined;
  #stored: PieceSet | undefined;
  #pieces: PieceWork | undefined;
  #checkpointTimer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(setup: DriverSetup) {
    this.infoHash = setup.infoHash;
    this.#setup = setup;
    this.#machine = setup.machine;
    this.#progress = new ProgressReporter(setup.infoHash, setup.machine, (report) => setup.report(report));
    this.#store = setup.store;
    if (setup.metainfo) this.#know(setup.metainfo, setup.stored);
    this.#progress.setError(setup.error);
  }

  /** Starts it, with a first report and a first record. Once. */
  begin(): void {
    const isPaused = this.#setup.isPaused || this.#setup.error !== undefined;
    this.#push({ kind: 'command', command: { kind: 'setPaused', isPaused } });
    this.#progress.reportNow();
    void this.#checkpoint();
  }

  get metainfo(): Metainfo | undefined {
    return this.#metainfo;
  }

  get isComplete(): boolean {
    return this.#stored?.isFull ?? false;
  }

  /** Connects a peer; a channel it had before is replaced. */
  attach({ peer, isOutbound, serial }: PipeEnd, pipe: Pipe): void {
    if (this.#isStopped) {
      pipe.close();
      return;
    }
    this.#detach(peer);
    const outbox = new PeerOutbox(pipe, {
      congested: () => this.#push({ kind: 'congested', peer }),
      writable: () => this.#push({ kind: 'writable', peer }),
      broken: () => this.#lost(peer, entry),
    });
    const entry: Peer = { serial, pipe, outbox, isUp: false };
    this.#peers.set(peer, entry);
    const linkUp = (): void => {
      if (entry.isUp || this.#peers.get(peer) !== entry) return;
      entry.isUp = true;
      this.#push({ kind: 'linkUp', peer, isOutbound });
    };
    pipe.start({
      // The opener makes its end of the channel last and speaks first: what the other side sent before might be lost.
      open: () => {
        if (isOutbound) linkUp();
      },
      message: (bytes) => {
        linkUp();
        this.#push({ kind: 'received', from: peer, bytes });
      },
      writable: () => outbox.handleWritable(),
      closed: () => this.#lost(peer, entry),
    });
  }

  /** The link to the peer is gone. */
  peerGone(peer: NodeId): void {
    const entry = this.#peers.get(peer);
    if (entry) this.#lost(peer, entry);
  }

  async setPaused(isPaused: boolean): Promise<void> {
    if (!isPaused && this.#metainfo && !this.#store) {
      try {
        this.#store = await this.#setup.openStore(this.#metainfo);
      } catch (error) {
        this.#storageFailed(error);
        return;
      }
    }
    if (this.#isStopped) return;
    if (!isPaused) this.#progress.setError(undefined);
    this.#push({ kind: 'command', command: { kind: 'setPaused', isPaused } });
    this.#progress.reportNow();
    // Not waited for: what a person asks for next is not to wait for the disk.
    void this.#checkpoint();
  }

  /** What a person wants of it: priorities, limits, order. Pausing is `setPaused`. */
  command(command: Exclude<TorrentCommand, { kind: 'setPaused' | 'stop' }>): void {
    this.#push({ kind: 'command', command });
  }

  /** What comes in and goes out now. [bytes/s] */
  rates(): { readonly down: number; readonly up: number } {
    const { downBytesPerSecond, upBytesPerSecond } = this.#machine.snapshot(performance.now());
    return { down: downBytesPerSecond, up: upBytesPerSecond };
  }

  setLimits({ down, up }: RateLimits): void {
    this.command({ kind: 'setLimits', downBytesPerSecond: down, upBytesPerSecond: up });
  }

  /** The next report holds a map of the pieces. */
  askPieces(): void {
    this.#progress.askPieces();
  }

  /** A complete file. Rejects with `StorageError`; undefined while pieces of it are missing. */
  async file(index: number): Promise<Blob | undefined> {
    const metainfo = this.#metainfo;
    if (!metainfo?.files[index] || !this.#store) return undefined;
    const pieces = new Layout(metainfo.files).pieces(index, metainfo.pieceLength);
    for (let piece = pieces?.first ?? 0; pieces && piece <= pieces.last; piece++) {
      if (!this.#stored?.has(piece)) return undefined;
    }
    return await this.#store.file(index);
  }

  /** Disconnects everyone and lets go of the storage, which is deleted unless `keepData`. */
  async stop(keepData: boolean): Promise<void> {
    if (this.#isStopped) return;
    this.#push({ kind: 'command', command: { kind: 'stop' } });
    if (keepData) await this.#checkpoint();
    this.#isStopped = true;
    for (const peer of [...this.#peers.keys()]) this.#detach(peer);
    this.#timer.stop();
    clearTimeout(this.#checkpointTimer);
    this.#progress.stop();
    await this.#saving;
    await (keepData ? this.#store?.close() : this.#store?.destroy());
  }

  #push(input: TorrentInput): void {
    if (this.#isStopped) return;
    this.#inbox.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    const out: TorrentOutput[] = [];
    for (let next = this.#inbox.shift(); next; next = this.#inbox.shift()) {
      this.#machine.handle(next, performance.now(), out);
      for (const output of out) this.#carryOut(output);
      out.length = 0;
      if (this.#inbox.length === 0) for (const peer of this.#peers.values()) peer.outbox.flush();
    }
    this.#isRunning = false;
    this.#timer.arm(this.#machine.nextDeadline()?.at ?? Infinity);
    this.#progress.touch();
  }

  #carryOut(output: TorrentOutput): void {
    switch (output.kind) {
      case 'send':
        this.#peers.get(output.to)?.outbox.add(output.bytes);
        return;
      case 'closeLink':
        this.#drop(output.peer, output.why);
        return;
      case 'run':
        this.#run(output.run);
        return;
      case 'emit':
        this.#onEvent(output.event);
        return;
      default:
        assertNever(output);
    }
  }

  #run(run: TorrentRun): void {
    switch (run.kind) {
      case 'keepBlock':
        this.#progress.firstByte();
        this.#pieces?.keep(run);
        return;
      case 'checkBlocks':
        this.#pieces?.check(run.piece, run.leaves);
        return;
      case 'finishPiece':
        void this.#finishPiece(run).then((result) => this.#done(run.effect, result));
        return;
      case 'hashLeaves':
        void this.#pieces?.hashStored(run.piece).then((result) => this.#done(run.effect, result));
        return;
      case 'dropPiece':
        this.#pieces?.drop(run.piece);
        return;
      case 'sendBlock':
        this.#sendBlock(run.to, run.piece, run.begin, run.length);
        return;
      case 'checkMetadata':
        void this.#checkMetadata(run.infoBytes).then((result) => this.#done(run.effect, result));
        return;
      default:
        assertNever(run);
    }
  }

  #onEvent(event: TorrentEvent): void {
    switch (event.kind) {
      case 'metadata':
        this.#setup.report({ kind: 'metadata', summary: summarize(event.metainfo) });
        break;
      case 'peersFound': {
        const peers = event.peers.map(({ id }) => id);
        this.#setup.report({ kind: 'peersFound', infoHash: this.infoHash, peers, from: event.from });
        return;
      }
      case 'pieceLayers':
        this.#metainfo = event.metainfo;
        void this.#checkpoint();
        return;
      case 'pieceStored':
        this.#checkpointTimer ??= setTimeout(() => void this.#checkpoint(), CHECKPOINT_MS);
        return;
      case 'complete':
        void this.#checkpoint();
        break;
      case 'banned':
        this.#progress.ban(event.peer);
        break;
      case 'storageFailed':
        break;
      default:
        assertNever(event);
    }
    this.#progress.reportNow();
  }

  #sendBlock(to: NodeId, piece: number, begin: number, length: number): void {
    const outbox = this.#peers.get(to)?.outbox;
    if (!outbox || !this.#metainfo || !this.#store) return;
    const message: OwnBytes = new Uint8Array(PIECE_HEADER_BYTES + length);
    message.set(encodePieceHeader(piece, begin, length));
    try {
      const reading = this.#store.read(
        piece * this.#metainfo.pieceLength + begin,
        message.subarray(PIECE_HEADER_BYTES),
      );
      outbox.addBlock(message, reading);
      reading?.catch((error: unknown) => this.#storageFailed(error));
    } catch (error) {
      this.#storageFailed(error);
    }
  }

  async #finishPiece(run: Extract<TorrentRun, { kind: 'finishPiece' }>): Promise<EffectResult> {
    const result = (await this.#pieces?.finish(run)) ?? ({ kind: 'mismatch' } as const);
    if (result.kind === 'stored') this.#stored?.add(run.piece);
    return result;
  }

  async #checkMetadata(infoBytes: Uint8Array): Promise<EffectResult> {
    const metainfo = await checkMetadata(this.infoHash, infoBytes);
    if (!metainfo) return { kind: 'badMetadata' };
    if (!this.#isStopped) {
      try {
        this.#store = await this.#setup.openStore(metainfo);
      } catch (error) {
        this.#storageFailed(error);
      }
    }
    this.#know(metainfo, undefined);
    void this.#checkpoint();
    return { kind: 'metadata', metainfo };
  }

  #done(effect: number, result: EffectResult): void {
    this.#push({ kind: 'effectDone', effect, result });
  }

  #know(metainfo: Metainfo, stored: PieceSet | undefined): void {
    this.#metainfo = metainfo;
    this.#pieces = new PieceWork(metainfo, {
      store: () => this.#store,
      failed: (error) => this.#progress.setError(this.#progress.error ?? error),
      blockBad: (piece, begin, from) => this.#push({ kind: 'blockBad', piece, begin, from }),
    });
    this.#stored = stored ?? new PieceSet(Math.ceil(metainfo.totalLength / metainfo.pieceLength));
    this.#progress.setMetainfo(metainfo);
  }

  /** What is stored stays; the torrent waits for a person to make room and resume it. */
  #storageFailed(error: unknown): void {
    this.#progress.setError(toStorageError(error));
    this.#push({ kind: 'command', command: { kind: 'setPaused', isPaused: true } });
    this.#progress.reportNow();
  }

  /** The peer's channel ended without our doing. */
  #lost(peer: NodeId, entry: Peer): void {
    if (this.#peers.get(peer) !== entry) return;
    this.#detach(peer);
    this.#setup.report({ kind: 'channelClosed', infoHash: this.infoHash, peer, serial: entry.serial });
  }

  #detach(peer: NodeId): void {
    const entry = this.#peers.get(peer);
    if (!entry) return;
    this.#peers.delete(peer);
    entry.pipe.close();
    if (entry.isUp) this.#push({ kind: 'linkDown', peer });
  }

  /** The machine wants no more of the peer. */
  #drop(peer: NodeId, why: string): void {
    const entry = this.#peers.get(peer);
    if (!entry) return;
    entry.outbox.flush();
    this.#peers.delete(peer);
    entry.pipe.close();
    this.#setup.report({ kind: 'peerDropped', infoHash: this.infoHash, peer, serial: entry.serial, why });
  }

  async #checkpoint(): Promise<void> {
    clearTimeout(this.#checkpointTimer);
    this.#checkpointTimer = undefined;
    const bitfield = this.#stored?.toBytes();
    try {
      await this.#store?.flush();
      const { isPaused } = this.#machine.snapshot();
      // A torrent that storage stopped is not paused by choice: the next page tries again.
      const progress = { metainfo: this.#metainfo, bitfield, isPaused: isPaused && !this.#progress.error };
      this.#saving = this.#saving.then(() => this.#setup.save(progress)).catch(() => undefined);
      await this.#saving;
    } catch (error) {
      this.#storageFailed(error);
    }
  }
}
