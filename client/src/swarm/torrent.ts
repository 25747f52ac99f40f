import { type NodeId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import {
  HANDSHAKE_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  MAX_TORRENT_PEERS,
  PEER_TIMEOUT_MS,
  RECHOKE_MS,
  TORRENT_TICK_MS,
} from '../../../shared/src/limits/swarm.ts';
import type { Deadline, Machine, Millis, Rng } from '../../../shared/src/machine.ts';
import { TimerTable } from '../../../shared/src/timer-table.ts';
import { Blame } from './blame.ts';
import { Content } from './content.ts';
import { type CloseReason, Effects } from './effects.ts';
import { EXTENDED_HANDSHAKE, encodeExtendedHandshake } from './extension.ts';
import { MetadataExchange } from './metadata-exchange.ts';
import { PeerProtocol, type ProtocolHost } from './peer-protocol.ts';
import { PeerSession } from './peer-session.ts';
import { Slots } from './slots.ts';
import { takeSnapshot } from './snapshot.ts';
import type {
  EffectResult,
  Metainfo,
  TorrentCommand,
  TorrentInput,
  TorrentOptions,
  TorrentOutput,
  TorrentSnapshot,
} from './types.ts';
import { Uploader } from './uploader.ts';
import type { WireMessage } from './wire.ts';

/** What an effect that is under way is about: a piece, or the metadata. */
type PendingEffect = number | 'metadata';

type Timer = 'complete' | 'tick' | 'rechoke' | 'upload';

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
export class Torrent implements Machine<TorrentInput, TorrentOutput>, ProtocolHost {
  readonly infoHashBytes: Uint8Array;
  readonly #selfBytes: Uint8Array;
  readonly #self: NodeId;
  readonly #rng: Rng;
  /** BOUNDED: by MAX_TORRENT_PEERS. */
  readonly #sessions = new Map<NodeId, PeerSession>();
  readonly #effects = new Effects();
  readonly #blame = new Blame();
  readonly #uploader = new Uploader(this.#effects);
  readonly #slots = new Slots(this.#effects, this.#uploader, this.#sessions);
  readonly #metadata = new MetadataExchange(this.#effects, this.#uploader, this.#sessions);
  readonly #protocol = new PeerProtocol(this, this.#uploader, this.#metadata);
  readonly #timers = new TimerTable<Timer>();
  /** BOUNDED: by the open pieces, and one for the metadata. */
  readonly #pending = new Map<number, PendingEffect>();
  #nextEffect = 1;
  #content: Content | undefined;
  #lifecycle: 'running' | 'paused' | 'stopped' = 'running';
  #hasCompleted = false;
  /** Blocks became free: peers that found nothing to do look again before the call ends. */
  #needsFill = false;
  #lastNow: Millis = 0;
  /** Reused by each input. */
  #messages: WireMessage[] = [];

  constructor(options: TorrentOptions, rng: Rng) {
    this.#self = options.self;
    this.#selfBytes = nodeIdToBytes(options.self);
    this.infoHashBytes = nodeIdToBytes(options.infoHash);
    this.#rng = rng;
    if (options.metainfo) this.#open(options.metainfo, options.stored);
    if (this.#content?.isComplete) this.#timers.set('complete', 0, 'say that every piece is here');
  }

  handle(input: TorrentInput, now: Millis, out: TorrentOutput[]): void {
    if (this.#lifecycle === 'stopped') return;
    this.#lastNow = now;
    this.#effects.begin(out, now);
    this.#dispatch(input, now);
    this.#settle(now);
    for (const session of this.#effects.end()) this.#drop(session, 'timeout', now);
  }

  nextDeadline(): Deadline | undefined {
    return this.#timers.next();
  }

  /** Rates are as of the last input; with peers connected there is one every second. */
  snapshot(): TorrentSnapshot {
    return takeSnapshot(this.#sessions, this.#content, this.#uploader, this.#lifecycle === 'paused', this.#lastNow);
  }

  get content(): Content | undefined {
    return this.#content;
  }

  onGreeted(session: PeerSession): void {
    const writer = this.#effects.write(session);
    const content = this.#content;
    if (session.hasFast && content?.isComplete) writer.haveAll();
    else if (content && content.stored.count > 0) writer.bitfield(content.stored.toBitfield());
    else if (session.hasFast) writer.haveNone();
    if (session.hasExtended)
      writer.extended(EXTENDED_HANDSHAKE, encodeExtendedHandshake(content?.metainfo.infoBytes.length));
  }

  onInterest(session: PeerSession, now: Millis): void {
    if (this.#lifecycle !== 'running' || !this.#content) return;
    if (session.peerInterested) this.#slots.admit(session, now);
  }

  onFreed(): void {
    this.#needsFill = true;
  }

  onWholePiece(piece: number): void {
    this.#effects.run({ kind: 'finishPiece', effect: this.#begin(piece), piece });
  }

  onMetadata(infoBytes: Uint8Array): void {
    this.#effects.run({ kind: 'checkMetadata', effect: this.#begin('metadata'), infoBytes });
  }

  #dispatch(input: TorrentInput, now: Millis): void {
    switch (input.kind) {
      case 'received':
        return this.#onReceived(input.from, input.bytes, now);
      case 'linkUp':
        return this.#onLinkUp(input.peer, now);
      case 'linkDown':
        return this.#onLinkDown(input.peer, now);
      case 'congested':
      case 'writable':
        return this.#onCongestion(input.peer, input.kind === 'congested', now);
      case 'effectDone':
        return this.#onEffectDone(input.effect, input.result, now);
      case 'command':
        return this.#onCommand(input.command, now);
      case 'deadline':
        return this.#onDeadline(now);
    }
  }

  /** The end of each call: what has to follow once, however many messages asked for it. */
  #settle(now: Millis): void {
    if (this.#lifecycle === 'stopped') return;
    if (!this.#hasCompleted && this.#content?.isComplete) {
      this.#hasCompleted = true;
      this.#effects.emit({ kind: 'complete' });
    }
    if (!this.#content) this.#metadata.pump(now);
    if (this.#needsFill) for (const session of this.#sessions.values()) this.#content?.downloader.fill(session, now);
    this.#needsFill = false;
    this.#slots.apply();
  }

  #onReceived(from: NodeId, bytes: Uint8Array, now: Millis): void {
    const session = this.#sessions.get(from);
    if (!session) return;
    session.lastReceivedAt = now;
    const messages = this.#messages;
    const error = session.decoder.push(bytes, messages);
    let reason: CloseReason | undefined;
    for (let i = 0; i < messages.length && reason === undefined; i++) {
      reason = this.#protocol.receive(session, messages[i] as WireMessage, now);
    }
    messages.length = 0;
    reason ??= error === undefined ? undefined : 'malformed';
    if (reason !== undefined) return this.#drop(session, reason, now);
    this.#updateInterest(session);
    this.#content?.downloader.fill(session, now);
    this.#pump(session, now);
  }

  #onLinkUp(peer: NodeId, now: Millis): void {
    const before = this.#sessions.get(peer);
    if (before) this.#forget(before, now);
    const session = new PeerSession(peer, now);
    if (this.#blame.isBanned(peer)) return this.#effects.close(session, 'banned');
    if (peer === this.#self || this.#sessions.size >= MAX_TORRENT_PEERS) return this.#effects.close(session, 'useless');
    this.#sessions.set(peer, session);
    if (!this.#timers.has('tick')) this.#timers.set('tick', now + TORRENT_TICK_MS, 'look after the peers');
    if (!this.#timers.has('rechoke')) this.#timers.set('rechoke', now + RECHOKE_MS, 'rank the peers');
    // Both sides greet at once: the link has told whose torrent this is, so nobody need wait to hear it.
    this.#effects.write(session).handshake(this.infoHashBytes, this.#selfBytes);
  }

  #onLinkDown(peer: NodeId, now: Millis): void {
    const session = this.#sessions.get(peer);
    if (session) this.#forget(session, now);
  }

  #onCongestion(peer: NodeId, isCongested: boolean, now: Millis): void {
    const session = this.#sessions.get(peer);
    if (!session) return;
    session.isCongested = isCongested;
    session.congestedBytes = 0;
    if (!isCongested) this.#pump(session, now);
  }

  #onCommand(command: TorrentCommand, now: Millis): void {
    if (command.kind === 'stop') this.#stop();
    else if (command.isPaused) this.#pause();
    else this.#resume(now);
  }

  #onEffectDone(effect: number, result: EffectResult, now: Millis): void {
    const pending = this.#pending.get(effect);
    if (pending === undefined) return;
    this.#pending.delete(effect);
    if (pending === 'metadata') {
      if (result.kind === 'metadata') this.#onMetadataKnown(result.metainfo, now);
      else this.#onBadMetadata(now);
    } else if (result.kind === 'stored') this.#onStored(pending);
    else if (result.kind === 'mismatch') this.#onMismatch(pending, now);
    else this.#onStorageFailed(pending, result.kind === 'failed' ? result.code : 'storage-failed');
  }

  #onStored(piece: number): void {
    const content = this.#content;
    if (!content) return;
    this.#blame.piecePassed(content.setStored(piece));
    this.#effects.emit({ kind: 'pieceStored', piece });
    for (const session of this.#sessions.values()) {
      if (session.phase !== 'up') continue;
      if (!session.pieces?.has(piece)) this.#effects.write(session).have(piece);
      else {
        session.wanted--;
        this.#updateInterest(session);
      }
    }
    this.#needsFill = true;
  }

  #onMismatch(piece: number, now: Millis): void {
    const contributors = this.#content?.picker.setFailed(piece) ?? [];
    const liar = this.#blame.pieceFailed(contributors);
    if (liar !== undefined) this.#ban(liar, piece, now);
    this.#needsFill = true;
  }

  #onStorageFailed(piece: number, code: 'storage-full' | 'storage-failed'): void {
    this.#content?.picker.setFailed(piece);
    this.#effects.run({ kind: 'dropPiece', piece });
    this.#pause();
    this.#effects.emit({ kind: 'storageFailed', code });
  }

  #onMetadataKnown(metainfo: Metainfo, now: Millis): void {
    if (this.#content) return;
    const content = this.#open(metainfo, undefined);
    this.#effects.emit({ kind: 'metadata', metainfo });
    for (const session of this.#sessions.values()) {
      if (session.phase !== 'up') continue;
      if (!this.#protocol.resolveEarly(session, content)) {
        this.#drop(session, 'malformed', now);
        continue;
      }
      // Others may ask for the metadata here now (BEP 10: a later handshake updates the earlier one).
      if (session.hasExtended) {
        this.#effects.write(session).extended(EXTENDED_HANDSHAKE, encodeExtendedHandshake(metainfo.infoBytes.length));
      }
      this.#updateInterest(session);
      if (session.peerInterested) this.onInterest(session, now);
    }
    this.#needsFill = true;
  }

  /** Nobody is told of a piece here: there is none. */
  #onBadMetadata(now: Millis): void {
    const liar = this.#metadata.fail();
    if (liar !== undefined) this.#ban(liar, -1, now);
  }

  #ban(peer: NodeId, piece: number, now: Millis): void {
    this.#blame.ban(peer);
    this.#content?.picker.discardFrom(peer);
    this.#effects.emit({ kind: 'banned', peer, piece });
    const session = this.#sessions.get(peer);
    if (session) this.#drop(session, 'banned', now);
  }

  #onDeadline(now: Millis): void {
    for (let timer = this.#timers.takeExpired(now); timer; timer = this.#timers.takeExpired(now)) {
      if (timer === 'tick') this.#tick(now);
      else if (timer === 'rechoke') this.#rechoke(now);
      else if (timer === 'upload') for (const session of this.#sessions.values()) this.#pump(session, now);
    }
  }

  #tick(now: Millis): void {
    for (const session of this.#sessions.values()) this.#tend(session, now);
    this.#needsFill = true;
    if (this.#sessions.size > 0) this.#timers.set('tick', now + TORRENT_TICK_MS, 'look after the peers');
  }

  #tend(session: PeerSession, now: Millis): void {
    const isLate = session.phase === 'greeting' && now - session.connectedAt >= HANDSHAKE_TIMEOUT_MS;
    if (isLate || now - session.lastReceivedAt >= PEER_TIMEOUT_MS) return this.#drop(session, 'timeout', now);
    if (session.phase === 'greeting') return;
    if (this.#isUseless(session)) return this.#drop(session, 'useless', now);
    if (now - session.lastSentAt >= KEEP_ALIVE_MS) this.#effects.write(session).keepAlive();
    this.#content?.downloader.tick(session, now);
  }

  /** Two that have everything, the metadata included, have nothing to say to each other. */
  #isUseless(session: PeerSession): boolean {
    const content = this.#content;
    if (!content?.isComplete || !session.pieces?.isFull) return false;
    return content.pieceCount > 0 || session.hasMetadata || !session.hasExtended;
  }

  #rechoke(now: Millis): void {
    if (this.#sessions.size > 0) this.#timers.set('rechoke', now + RECHOKE_MS, 'rank the peers');
    if (this.#lifecycle === 'running' && this.#content) this.#slots.rechoke(this.#content.isComplete, now);
    for (const session of this.#sessions.values()) {
      session.receivedThisRound = 0;
      session.sentThisRound = 0;
    }
  }

  #updateInterest(session: PeerSession): void {
    const isInterested = this.#lifecycle === 'running' && session.wanted > 0 && session.phase === 'up';
    if (session.amInterested === isInterested) return;
    session.amInterested = isInterested;
    if (isInterested) this.#effects.write(session).interested();
    else this.#effects.write(session).notInterested();
  }

  #pump(session: PeerSession, now: Millis): void {
    const again = this.#uploader.pump(session, this.#content?.metainfo.infoBytes, now);
    if (again !== undefined && !this.#timers.has('upload')) this.#timers.set('upload', again, 'send further blocks');
  }

  #pause(): void {
    if (this.#lifecycle !== 'running') return;
    this.#lifecycle = 'paused';
    for (const session of this.#sessions.values()) {
      if (session.phase !== 'up') continue;
      this.#content?.downloader.cancelAll(session);
      this.#updateInterest(session);
    }
    this.#slots.clear();
  }

  #resume(now: Millis): void {
    if (this.#lifecycle !== 'paused') return;
    this.#lifecycle = 'running';
    for (const session of this.#sessions.values()) this.#updateInterest(session);
    if (this.#content) this.#slots.refill(now);
    this.#needsFill = true;
  }

  #stop(): void {
    for (const session of this.#sessions.values()) {
      session.phase = 'closed';
      this.#effects.close(session, 'stopped');
    }
    for (const open of this.#content?.picker.openPieces ?? [])
      this.#effects.run({ kind: 'dropPiece', piece: open.index });
    this.#sessions.clear();
    this.#pending.clear();
    for (const timer of ['complete', 'tick', 'rechoke', 'upload'] as const) this.#timers.clear(timer);
    this.#lifecycle = 'stopped';
  }

  #drop(session: PeerSession, why: CloseReason, now: Millis): void {
    this.#effects.close(session, why);
    this.#forget(session, now);
  }

  /** The peer is gone: what it was asked for, and the slot it had, are others' now. */
  #forget(session: PeerSession, now: Millis): void {
    session.phase = 'closed';
    this.#sessions.delete(session.id);
    this.#content?.picker.removePeer(session);
    this.#metadata.removePeer(session.id);
    if (session.slot !== 'none' && this.#lifecycle === 'running') this.#slots.refill(now);
    this.#needsFill = true;
  }

  #open(metainfo: Metainfo, stored: Uint8Array | undefined): Content {
    const isOnParole = (peer: NodeId): boolean => this.#blame.isOnParole(peer);
    return (this.#content = new Content(metainfo, stored, this.#rng, this.#effects, this.#sessions, isOnParole));
  }

  #begin(pending: PendingEffect): number {
    const effect = this.#nextEffect++;
    this.#pending.set(effect, pending);
    return effect;
  }
}
