import type { NodeId } from '../../../../shared/src/ids.ts';
import { isBlank, plainText } from '../../../../shared/src/plain-text.ts';
import {
  SkeinError,
  type Call,
  type CallEndReason,
  type CallEvents,
  type CallMedia,
  type CallState,
  type CallStats,
} from '../../api.ts';
import type { ByeReason, CallCommand, CallEnd, CallId, CallMachineEvent, MediaChoice } from '../../calls/types.ts';
import type { LinkPath } from '../../ports/links.ts';
import { MediaError } from '../../ports/media.ts';
import { Emitter } from '../emitter.ts';
import type { CallHost } from './host.ts';
import { LocalMedia, MEDIA_KINDS, type MediaKind } from './local-media.ts';
import { MediaSession } from './media-session.ts';
import { NO_STATS } from './media-stats.ts';
import { RemoteMedia } from './remote-media.ts';
import { endSentence, interruptedSentence } from './sentences.ts';
import { TransferWatch } from './transfer-watch.ts';

/** What a handle is made with. */
export interface CallHandleOptions {
  readonly host: CallHost;
  readonly callId: CallId;
  readonly peer: NodeId;
  readonly name: string | undefined;
  /** Gives the call machine a command. */
  readonly command: (command: CallCommand) => void;
}

/**
 * One call at the public door: the machine's events on one side, the media session and local media on the other. Its
 * events are emitted from a microtask, never from inside a call to one of its methods.
 */
export class CallHandle implements Call {
  readonly local: LocalMedia;
  protected readonly options: CallHandleOptions;
  protected session: MediaSession;
  readonly #emitter = new Emitter<CallEvents>();
  readonly #remote = new RemoteMedia();
  readonly #transfers: TransferWatch;
  #callId: CallId;
  #direction: 'outgoing' | 'incoming';
  #peer: Call['peer'];
  #state: CallState;
  #end: CallEnd | undefined;
  #detail: string | undefined;
  /** What `detail` says of the microphone or camera, until that is on again. */
  #trouble: { readonly kind: MediaKind; readonly text: string } | undefined;
  #path: LinkPath | undefined;
  #establishedAt: number | undefined;
  /** The end was asked for here, and so is no news to this side. */
  #isEndOurs = false;

  constructor(options: CallHandleOptions, direction: 'outgoing' | 'incoming') {
    this.options = options;
    this.#callId = options.callId;
    this.#direction = direction;
    this.#peer = { id: options.peer, name: shownName(options.name) };
    this.#state = direction === 'outgoing' ? 'trying' : 'ringing';
    this.local = new LocalMedia(options.host.media, {
      changed: (kind) => this.#onLocalChanged(kind),
      failed: (kind, error) => this.#onLocalFailed(kind, error.message),
    });
    this.session = this.#createSession(direction === 'incoming');
    this.#transfers = new TransferWatch(options.host, () => this.session.delays());
  }

  get id(): string {
    return this.#callId;
  }

  get direction(): 'outgoing' | 'incoming' {
    return this.#direction;
  }

  get peer(): Call['peer'] {
    return this.#peer;
  }

  get state(): CallState {
    return this.#state;
  }

  get endReason(): CallEndReason | undefined {
    return this.#end;
  }

  get detail(): string | undefined {
    return this.#detail;
  }

  get path(): LinkPath | undefined {
    return this.#path;
  }

  get establishedAt(): number | undefined {
    return this.#establishedAt;
  }

  get localStream(): MediaStream | undefined {
    return this.local.stream;
  }

  get remoteStream(): MediaStream | undefined {
    return this.#remote.stream;
  }

  get muted(): MediaChoice {
    return this.local.muted;
  }

  get remoteMuted(): MediaChoice {
    return this.#remote.muted;
  }

  mute(kind: 'audio' | 'video', on: boolean): void {
    if (this.#state !== 'ended') this.local.mute(kind, on);
  }

  hangUp(): void {
    this.hangUpFor('user-hangup');
  }

  stats(): Promise<CallStats> {
    return this.#state === 'ended' ? Promise.resolve(NO_STATS) : this.session.stats();
  }

  on<E extends keyof CallEvents>(event: E, listener: (payload: CallEvents[E]) => void): () => void {
    return this.#emitter.on(event, listener);
  }

  /** Hangs up, cancels or declines, whatever the state calls for. */
  hangUpFor(reason: ByeReason): void {
    if (this.#state === 'ended') return;
    this.#isEndOurs = true;
    this.command({ kind: 'hangUp', callId: this.#callId, reason });
  }

  /** Opens microphone and camera. Rejects with a `SkeinError`, and may be tried again. */
  async openLocal(media: CallMedia): Promise<void> {
    this.#checkNotEnded();
    try {
      await this.local.open(media);
    } catch (error) {
      if (!(error instanceof MediaError)) throw error;
      throw new SkeinError(error.code, error.message, { cause: error });
    }
    // Ended while a person was being asked: nothing may stay open.
    if (this.#state === 'ended') this.local.close();
    this.#checkNotEnded();
    for (const kind of MEDIA_KINDS) this.session.setTrack(kind, this.local.trackOf(kind));
    this.#emit('stream', undefined);
    this.#emit('media', undefined);
  }

  /** Starts to negotiate: what is said before the call is agreed waits in the machine. */
  openSession(): void {
    this.session.open();
  }

  /** What the other side is called, when it was not known. */
  learnName(name: string): void {
    this.#peer = { ...this.#peer, name: this.#peer.name ?? shownName(name) };
  }

  /** Something the machine says about this call. */
  handleEvent(event: CallMachineEvent): void {
    switch (event.kind) {
      case 'ringing':
        this.learnName(event.name);
        if (this.#state === 'trying') this.#setState('ringing');
        return;
      case 'established':
        return this.#onEstablished(event);
      case 'merged':
        return this.#onMerged(event);
      case 'media':
        return this.session.receive(event.payload);
      case 'muted':
        return this.#setRemoteMuted(event.muted);
      case 'ended':
        return this.#onEnded(event.end);
      case 'incoming':
        return undefined;
    }
  }

  /** What the other side sends from the start. */
  protected setRemoteMedia(media: MediaChoice): void {
    this.#setRemoteMuted({ audio: !media.audio, video: !media.video });
  }

  protected command(command: CallCommand): void {
    this.options.command(command);
  }

  /** From here on the end is of our own doing. */
  protected claimEnd(): void {
    this.#isEndOurs = true;
  }

  #checkNotEnded(): void {
    if (this.#state !== 'ended') return;
    throw new SkeinError('call-ended', 'The call had ended before the camera or microphone was ready.');
  }

  #onEstablished({ media, name, peer, isPolite }: Extract<CallMachineEvent, { kind: 'established' }>): void {
    this.#peer = { id: peer, name: shownName(name) ?? this.#peer.name };
    this.#establishedAt = this.options.host.clock.now();
    // The callee knew what the caller sends from the INVITE, and may have been told of changes since.
    if (!isPolite) this.setRemoteMedia(media);
    this.session.begin();
    this.#transfers.start();
    this.#setState('established');
  }

  /** Our call became the callee's half of the other side's: same people, another id, the other side offers. */
  #onMerged({ into, peer, media }: Extract<CallMachineEvent, { kind: 'merged' }>): void {
    this.session.close();
    this.#callId = into;
    this.#peer = { ...this.#peer, id: peer };
    this.session = this.#createSession(true);
    this.setRemoteMedia(media);
    for (const kind of MEDIA_KINDS) this.session.setTrack(kind, this.local.trackOf(kind));
    this.session.open();
    this.session.begin();
    // What was said of it under the id before is lost.
    if (this.local.stream) this.#sayMuted();
  }

  #onEnded(end: CallEnd): void {
    if (this.#state === 'ended') return;
    const { host } = this.options;
    this.#end = end;
    this.#detail = endSentence({
      end,
      name: this.#peer.name ?? 'The other side',
      isOutgoing: this.#direction === 'outgoing',
      isOurs: this.#isEndOurs,
      hasRelay: host.ice.hasRelay(),
      relayOnly: host.relayOnly,
    });
    this.session.close();
    this.#transfers.stop();
    this.local.close();
    this.#setPath(undefined);
    this.#remote.close();
    this.#setState('ended');
    this.#emit('stream', undefined);
  }

  #createSession(isPolite: boolean): MediaSession {
    const { host } = this.options;
    const { relayOnly, ice, media, clock, log } = host;
    const session: MediaSession = new MediaSession(
      { isPolite, relayOnly, ice, media, clock, log },
      {
        send: (payload) => this.command({ kind: 'sendMedia', callId: this.#callId, payload }),
        connected: () => this.#setDetail(undefined),
        interrupted: () => this.#onInterrupted(),
        path: (path) => this.#setPath(path),
        tracks: () => this.#updateRemoteStream(),
        failed: (reason) => this.#onSessionFailed(session, reason),
      },
    );
    return session;
  }

  #onSessionFailed(session: MediaSession, reason: ByeReason): void {
    if (session === this.session) this.hangUpFor(reason);
  }

  #onInterrupted(): void {
    this.#setPath(undefined);
    this.#transfers.wayChanged();
    this.#setDetail(interruptedSentence(this.#peer.name ?? 'the other side'));
  }

  #onLocalFailed(kind: MediaKind, text: string): void {
    this.#trouble = { kind, text };
    this.#setDetail(text);
  }

  #onLocalChanged(kind: MediaKind): void {
    const { kind: troubled, text } = this.#trouble ?? {};
    if (kind === troubled && text === this.#detail && !this.muted[kind]) this.#setDetail(undefined);
    this.session.setTrack(kind, this.local.trackOf(kind));
    this.#sayMuted();
    this.#emit('stream', undefined);
    this.#emit('media', undefined);
  }

  #sayMuted(): void {
    this.command({ kind: 'setMuted', callId: this.#callId, muted: this.local.muted });
  }

  #setRemoteMuted(muted: MediaChoice): void {
    this.#remote.muted = muted;
    this.#updateRemoteStream();
    this.#emit('media', undefined);
  }

  #updateRemoteStream(): void {
    this.#remote.update((kind) => this.session.remoteTrack(kind));
    this.#emit('stream', undefined);
  }

  #setPath(path: LinkPath | undefined): void {
    if (this.#path === path || this.#state === 'ended') return;
    this.#path = path;
    this.#emit('path', path);
  }

  #setDetail(detail: string | undefined): void {
    if (this.#detail === detail || this.#state === 'ended') return;
    this.#detail = detail;
    this.#emit('media', undefined);
  }

  #setState(state: CallState): void {
    this.#state = state;
    this.#emit('state', state);
  }

  #emit<E extends keyof CallEvents>(event: E, payload: CallEvents[E]): void {
    queueMicrotask(() => this.#emitter.emit(event, payload));
  }
}

/** What others call themselves, as one line that leaves the text around it alone; undefined when nothing of it is seen. */
function shownName(name: string | undefined): string | undefined {
  const text = plainText(name ?? '');
  return isBlank(text) ? undefined : text;
}
