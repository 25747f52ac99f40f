import type { Contact, Key, NodeId } from '../ids.ts';

/** Version of the conversation. The server names it in its challenge; a client that does not speak it stays away. */
export const SIGNALING_VERSION = 2;

/**
 * Every code with which the server refuses something. A closed list.
 * malformed: not of the event's form. too-large: of the form, but over a cap. rate-limited: too many in a while.
 * not-joined: asked before `join`. bad-signature: the proof of the key does not hold. unknown-peer: no such peer here.
 * busy: the peer does not keep up with what it is sent. full: the server holds as many as it can.
 * unknown-event: no event of that name. replaced: the same key joined from another socket.
 */
export const SIGNALING_ERROR_CODES = [
  'malformed',
  'too-large',
  'rate-limited',
  'not-joined',
  'bad-signature',
  'unknown-peer',
  'busy',
  'full',
  'unknown-event',
  'replaced',
] as const;

export type SignalingErrorCode = (typeof SIGNALING_ERROR_CODES)[number];

/** The server's answer to a request. */
export type Answer<T extends object> =
  | ({ readonly ok: true } & T)
  | { readonly ok: false; readonly code: SignalingErrorCode };

/** What the server says first. */
export interface Challenge {
  readonly version: number;
  /** [32 bytes] */
  readonly nonce: Uint8Array;
  /** What the server's wall clock shows. [ms since the epoch] */
  readonly wallNow?: number | undefined;
}

/** Asks to be registered under the id of the two keys; the signature covers `joinProof`. */
export interface JoinRequest {
  readonly publicKey: Uint8Array;
  readonly signature: Uint8Array;
}

/** A sealed signal on its way to the server. */
export interface SignalRequest {
  readonly to: NodeId;
  readonly sealed: Uint8Array;
}

/** A sealed signal on its way from the server. */
export interface RelayedSignal {
  readonly from: NodeId;
  readonly sealed: Uint8Array;
}

export type AnnounceEvent = 'started' | 'completed' | 'update';

export interface AnnounceRequest {
  readonly infoHash: Key;
  readonly event: AnnounceEvent;
}

export interface LeaveRequest {
  readonly infoHash: Key;
}

/** An error that answers no request. `event` names what it is about. */
export interface ErrorNotice {
  readonly code: SignalingErrorCode;
  readonly event?: string;
}

/** Every request with its payload and the fields of its answer. Contacts travel packed, see `encodeContacts`. */
export interface SignalingRequests {
  join: { readonly request: JoinRequest; readonly answer: { readonly introductions: Uint8Array } };
  introductions: { readonly request: object; readonly answer: { readonly introductions: Uint8Array } };
  signal: { readonly request: SignalRequest; readonly answer: object };
  announce: {
    readonly request: AnnounceRequest;
    readonly answer: { readonly peers: Uint8Array; readonly intervalMs: number };
  };
  leave: { readonly request: LeaveRequest; readonly answer: object };
}

export type RequestName = keyof SignalingRequests;

export const REQUEST_NAMES: readonly RequestName[] = ['join', 'introductions', 'signal', 'announce', 'leave'];

export type AnswerTo<E extends RequestName> = Answer<SignalingRequests[E]['answer']>;

/** What a client emits, in socket.io's form. Typed events are a promise to the compiler only: both ends validate. */
export type ClientToServerEvents = {
  [E in RequestName]: (request: SignalingRequests[E]['request'], ack: (answer: AnswerTo<E>) => void) => void;
};

/** What the server emits. */
export interface ServerToClientEvents {
  challenge(challenge: Challenge): void;
  signal(signal: RelayedSignal): void;
  'error-code'(notice: ErrorNotice): void;
}

/** A tracker's answer as the client uses it. */
export interface AnnounceAnswer {
  readonly peers: readonly Contact[];
  readonly intervalMs: number;
}
