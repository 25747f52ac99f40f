import { equalBytes } from '../../../shared/src/bytes.ts';
import { type NodeId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import type { Deadline, Machine, Millis, Rng } from '../../../shared/src/machine.ts';
import { Content } from './content.ts';
import { type CloseReason, Effects } from './effects.ts';
import { Greeter } from './greeter.ts';
import type { PieceLeaves } from './leaf-fetch.ts';
import { MetadataExchange } from './metadata-exchange.ts';
import type { MetainfoErrorCode } from './metainfo-error.ts';
import { PeerExchange } from './peer-exchange.ts';
import { type PeerKey, isStranger } from './peer-key.ts';
import { PeerProtocol, type ProtocolHost } from './peer-protocol.ts';
import { PeerRoster, type RosterHost } from './peer-roster.ts';
import type { PeerSession } from './peer-session.ts';
import { PieceVerdicts, type VerdictHost } from './piece-verdicts.ts';
import { type RoundHost, Rounds } from './rounds.ts';
import { Slots } from './slots.ts';
import { SlowWork } from './slow-work.ts';
import { takePieceMap, takeSnapshot } from './snapshot.ts';
import { Steering } from './steering.ts';
import { SuperSeeder } from './super-seeder.ts';
import type {
  EffectResult,
  Metainfo,
  PieceMap,
  TorrentCommand,
  TorrentInput,
  TorrentOptions,
  TorrentOutput,
  TorrentSnapshot,
} from './types.ts';
import { Uploader } from './uploader.ts';
import { WebSeeds } from './web-seeds.ts';
import type { FileHashRange, WireMessage } from './wire.ts';

/**
 * The machine of one torrent: BitTorrent with every peer of its swarm (BEP 3, 6, 9, 10). It is a seed, a leecher, or a
 * magnet link that first asks for the metadata; the difference is only in what it has.
 *
 * A peer's bytes go through its decoder to `PeerProtocol`. What follows from them is decided by `Picker`, `Choker`,
 * `Pipeline`, `Blame` and `MetadataFetch`, and leaves through `Effects` when the call ends. A piece is
 *
 *     missing ──▶ open ──last block──▶ being checked ──stored──▶ stored: announced and served
 *        ▲──────────┴──────mismatch, storage failed──────┘
 */
export class Torrent implements Machine<TorrentInput, TorrentOutput>, ProtocolHost, RosterHost, RoundHost, VerdictHost {
  readonly infoHashBytes: Uint8Array;
  readonly self: NodeId;
  readonly #selfBytes: Uint8Array;
  readonly #rng: Rng;
  readonly #effects = new Effects();
  readonly #peers = new PeerRoster(this, this.#effects);
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession> = this.#peers.sessions;
  readonly #uploader = new Uploader(this.#effects);
  readonly #slots = new Slots(this.#effects, this.#uploader, this.#sessions);
  readonly #metadata = new MetadataExchange(this.#effects, this.#uploader, this.#sessions);
  readonly #exchange = new PeerExchange(this.#effects, this.#sessions);
  readonly #verdicts = new PieceVerdicts(this, this.#peers, this.#effects);
  readonly #protocol = new PeerProtocol(this, this.#uploader, this.#metadata);
  readonly #rounds: Rounds;
  readonly #superSeeder: SuperSeeder;
  readonly #steering: Steering;
  readonly #greeter: Greeter;
  readonly #webSeeds: WebSeeds;
  readonly #work: SlowWork = new SlowWork(this.#effects, {
    onFinished: (piece, result, now, isOld) => this.#verdicts.onFinished(piece, result, now, isOld),
    onHashed: (piece, leaves, now) => this.#onHashed(piece, leaves, now),
    onMetadataChecked: (result, now) => this.#onMetadataChecked(result, now),
    onWebDone: (effect, result, now) => this.#webSeeds.onDone(effect, result, this.#content, now),
  });
  #content: Content | undefined;
  #lifecycle: 'running' | 'paused' | 'stopped' = 'running';
  #hasCompleted = false;
  /** A peer wants no more of what a super-seed told it of. */
  #needsReview = false;
  /** Blocks became free: peers that found nothing to do look again before the call ends. */
  #needsFill = false;
  #lastNow: Millis = 0;
  /** Reused by each input. */
  #messages: WireMessage[] = [];

  constructor(options: TorrentOptions, rng: Rng) {
    this.self = options.self;
    this.#selfBytes = nodeIdToBytes(options.self);
    this.infoHashBytes = nodeIdToBytes(options.infoHash);
    this.#rng = rng;
    this.#superSeeder = new SuperSeeder(this.#effects, this.#sessions, rng);
    this.#rounds = new Rounds(this, {
      peers: this.#peers,
      uploader: this.#uploader,
      slots: this.#slots,
      exchange: this.#exchange,
      superSeeder: this.#superSeeder,
    });
    this.#greeter = new Greeter(this.#effects, this.#superSeeder);
    this.#webSeeds = new WebSeeds(this.#effects, {
      beginFetch: () => this.#work.beginFetch(),
      onWholePiece: (piece) => this.onWholePiece(piece),
      onFreed: () => this.onFreed(),
    });
    this.#webSeeds.add(options.webSeeds ?? []);
    this.#steering = new Steering(this.#uploader, this.#superSeeder, this.#peers);
    if (options.metainfo) this.#steering.begin(this.#open(options.metainfo, options.stored), 0);
    for (const [piece, leaves] of options.leaves ?? []) this.#content?.hashes?.trees.keepLeaves(piece, leaves);
    if (this.#content?.isFinished) this.#rounds.beginComplete();
  }

  handle(input: TorrentInput, now: Millis, out: TorrentOutput[]): void {
    if (this.#lifecycle === 'stopped') return;
    this.#lastNow = now;
    this.#effects.begin(out, now);
    this.#dispatch(input, now);
    this.#settle(now);
    for (const session of this.#effects.end()) this.#peers.drop(session, 'timeout', now);
  }

  nextDeadline(): Deadline | undefined {
    const [rounds, web] = [this.#rounds.next(), this.isRunning ? this.#webSeeds.next() : undefined];
    return web && (!rounds || web.at < rounds.at) ? web : rounds;
  }

  /** Rates are as of the last input; with peers connected there is one every second. */
  snapshot(): TorrentSnapshot {
    const isPaused = this.#lifecycle === 'paused';
    const how = { isSequential: this.#steering.wishes.isSequential, isSuperSeeding: this.#superSeeder.isOn };
    const webSeeds = this.#webSeeds.infos(this.#lastNow);
    return takeSnapshot(this.#sessions, this.#content, this.#uploader, isPaused, webSeeds, how, this.#lastNow);
  }

  pieceMap(): PieceMap {
    return takePieceMap(this.#content);
  }

  get content(): Content | undefined {
    return this.#content;
  }

  get isRunning(): boolean {
    return this.#lifecycle === 'running';
  }

  onGreeted(session: PeerSession): void {
    this.#greeter.greet(session, this.#content);
  }

  onPieces(piece: number | undefined, now: Millis): void {
    if (this.#content && this.#superSeeder.isOn) this.#superSeeder.onPieces(piece, this.#content, now);
  }

  onInterest(session: PeerSession, now: Millis): void {
    if (this.#lifecycle !== 'running' || !this.#content) return;
    if (session.peerInterested) this.#slots.admit(session, now);
    else this.#needsReview = true;
  }

  onForgotten(session: PeerSession, now: Millis): void {
    this.#content?.downloader.forget(session.outstanding);
    this.#content?.picker.removePeer(session);
    this.#content?.hashes?.removePeer(session.id);
    this.#metadata.removePeer(session.id);
    if (session.slot !== 'none' && this.#lifecycle === 'running') this.#slots.refill(now);
    this.#needsFill = true;
  }

  onBanned(peer: PeerKey): boolean {
    const isWebSeed = this.#webSeeds.ban(peer, this.#content);
    this.#content?.discardFrom(peer);
    return !isWebSeed;
  }

  pause(): void {
    if (this.#lifecycle !== 'running') return;
    this.#lifecycle = 'paused';
    this.#uploader.answers.setPaused(true, this.#lastNow);
    this.#webSeeds.stop(this.#content);
    for (const session of this.#sessions.values()) {
      if (session.phase !== 'up') continue;
      this.#content?.downloader.cancelAll(session);
      this.#peers.updateInterest(session);
    }
    this.#slots.clear();
  }

  onFreed(): void {
    this.#needsFill = true;
  }

  onWholePiece(piece: number): void {
    if (!this.#content?.downloader.trials?.defers(piece, this.#lastNow))
      this.#work.finishPiece(piece, this.#content?.hashes?.trees);
  }

  onLeaves({ piece, leaves }: PieceLeaves): void {
    if (this.#content?.picker.blocks.openPieces.get(piece)) this.#effects.run({ kind: 'checkBlocks', piece, leaves });
  }

  onHashLie(session: PeerSession, now: Millis): void {
    this.#peers.ban(session.id, -1, now);
  }

  onPeerNews(session: PeerSession, payload: Uint8Array, now: Millis): CloseReason | undefined {
    if (this.#content?.metainfo.isPrivate || isStranger(session.id)) return undefined;
    const found = this.#exchange.receive(session, payload, this.self, now);
    if (found === 'malformed') return found;
    const peers = found.filter(({ id }) => !this.#peers.blame.isBanned(id));
    if (peers.length > 0) this.#effects.emit({ kind: 'peersFound', peers, from: session.id });
    return undefined;
  }

  refuseHashes(session: PeerSession, range: FileHashRange): void {
    this.#effects.write(session).hashReject(range);
  }

  onMetadata(infoBytes: Uint8Array): void {
    this.#work.checkMetadata(infoBytes);
  }

  #dispatch(input: TorrentInput, now: Millis): void {
    switch (input.kind) {
      case 'received':
        return this.#onReceived(input.from, input.bytes, now);
      case 'linkUp':
        return this.#onLinkUp(input, now);
      case 'linkDown':
        return this.#onLinkDown(input.peer, now);
      case 'congested':
      case 'writable':
        return this.#onCongestion(input.peer, input.kind === 'congested', now);
      case 'effectDone':
        return this.#work.onDone(input.effect, input.result, now);
      case 'webBlock':
        if (this.#content)
          this.#webSeeds.onBlock(input.effect, input.piece, input.begin, input.bytes, this.#content, now);
        return;
      case 'blockBad':
        return this.#verdicts.onBlockBad(input.piece, input.begin, input.from, now);
      case 'blockGood':
        return this.#verdicts.onBlockGood(input.piece, input.begin, input.from, now);
      case 'command':
        return this.#onCommand(input.command, now);
      case 'deadline':
        return this.#rounds.onDeadline(now);
    }
  }

  /** The end of each call: what has to follow once, however many messages asked for it. */
  #settle(now: Millis): void {
    if (this.#lifecycle === 'stopped') return;
    const isFinished = this.#content?.isFinished ?? false;
    if (isFinished && !this.#hasCompleted) this.#effects.emit({ kind: 'complete' });
    this.#hasCompleted = isFinished;
    if (this.isRunning) this.#askAhead(now);
    if (this.#needsReview) this.onPieces(undefined, now);
    this.#needsReview = false;
    if (this.#content && this.isRunning) this.#webSeeds.pump(this.#content, now);
    for (const piece of this.#content?.downloader.trials?.takeReady(now) ?? [])
      this.#work.finishPiece(piece, this.#content?.hashes?.trees);
    if (this.#needsFill) for (const session of this.#sessions.values()) this.#content?.downloader.fill(session, now);
    this.#needsFill = false;
    this.#slots.apply();
    this.#rounds.throttle(now);
  }

  /** Asks for what has to be known before the pieces: the metadata, then the piece layers. */
  #askAhead(now: Millis): void {
    if (!this.#content) this.#metadata.pump(now);
    else if (this.#content.hashes?.pump(now)) this.#onLayersKnown(this.#content);
  }

  #onReceived(from: PeerKey, bytes: Uint8Array, now: Millis): void {
    const session = this.#sessions.get(from);
    if (!session) return;
    session.lastReceivedAt = now;
    const messages = this.#messages;
    const error = session.decoder.push(bytes, messages);
    let reason: CloseReason | undefined;
    // A message may end the session, e.g. by a lie: what came behind it does not count.
    for (let i = 0; i < messages.length && reason === undefined && session.phase !== 'closed'; i++) {
      reason = this.#protocol.receive(session, messages[i] as WireMessage, now);
    }
    messages.length = 0;
    if (session.phase === 'closed') return;
    reason ??= error === undefined ? undefined : 'malformed';
    if (reason !== undefined) return this.#peers.drop(session, reason, now);
    this.#peers.updateInterest(session);
    this.#content?.downloader.fill(session, now);
    this.#rounds.pump(session, now);
  }

  #onLinkUp({ peer, isOutbound, source, alias, swarm }: Extract<TorrentInput, { kind: 'linkUp' }>, now: Millis): void {
    const session = this.#peers.admit(peer, isOutbound, now, source);
    if (!session) return;
    session.infoHash = swarm && nodeIdToBytes(swarm);
    this.#rounds.begin(now);
    // Both sides greet at once: the link has told whose torrent this is, so nobody need wait to hear it.
    this.#effects.write(session).handshake(session.infoHash ?? this.infoHashBytes, alias ?? this.#selfBytes);
    if (this.#content || !this.isRunning || isStranger(peer)) return;
    this.#greeter.greetAhead(session);
    this.#metadata.askAhead(session, now);
  }

  #onLinkDown(peer: PeerKey, now: Millis): void {
    const session = this.#sessions.get(peer);
    if (session) this.#peers.forget(session, now);
  }

  #onCongestion(peer: PeerKey, isCongested: boolean, now: Millis): void {
    const session = this.#sessions.get(peer);
    if (!session) return;
    session.isCongested = isCongested;
    session.congestedBytes = 0;
    if (!isCongested) this.#rounds.pump(session, now);
  }

  #onCommand(command: TorrentCommand, now: Millis): void {
    switch (command.kind) {
      case 'stop':
        return this.#stop();
      case 'setPaused':
        return command.isPaused ? this.pause() : this.#resume(now);
      case 'addWebSeeds':
        return this.#webSeeds.add(command.urls);
      case 'takeMetadata':
        return this.#onMetadataKnown(command.metainfo, now);
      default:
        this.#steering.handle(command, this.#content, now);
        // What waits for room under the old limit is not to wait for it any longer.
        if (command.kind === 'setLimits') this.#rounds.pumpAll(now);
        this.#needsFill = true;
    }
  }

  #onMetadataChecked(result: EffectResult, now: Millis): void {
    if (result.kind === 'metadata') this.#onMetadataKnown(result.metainfo, now);
    else if (result.kind === 'refusedMetadata') this.#onMetadataRefused(result.code);
    else this.#onBadMetadata(now);
  }

  #onMetadataKnown(metainfo: Metainfo, now: Millis): void {
    if (this.#content) return this.#onTorrentFile(metainfo, this.#content);
    const content = this.#open(metainfo, undefined);
    this.#steering.begin(content, now);
    this.#effects.emit({ kind: 'metadata', metainfo });
    for (const session of this.#sessions.values()) {
      if (session.phase !== 'up') continue;
      if (!this.#protocol.resolveEarly(session, content)) {
        this.#peers.drop(session, 'malformed', now);
        continue;
      }
      this.#greeter.tellMetadata(session, metainfo);
      this.#peers.updateInterest(session);
      if (session.peerInterested) this.onInterest(session, now);
    }
    this.#needsFill = true;
  }

  /** The torrent file of what is known already may have piece layers that are not, verified by the same roots. */
  #onTorrentFile({ infoBytes, pieceLayers }: Metainfo, content: Content): void {
    const isSame = equalBytes(infoBytes, content.metainfo.infoBytes);
    if (isSame && content.hashes?.supply(pieceLayers)) this.#onLayersKnown(content);
  }

  /** Peers waited for the leaves of a stored piece. */
  #onHashed(piece: number, leaves: Uint8Array | undefined, now: Millis): void {
    this.#content?.hashes?.setLeaves(piece, leaves);
    for (const session of this.#sessions.values()) this.#rounds.pump(session, now);
  }

  /** What was asked of peers for the pieces can be verified from now on, and others be told. */
  #onLayersKnown(content: Content): void {
    content.takeLayers();
    this.#effects.emit({ kind: 'pieceLayers', metainfo: content.metainfo });
    this.#needsFill = true;
  }

  /** No peer has any other metadata, so none is asked again, and none is to blame. */
  #onMetadataRefused(code: MetainfoErrorCode): void {
    this.#effects.emit({ kind: 'metadataRefused', code });
    this.#stop();
  }

  /** Nobody is told of a piece here: there is none. */
  #onBadMetadata(now: Millis): void {
    const { liar, next } = this.#metadata.fail();
    if (liar !== undefined) this.#peers.ban(liar, -1, now);
    if (next) this.onMetadata(next);
  }

  #resume(now: Millis): void {
    if (this.#lifecycle !== 'paused') return;
    this.#lifecycle = 'running';
    this.#uploader.answers.setPaused(false, now);
    this.#rounds.pumpAll(now);
    this.#work.beginRun();
    for (const session of this.#sessions.values()) this.#peers.updateInterest(session);
    if (this.#content) this.#slots.refill(now);
    this.#needsFill = true;
  }

  #stop(): void {
    this.#peers.clear('stopped');
    this.#webSeeds.stop(this.#content);
    for (const open of this.#content?.picker.blocks.openPieces.all ?? [])
      this.#effects.run({ kind: 'dropPiece', piece: open.index });
    this.#work.clear();
    this.#rounds.stop();
    this.#lifecycle = 'stopped';
  }

  #open(metainfo: Metainfo, stored: Uint8Array | undefined): Content {
    const isOnParole = (peer: PeerKey): boolean => this.#peers.blame.isOnParole(peer);
    const hashLeaves = (piece: number): void => this.#work.hashLeaves(piece);
    const serving = { answers: this.#uploader.answers, hashLeaves };
    this.#webSeeds.add(metainfo.webSeeds);
    const [rng, effects, sessions] = [this.#rng, this.#effects, this.#sessions];
    return (this.#content = new Content(metainfo, stored, rng, effects, sessions, isOnParole, serving));
  }
}
