import type { CallStats } from '../../api.ts';
import {
  decodeMediaPayload,
  encodeMediaPayload,
  type Candidate,
  type MediaPayload,
} from '../../calls/media-payload.ts';
import type { ByeReason } from '../../calls/types.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LinkPath } from '../../ports/links.ts';
import type { Log } from '../../ports/log.ts';
import type { MediaPort } from '../../ports/media.ts';
import {
  CANDIDATE_BATCH_MS,
  ICE_RESTART_AFTER_MS,
  MAX_CANDIDATES,
  MAX_MEDIA_QUEUE,
  MEDIA_GIVE_UP_MS,
  NO_CANDIDATES_GIVE_UP_MS,
  POLITE_RESTART_EXTRA_MS,
} from '../../../../shared/src/limits/calls.ts';
import type { IceConfig } from '../ice-config.ts';
import { CandidateBudget } from './candidate-budget.ts';
import { isAtAddress, withoutNamedHosts } from './candidate-hosts.ts';
import { narrowCodecs, withoutStrayFeedback } from './codecs.ts';
import { MEDIA_KINDS, type MediaKind } from './local-media.ts';
import { NO_STATS, type Delays, readPath, readDelays, readStats } from './media-stats.ts';
import { PathWatch } from './path-watch.ts';

/** What a session needs of its surroundings. */
export interface MediaSessionOptions {
  /** The callee is polite: where both offer at once, it takes its own offer back. */
  readonly isPolite: boolean;
  readonly relayOnly: boolean;
  /** Asked again before each ICE restart: credentials may have expired. */
  readonly ice: Pick<IceConfig, 'fresh'>;
  readonly media: MediaPort;
  readonly clock: Clock;
  readonly log: Log;
}

/** What a session tells its call. */
export interface MediaSessionHandler {
  /** To be carried to the other side, in order and exactly once. */
  send(payload: Uint8Array): void;
  /** Media has a path, for the first time or again. */
  connected(): void;
  /** Media has lost its path for now; the session tries to find another. */
  interrupted(): void;
  path(path: LinkPath | undefined): void;
  /** The tracks of the other side are there. */
  tracks(): void;
  /** The session is of no more use: the reason for the BYE. */
  failed(reason: ByeReason): void;
}

/**
 * The media connection of one call: one audio and one video transceiver for its whole life, tracks swapped by
 * `replaceTrack`, so that mute and camera need no negotiation. Negotiation is "perfect" (W3C webrtc §10.7): either side
 * may offer at any time, and ICE restarts by itself when the path is lost.
 *
 * Nothing is gathered before `open`: the callee's session takes the offer while it rings, but until a person accepts the
 * caller learns no address of it.
 */
export class MediaSession {
  readonly #options: MediaSessionOptions;
  readonly #handler: MediaSessionHandler;
  readonly #tracks = new Map<MediaKind, MediaStreamTrack | null>();
  /** BOUNDED: by MAX_CANDIDATES, then sent at once. */
  #candidates: Candidate[] = [];
  #connection: RTCPeerConnection | undefined;
  /** Steps of the negotiation, one after the other. */
  #steps: Promise<void> = Promise.resolve();
  /** How many have not run to their end. BOUNDED: by MAX_MEDIA_QUEUE, as far as the other side causes them. */
  #stepCount = 0;
  readonly #remoteCandidates = new CandidateBudget();
  #isOpen = false;
  #isIgnoringOffer = false;
  #isClosed = false;
  #hasBegun = false;
  #wasConnected = false;
  #gatheredCount = 0;
  readonly #pathWatch: PathWatch;
  #cancelBatch: (() => void) | undefined;
  #cancelRestart: (() => void) | undefined;
  #cancelGiveUp: (() => void) | undefined;

  constructor(options: MediaSessionOptions, handler: MediaSessionHandler) {
    this.#options = options;
    this.#handler = handler;
    this.#pathWatch = new PathWatch(
      options.clock,
      () => this.#readPath(),
      (path) => this.#handler.path(path),
    );
    this.#step(() => this.#connect());
  }

  /** A payload of the other side. Anything malformed is dropped; one that brings more than can be done ends the session. */
  receive(payload: Uint8Array): void {
    if (this.#stepCount >= MAX_MEDIA_QUEUE) return this.#fail('media-failed');
    const decoded = decodeMediaPayload(payload);
    if (!decoded) return this.#log('malformed media payload');
    this.#step((connection) =>
      decoded.kind === 'candidates'
        ? this.#addCandidates(connection, decoded.candidates)
        : this.#onDescription(connection, { type: decoded.kind, sdp: decoded.sdp }),
    );
  }

  /** The caller offers; the callee answers the offer it has, or the one that will come. Idempotent. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#step(async (connection) => {
      if (!this.#options.isPolite) this.#addTransceivers(connection);
      else if (connection.signalingState === 'have-remote-offer') await this.#answer(connection);
    });
  }

  /** Both sides have agreed: from now on a path must be found in time. */
  begin(): void {
    if (this.#hasBegun || this.#isClosed) return;
    this.#hasBegun = true;
    if (!this.#wasConnected) this.#startGiveUp();
  }

  /** What is sent; undefined sends nothing of that kind. */
  setTrack(kind: MediaKind, track: MediaStreamTrack | undefined): void {
    this.#tracks.set(kind, track ?? null);
    this.#step((connection) => this.#attach(connection, kind));
  }

  /** The other side's track, once the offer is known. It is there even when nothing is sent. */
  remoteTrack(kind: MediaKind): MediaStreamTrack | undefined {
    return this.#connection && transceiverOf(this.#connection, kind)?.receiver.track;
  }

  async stats(): Promise<CallStats> {
    const report = await this.#connection?.getStats();
    return report ? readStats(report) : NO_STATS;
  }

  /** Empty while media has no path. Never rejects. */
  async delays(): Promise<Delays> {
    const report = await this.#connection?.getStats().catch(() => undefined);
    return report ? readDelays(report) : {};
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelBatch?.();
    this.#cancelRestart?.();
    this.#cancelGiveUp?.();
    this.#pathWatch.stop();
    this.#connection?.close();
  }

  /** Runs a step when those before it are done. A step that fails ends the session: the two sides are out of step. */
  #step(step: (connection: RTCPeerConnection) => Promise<void>): void {
    this.#stepCount++;
    this.#steps = this.#steps.then(async () => {
      try {
        if (!this.#isClosed) await step(this.#connection as RTCPeerConnection);
      } catch (error) {
        this.#log('media step failed', { error: String(error) });
        this.#fail('media-failed');
      }
      this.#stepCount--;
    });
  }

  async #connect(): Promise<void> {
    const { media, relayOnly } = this.#options;
    const iceServers = [...(await this.#options.ice.fresh())];
    if (this.#isClosed) return;
    const connection = media.connect({
      iceServers,
      iceTransportPolicy: relayOnly ? 'relay' : 'all',
      bundlePolicy: 'max-bundle',
      rtcpMuxPolicy: 'require',
    });
    this.#connection = connection;
    connection.onnegotiationneeded = () => this.#step(() => this.#offer(connection));
    connection.onicecandidate = ({ candidate }) => this.#onCandidate(candidate);
    connection.onicegatheringstatechange = () => this.#onGathering(connection);
    connection.onconnectionstatechange = () => this.#onState(connection);
  }

  /** Makes the browser ask for an offer. */
  #addTransceivers(connection: RTCPeerConnection): void {
    const stream = new MediaStream();
    for (const kind of MEDIA_KINDS) {
      const transceiver = connection.addTransceiver(kind, { direction: 'sendrecv', streams: [stream] });
      narrowCodecs(transceiver, kind);
      this.#step(() => this.#attach(connection, kind));
    }
    this.#handler.tracks();
  }

  async #offer(connection: RTCPeerConnection): Promise<void> {
    // In any other state the browser asks again once it is stable.
    if (connection.signalingState !== 'stable') return;
    await connection.setLocalDescription();
    this.#sendDescription(connection);
  }

  async #onDescription(connection: RTCPeerConnection, description: RTCSessionDescriptionInit): Promise<void> {
    const isCollision = description.type === 'offer' && connection.signalingState === 'have-local-offer';
    this.#isIgnoringOffer = isCollision && !this.#options.isPolite;
    if (this.#isIgnoringOffer) return;
    const { sdp = '' } = description;
    if (!this.#remoteCandidates.takeDescription(sdp)) throw new Error('too many candidates');
    if ((sdp.match(/^m=/gm)?.length ?? 0) > MEDIA_KINDS.length) throw new Error('too many media sections');
    await connection.setRemoteDescription({ ...description, sdp: withoutNamedHosts(sdp) });
    if (description.type === 'offer' && this.#isOpen) await this.#answer(connection);
  }

  async #answer(connection: RTCPeerConnection): Promise<void> {
    const stream = new MediaStream();
    let isFirst = false;
    for (const transceiver of connection.getTransceivers()) {
      if (transceiver.direction === 'sendrecv') continue;
      isFirst = true;
      transceiver.direction = 'sendrecv';
      // Sound and picture in one stream are kept in step by the receiver.
      transceiver.sender.setStreams?.(stream);
    }
    await connection.setLocalDescription();
    this.#sendDescription(connection);
    if (!isFirst) return;
    this.#handler.tracks();
    for (const kind of MEDIA_KINDS) await this.#attach(connection, kind);
  }

  async #attach(connection: RTCPeerConnection, kind: MediaKind): Promise<void> {
    const track = this.#tracks.get(kind);
    const sender = transceiverOf(connection, kind)?.sender;
    if (track !== undefined && sender && sender.track !== track) await sender.replaceTrack(track);
  }

  async #addCandidates(connection: RTCPeerConnection, candidates: readonly Candidate[]): Promise<void> {
    for (const candidate of candidates) {
      if (!isAtAddress(candidate.candidate)) continue;
      if (!this.#remoteCandidates.take()) return this.#log('too many candidates');
      try {
        await connection.addIceCandidate(candidate);
      } catch (error) {
        // Those of an offer that lost are expected to fail; one bad candidate must not end a call.
        if (!this.#isIgnoringOffer) this.#log('candidate refused', { error: String(error) });
      }
    }
  }

  #sendDescription(connection: RTCPeerConnection): void {
    const description = connection.localDescription;
    if (description?.type !== 'offer' && description?.type !== 'answer') return;
    this.#send({ kind: description.type, sdp: withoutStrayFeedback(description.sdp) });
  }

  #send(payload: MediaPayload): void {
    const bytes = encodeMediaPayload(payload);
    if (this.#isClosed) return;
    if (bytes) this.#handler.send(bytes);
    else this.#fail('media-failed');
  }

  #onCandidate(candidate: RTCIceCandidate | null): void {
    if (!candidate?.candidate) return this.#sendCandidates();
    this.#gatheredCount++;
    const { sdpMid, sdpMLineIndex, usernameFragment } = candidate;
    this.#candidates.push({ candidate: candidate.candidate, sdpMid, sdpMLineIndex, usernameFragment });
    if (this.#candidates.length >= MAX_CANDIDATES) return this.#sendCandidates();
    const { clock } = this.#options;
    this.#cancelBatch ??= clock.setTimer(clock.now() + CANDIDATE_BATCH_MS, () => this.#sendCandidates());
  }

  #sendCandidates(): void {
    this.#cancelBatch?.();
    this.#cancelBatch = undefined;
    const candidates = this.#candidates;
    this.#candidates = [];
    if (candidates.length > 0) this.#send({ kind: 'candidates', candidates });
  }

  #onGathering(connection: RTCPeerConnection): void {
    if (connection.iceGatheringState !== 'complete' || this.#gatheredCount > 0) return;
    if (this.#hasBegun && !this.#wasConnected) this.#startGiveUp();
  }

  #onState(connection: RTCPeerConnection): void {
    if (this.#isClosed) return;
    this.#cancelRestart?.();
    this.#cancelRestart = undefined;
    if (connection.connectionState === 'connected') this.#onConnected(connection);
    if (connection.connectionState === 'disconnected') this.#onDisconnected(ICE_RESTART_AFTER_MS);
    if (connection.connectionState === 'failed') this.#onDisconnected(0);
  }

  #onConnected(connection: RTCPeerConnection): void {
    this.#wasConnected = true;
    this.#cancelGiveUp?.();
    this.#cancelGiveUp = undefined;
    this.#handler.connected();
    const transport = connection.getSenders()[0]?.transport?.iceTransport;
    if (transport) transport.onselectedcandidatepairchange = () => void this.#pathWatch.look();
    void this.#pathWatch.look();
  }

  async #readPath(): Promise<LinkPath | undefined> {
    const report = await this.#connection?.getStats().catch(() => undefined);
    return report && readPath(report);
  }

  #onDisconnected(waitMs: number): void {
    const { clock, isPolite } = this.#options;
    this.#pathWatch.stop();
    if (this.#wasConnected) this.#handler.interrupted();
    if (this.#hasBegun && !this.#cancelGiveUp) this.#startGiveUp();
    const at = clock.now() + waitMs + (isPolite ? POLITE_RESTART_EXTRA_MS : 0);
    this.#cancelRestart = clock.setTimer(at, () => this.#step((connection) => this.#restart(connection)));
  }

  async #restart(connection: RTCPeerConnection): Promise<void> {
    if (connection.connectionState === 'connected') return;
    const iceServers = [...(await this.#options.ice.fresh())];
    if (this.#isClosed) return;
    connection.setConfiguration({ ...connection.getConfiguration(), iceServers });
    connection.restartIce();
  }

  #startGiveUp(): void {
    const { clock } = this.#options;
    const isHopeless = this.#connection?.iceGatheringState === 'complete' && this.#gatheredCount === 0;
    this.#cancelGiveUp?.();
    this.#cancelGiveUp = clock.setTimer(clock.now() + (isHopeless ? NO_CANDIDATES_GIVE_UP_MS : MEDIA_GIVE_UP_MS), () =>
      this.#fail(this.#wasConnected ? 'ice-timeout' : 'ice-failed'),
    );
  }

  #fail(reason: ByeReason): void {
    if (this.#isClosed) return;
    this.close();
    this.#handler.failed(reason);
  }

  #log(event: string, fields?: Readonly<Record<string, unknown>>): void {
    this.#options.log.log('debug', event, fields);
  }
}

function transceiverOf(connection: RTCPeerConnection, kind: MediaKind): RTCRtpTransceiver | undefined {
  return connection.getTransceivers().find(({ receiver }) => receiver.track.kind === kind);
}
