import { assertNever } from '../../../shared/src/result.ts';
import { type MetainfoErrorCode, refusalText } from '../swarm/metainfo-error.ts';
import type { PeerKey } from '../swarm/peer-key.ts';
import type {
  EffectResult,
  FilePriority,
  InfoHash,
  Metainfo,
  TorrentCommand,
  TorrentEvent,
  TorrentInput,
  TorrentOutput,
  TorrentRun,
} from '../swarm/types.ts';
import type { PieceSet } from './bitfield.ts';
import { checkMetadata } from './check-metadata.ts';
import { Checkpoints } from './checkpoints.ts';
import { ContentReaders, type ReadPort, type ReadRange } from './content-readers.ts';
import { DeadlineTimer } from './deadline-timer.ts';
import type { DriverSetup, TorrentMachine } from './driver-setup.ts';
import { WorkerError } from './errors.ts';
import type { Pipe } from './pipe.ts';
import { ProgressReporter } from './progress.ts';
import type { RateLimits } from './protocol.ts';
import { type StorageError, toStorageError } from './storage/types.ts';
import { summarize } from './summary.ts';
import { TorrentContent } from './torrent-content.ts';
import { type PipeEnd, TorrentPeers } from './torrent-peers.ts';
import { type WebRequest, WebSeedClient } from './web-seed-client.ts';

/**
 * Runs the machine of one torrent: carries its outputs out on channels, buffers, hashes and storage, and gives it
 * what comes of them. An input that an output causes waits its turn, so the machine is never entered twice.
 */
export class TorrentDriver {
  readonly infoHash: InfoHash;
  readonly #setup: DriverSetup;
  readonly #machine: TorrentMachine;
  readonly #progress: ProgressReporter;
  readonly #peers: TorrentPeers;
  readonly #content: TorrentContent;
  readonly #checkpoints: Checkpoints;
  readonly #readers: ContentReaders;
  /** Undefined until the metainfo is known. */
  #web: WebSeedClient | undefined;
  /** BOUNDED: drained before `#push` returns. */
  readonly #inbox: TorrentInput[] = [];
  #isRunning = false;
  #isStopped = false;
  /** What the metadata of a magnet link says, as soon as it is here. */
  #learning: Promise<Metainfo> | undefined;
  /** It was paused when it was stopped, which the machine does not tell from then on. */
  #endedPaused = false;
  /** Why the metadata was refused: then the machine has stopped. */
  #refusal: MetainfoErrorCode | undefined;
  /** The last failure of storage, for when the machine stops for it. */
  #failure: StorageError | undefined;
  readonly #timer = new DeadlineTimer(() => this.#push({ kind: 'deadline' }));

  constructor(setup: DriverSetup) {
    this.infoHash = setup.infoHash;
    this.#setup = setup;
    this.#machine = setup.machine;
    this.#progress = new ProgressReporter(setup, setup.machine, (report) => setup.report(report));
    this.#peers = new TorrentPeers(setup.infoHash, {
      push: (input) => this.#push(input),
      report: (report) => setup.report(report),
    });
    this.#content = new TorrentContent(setup.store, {
      failed: (error) => (this.#failure = error),
      blockBad: (piece, begin, from) => this.#push({ kind: 'blockBad', piece, begin, from }),
      blockGood: (piece, begin, from) => this.#push({ kind: 'blockGood', piece, begin, from }),
      unreadable: (error) => this.#storageFailed(error),
    });
    this.#checkpoints = new Checkpoints(this.#content, {
      // A torrent that storage stopped is not paused by choice: the next page tries again.
      isPaused: () => (this.#endedPaused || this.#machine.snapshot().isPaused) && !this.#progress.error,
      refusal: () => this.#refusal,
      save: (progress) => setup.save(progress),
      failed: (error) => this.#storageFailed(error),
    });
    this.#readers = new ContentReaders(this.#content, {
      now: () => performance.now(),
      setDeadline: (piece, at) => this.command({ kind: 'setDeadline', piece, at }),
    });
    if (setup.metainfo) this.#know(setup.metainfo, setup.stored);
    this.#progress.setError(setup.error);
  }

  /** Starts it, with a first report and a first record. Once. */
  begin(): void {
    const { refusal, error } = this.#setup;
    const isPaused = this.#setup.isPaused || error !== undefined;
    this.#push({ kind: 'command', command: refusal ? { kind: 'stop' } : { kind: 'setPaused', isPaused } });
    if (refusal) this.#refuse(refusal);
    this.#progress.reportNow();
    void this.#checkpoints.now();
  }

  get metainfo(): Metainfo | undefined {
    return this.#content.metainfo;
  }

  /** Its metadata was refused. It stays so, whatever is asked of it. */
  get isRefused(): boolean {
    return this.#refusal !== undefined;
  }

  get isComplete(): boolean {
    return this.#content.stored?.isFull ?? false;
  }

  /** Connects a peer; a channel it had before is replaced. */
  attach(end: PipeEnd, pipe: Pipe): void {
    if (this.#isStopped) pipe.close();
    else this.#peers.attach(end, pipe);
  }

  /** The link to the peer is gone. */
  peerGone(peer: PeerKey): void {
    this.#peers.gone(peer);
  }

  async setPaused(isPaused: boolean): Promise<void> {
    const { metainfo } = this.#content;
    if (!isPaused && metainfo) {
      try {
        if (await this.#content.opened()) await this.#content.want();
        else await this.#content.open(this.#setup.openStore(metainfo));
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
    void this.#checkpoints.now();
  }

  /** How much each file is wanted. It stops when there is no room for those that are. */
  setPriorities(priorities: readonly FilePriority[]): void {
    this.command({ kind: 'setPriorities', priorities });
    this.#content.want((file) => priorities[file] !== 'skip').catch((error: unknown) => this.#storageFailed(error));
  }

  /** What a person wants of it: limits, order. Pausing is `setPaused`. */
  command(command: Exclude<TorrentCommand, { kind: 'setPaused' | 'stop' }>): void {
    this.#push({ kind: 'command', command });
  }

  /** What survives the page has changed: it is recorded at once. */
  record(): void {
    void this.#checkpoints.now();
  }

  /** What comes in and goes out now. [bytes/s] */
  rates(): { readonly down: number; readonly up: number } {
    const { downBytesPerSecond, upBytesPerSecond } = this.#machine.snapshot(performance.now());
    return { down: downBytesPerSecond, up: upBytesPerSecond };
  }

  setLimits({ down, up }: RateLimits): void {
    this.command({ kind: 'setLimits', downBytesPerSecond: down, upBytesPerSecond: up });
  }

  /**
   * The torrent file of a magnet link, which a person had, verified: peers are asked for the metadata and piece layers no
   * more. Resolves when it is taken.
   */
  async supply(metainfo: Metainfo): Promise<void> {
    if (this.#isStopped || this.isRefused) return;
    const learnt = this.metainfo ?? (await this.#learn(metainfo));
    // Peers may have been first with the metadata, which comes without piece layers.
    for (const each of new Set([learnt, metainfo])) this.command({ kind: 'takeMetadata', metainfo: each });
    if (!this.#content.learnPlaces(metainfo)) return;
    this.command({ kind: 'addWebSeeds', urls: metainfo.webSeeds });
    this.#tellMetadata();
    void this.#checkpoints.now();
  }

  /** The next report holds a map of the pieces. */
  askPieces(): void {
    this.#progress.askPieces();
  }

  /** A complete file. Rejects with `StorageError`; undefined while pieces of it are missing. */
  async file(index: number): Promise<Blob | undefined> {
    return await this.#content.file(index);
  }

  /** Has `port` read a part of a file, in order, as it comes. */
  read(range: ReadRange, port: ReadPort): void {
    this.#readers.open(range, port);
  }

  /** Disconnects everyone and lets go of the storage, which is deleted unless `keepData`. */
  async stop(keepData: boolean): Promise<void> {
    if (this.#isStopped) return;
    this.#endedPaused = this.#machine.snapshot().isPaused;
    this.#push({ kind: 'command', command: { kind: 'stop' } });
    if (keepData) await this.#checkpoints.now();
    this.#isStopped = true;
    this.#readers.stop();
    this.#web?.stopAll();
    this.#peers.detachAll();
    this.#timer.stop();
    this.#progress.stop();
    await this.#checkpoints.stop();
    const store = await this.#content.opened();
    await (keepData ? store?.close() : store?.destroy());
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
      if (this.#inbox.length === 0) this.#peers.flush();
    }
    this.#isRunning = false;
    this.#timer.arm(this.#machine.nextDeadline()?.at ?? Infinity);
    this.#progress.touch();
  }

  #carryOut(output: TorrentOutput): void {
    switch (output.kind) {
      case 'send':
        this.#peers.outbox(output.to)?.add(output.bytes);
        return;
      case 'closeLink':
        this.#peers.drop(output.peer, output.why);
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
        this.#content.pieces?.keep(run);
        return;
      case 'checkBlocks':
        this.#content.pieces?.check(run.piece, run.leaves);
        return;
      case 'finishPiece':
        void this.#content.finishPiece(run).then((result) => this.#done(run.effect, result));
        return;
      case 'hashLeaves':
        void this.#content.pieces?.hashStored(run.piece).then((result) => this.#done(run.effect, result));
        return;
      case 'dropPiece':
        this.#content.pieces?.drop(run.piece);
        return;
      case 'sendBlock': {
        const outbox = this.#peers.outbox(run.to);
        if (outbox) this.#content.sendBlock(run, outbox);
        return;
      }
      case 'fetchWeb':
        void this.#fetchWeb(run);
        return;
      case 'stopWeb':
        this.#web?.stop(run.effect);
        return;
      case 'checkMetadata':
        void this.#checkMetadata(run.infoBytes).then((result) => this.#done(run.effect, result));
        return;
      default:
        assertNever(run);
    }
  }

  async #fetchWeb(run: WebRequest): Promise<void> {
    const result = await this.#web?.fetch(run, (piece, begin, bytes) => {
      this.#push({ kind: 'webBlock', effect: run.effect, piece, begin, bytes });
    });
    if (result) this.#done(run.effect, result);
  }

  #onEvent(event: TorrentEvent): void {
    switch (event.kind) {
      case 'metadata':
        this.#tellMetadata();
        break;
      case 'metadataRefused':
        this.#refuse(event.code);
        void this.#checkpoints.now();
        break;
      case 'peersFound': {
        const peers = event.peers.map(({ id }) => id);
        this.#setup.report({ kind: 'peersFound', infoHash: this.infoHash, peers, from: event.from });
        return;
      }
      case 'pieceLayers':
        this.#content.learnLayers(event.metainfo);
        // A torrent file is not whole without them (BEP 52).
        this.#tellMetadata();
        void this.#checkpoints.now();
        return;
      case 'pieceStored':
        this.#checkpoints.soon();
        this.#readers.pieceStored();
        return;
      case 'complete':
        void this.#checkpoints.now();
        break;
      case 'banned':
        this.#progress.ban(event.peer);
        break;
      case 'storageFailed':
        this.#progress.setError(this.#progress.error ?? this.#failure);
        break;
      default:
        assertNever(event);
    }
    this.#progress.reportNow();
  }

  #tellMetadata(): void {
    if (this.metainfo) this.#setup.report({ kind: 'metadata', summary: summarize(this.metainfo) });
  }

  #refuse(code: MetainfoErrorCode): void {
    this.#refusal = code;
    this.#progress.fail(new WorkerError('bad-metainfo', refusalText(code)));
  }

  async #checkMetadata(infoBytes: Uint8Array): Promise<EffectResult> {
    const checked = await checkMetadata(this.infoHash, infoBytes);
    if (!checked) return { kind: 'badMetadata' };
    if (!checked.ok) return { kind: 'refusedMetadata', code: checked.error };
    return { kind: 'metadata', metainfo: await this.#learn(checked.value) };
  }

  /** Opens storage for what the metadata says. Of several that bring the same at a time, the first counts. */
  async #learn(metainfo: Metainfo): Promise<Metainfo> {
    this.#learning ??= this.#open(metainfo);
    return await this.#learning;
  }

  async #open(metainfo: Metainfo): Promise<Metainfo> {
    if (!this.#isStopped) {
      try {
        await this.#content.open(this.#setup.openStore(metainfo));
      } catch (error) {
        this.#storageFailed(error);
      }
    }
    this.#know(metainfo, undefined);
    void this.#checkpoints.now();
    return metainfo;
  }

  #done(effect: number, result: EffectResult): void {
    this.#push({ kind: 'effectDone', effect, result });
  }

  #know(metainfo: Metainfo, stored: PieceSet | undefined): void {
    this.#content.know(metainfo, stored);
    this.#web = new WebSeedClient(metainfo, (...request) => fetch(...request));
    this.#progress.setMetainfo(metainfo);
  }

  /** What is stored stays; the torrent waits for a person to make room and resume it. */
  #storageFailed(error: unknown): void {
    if (this.#isStopped) return;
    this.#progress.setError(toStorageError(error));
    this.#push({ kind: 'command', command: { kind: 'setPaused', isPaused: true } });
    this.#progress.reportNow();
  }
}
