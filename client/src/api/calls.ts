import type { CallEnd } from '../calls/types.ts';
import type { LinkPath } from '../ports/links.ts';

/** Which media a call is made or answered with. */
export interface CallMedia {
  readonly audio: boolean;
  readonly video: boolean;
}

/** How a call is placed. */
export interface CallOptions extends CallMedia {
  /**
   * Aborting takes the call back as long as `call` has not resolved: it rejects with `aborted`, and nobody rings any more. A call of
   * that person which it is answering instead goes on, and must be hung up.
   */
  readonly signal?: AbortSignal;
}

/** trying: nothing rings yet. ringing: here, or at a device of the other side. established: it was answered. */
export type CallState = 'trying' | 'ringing' | 'established' | 'ended';

/** Why a call ended; `detail` says it in words. */
export type CallEndReason = CallEnd;

/** Figures of a call's media, as its connection counts them. */
export interface CallStats {
  readonly rttMs: number | undefined;
  readonly audioBytesReceived: number;
  readonly videoBytesReceived: number;
  readonly framesDecoded: number;
  readonly frameWidth: number | undefined;
  readonly frameHeight: number | undefined;
  readonly packetsLost: number;
}

/** What a call tells, by the event's name. */
export interface CallEvents {
  state: CallState;
  /** The media path is known or changed. */
  path: LinkPath | undefined;
  /** `localStream` or `remoteStream` changed. */
  stream: undefined;
  /** `muted`, `remoteMuted` or `detail` changed. */
  media: undefined;
}

/** A call of this node, made or taken. It is told of events after whatever caused them has returned. */
export interface Call {
  /** Becomes another one when both have called each other at the same moment. */
  readonly id: string;
  readonly direction: 'outgoing' | 'incoming';
  readonly peer: { readonly id: string; readonly name: string | undefined };
  readonly state: CallState;
  readonly endReason: CallEndReason | undefined;
  /** A sentence for people about the end or about trouble: what happened, and what to do. */
  readonly detail: string | undefined;
  readonly path: LinkPath | undefined;
  /** Monotonic instant (`performance.now`) at which the call was established. */
  readonly establishedAt: number | undefined;
  readonly localStream: MediaStream | undefined;
  readonly remoteStream: MediaStream | undefined;
  readonly muted: { readonly audio: boolean; readonly video: boolean };
  /** What the other side says it has muted. */
  readonly remoteMuted: { readonly audio: boolean; readonly video: boolean };
  /**
   * Mutes the microphone, or switches the camera off, or either on again: what is not open is opened, and `media` follows
   * when that is done, or failed, as `detail` says then. Does nothing before the call is answered here, or after its end.
   */
  mute(kind: 'audio' | 'video', on: boolean): void;
  /** Ends it, also before it is answered. Does nothing after its end. */
  hangUp(): void;
  stats(): Promise<CallStats>;
  on<E extends keyof CallEvents>(event: E, listener: (payload: CallEvents[E]) => void): () => void;
}

/** A call that rings here. */
export interface IncomingCall extends Call {
  /** What the caller asks for. */
  readonly offered: CallMedia;
  /**
   * Resolves when it was accepted; `established` follows. Rejects with `media-denied`, `media-missing` or `media-failed`
   * and keeps ringing, so that another choice can be made; with `call-ended`; and with `bad-argument` when it was answered
   * already.
   */
  answer(media: CallMedia): Promise<void>;
  /** Does nothing once it was answered: hang up then. */
  reject(reason: 'busy' | 'decline'): void;
  /** Stops ringing here and says nothing. Does nothing once it was answered. */
  ignore(): void;
}
