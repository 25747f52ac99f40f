import { type Socket, io } from 'socket.io-client';
import { type Contact, type Key, type NodeId, shortId } from '../../../../shared/src/ids.ts';
import { SIGNALING_REQUEST_TIMEOUT_MS } from '../../../../shared/src/limits/signaling.ts';
import {
  decodeAnnounced,
  decodeChallenge,
  decodeDone,
  decodeErrorNotice,
  decodeIntroductions,
  decodeRelayedSignal,
} from '../../../../shared/src/signaling/answers.ts';
import {
  type AnnounceEvent,
  type RequestName,
  SIGNALING_VERSION,
  type SignalingErrorCode,
  type SignalingRequests,
} from '../../../../shared/src/signaling/events.ts';
import { joinProof } from '../../../../shared/src/signaling/proof.ts';
import type { Crypto } from '../../ports/crypto.ts';
import type { Log } from '../../ports/log.ts';
import type { ServerState, Signaling, SignalingHandler, TrackerPeers } from '../../ports/signaling.ts';

/** First wait before connecting again. [ms] socket.io halves to one-and-a-halves it at random. */
const RECONNECT_MS = 500;

/** Longest wait before connecting again. [ms] A server that is back is noticed within this. */
const MAX_RECONNECT_MS = 5_000;

/**
 * Times that the patience doubles with a server that is silent, up to 20 s. All come back at once when it was started anew:
 * 20,000 joins take it some ten seconds (an estimate), and whoever gave up before would only ask it for another.
 */
const MAX_PATIENCE_DOUBLINGS = 2;

/** How long the first connect may fail before people are told. [ms] */
const FIRST_CONNECT_PATIENCE_MS = 3_000;

/** How long a refused join waits before it is tried again. [ms] Long enough not to add to a server's trouble. */
const REFUSED_RETRY_MS = 5_000;

/** The same when another tab took our place: two that fought for it would never rest. [ms] */
const REPLACED_RETRY_MS = 30_000;

const LOST = 'The connection to the server is gone. Peers that are linked stay linked; this page keeps trying.';
const UNANSWERED = 'The server does not answer. This page keeps trying; please check the address and your network.';

const REFUSALS: Partial<Record<SignalingErrorCode, string>> = {
  'bad-signature': 'The server refused this peer’s proof of its key. Reload the page to try again.',
  'rate-limited': 'The server is busy with joins from your network. This page tries again in a moment.',
  full: 'The server is full. This page keeps trying; another server could be used meanwhile.',
  replaced: 'Another tab joined with this identity and took its place. Close one of the two.',
};

export interface SignalingOptions {
  /** Origin of the server, http or https. */
  readonly url: string;
  readonly crypto: Crypto;
  readonly log: Log;
  /** How long a request waits for its answer, and joining at first. [ms] Default 5000. */
  readonly requestTimeoutMs?: number;
}

/**
 * The signaling server over socket.io. Connects, proves the peer key and joins; does so again after every loss, for
 * ever, until closed. What the server sends is checked; what it does not answer in time counts as refused.
 */
export class SocketSignaling implements Signaling {
  readonly #crypto: Crypto;
  readonly #log: Log;
  readonly #host: string;
  readonly #timeoutMs: number;
  readonly #socket: Socket;
  #handler: SignalingHandler | undefined;
  #state: ServerState | undefined;
  #detail: string | undefined;
  #joined = false;
  #closed = false;
  /** Counts connections, so that what belongs to an earlier one is not mistaken for the present one's. */
  #connection = 0;
  /** The connection whose challenge came; a second one of the same connection is not answered. */
  #challenged = 0;
  /** Until then `hurry` leaves it at the usual pauses: networks come and go, and each time the server would hear of it. */
  #calmUntil = 0;
  /** Joins that were given up since one succeeded, as many as count. */
  #silences = 0;
  #patience: Timer | undefined;
  #challengeTimer: Timer | undefined;
  #retry: Timer | undefined;

  constructor(options: SignalingOptions) {
    this.#crypto = options.crypto;
    this.#log = options.log;
    this.#host = new URL(options.url).host;
    this.#timeoutMs = options.requestTimeoutMs ?? SIGNALING_REQUEST_TIMEOUT_MS;
    this.#socket = io(new URL(options.url).origin, {
      transports: ['websocket'],
      autoConnect: false,
      forceNew: true,
      reconnectionDelay: RECONNECT_MS,
      reconnectionDelayMax: MAX_RECONNECT_MS,
      randomizationFactor: 0.5,
      timeout: this.#timeoutMs,
    });
    this.#listen();
  }

  start(handler: SignalingHandler): void {
    if (this.#handler || this.#closed) return;
    this.#handler = handler;
    this.#setState('connecting');
    this.#patience = setTimeout(() => {
      if (this.#state === 'connecting') this.#setState('lost', UNANSWERED);
    }, FIRST_CONNECT_PATIENCE_MS);
    this.#socket.connect();
  }

  async signal(to: NodeId, sealed: Uint8Array): Promise<boolean> {
    const decoded = decodeDone(await this.#request('signal', { to, sealed }));
    if (!decoded.ok) this.#log.log('debug', 'server did not relay a signal', { to: shortId(to), code: decoded.error });
    return decoded.ok;
  }

  async introductions(): Promise<readonly Contact[]> {
    const decoded = decodeIntroductions(await this.#request('introductions', {}));
    return decoded.ok ? this.#withoutSelf(decoded.value) : [];
  }

  async announce(infoHash: Key, event: AnnounceEvent): Promise<TrackerPeers | undefined> {
    const decoded = decodeAnnounced(await this.#request('announce', { infoHash, event }));
    if (!decoded.ok) return undefined;
    return { peers: this.#withoutSelf(decoded.value.peers), intervalMs: decoded.value.intervalMs };
  }

  async leave(infoHash: Key): Promise<void> {
    await this.#request('leave', { infoHash });
  }

  hurry(): void {
    const now = performance.now();
    // Without `active` it waits for a reason of its own.
    if (this.#socket.connected || !this.#socket.active || now < this.#calmUntil) return;
    this.#calmUntil = now + MAX_RECONNECT_MS;
    this.#socket.disconnect().connect();
  }

  close(): void {
    this.#closed = true;
    this.#joined = false;
    this.#clearTimers();
    this.#socket.disconnect();
  }

  #listen(): void {
    const socket = this.#socket;
    socket.on('connect', () => this.#onConnect());
    socket.on('disconnect', (reason) => this.#onDisconnect(reason));
    socket.on('challenge', (payload: unknown) => void this.#onChallenge(payload));
    socket.on('signal', (payload: unknown) => this.#onSignal(payload));
    socket.on('error-code', (payload: unknown) => this.#onErrorCode(payload));
    socket.on('connect_error', (error) => {
      this.#log.log('debug', 'server not reached', { reason: error.message });
      if (error.message === 'timeout') this.#setSilences(this.#silences + 1);
      // socket.io tries again by itself, except when it was the server's socket.io that refused.
      if (!socket.active) this.#reconnectIn(REFUSED_RETRY_MS);
    });
  }

  #onConnect(): void {
    this.#connection++;
    clearTimeout(this.#challengeTimer);
    this.#challengeTimer = setTimeout(() => this.#onJoinAnswer(undefined, undefined), this.#joinTimeoutMs);
  }

  #onDisconnect(reason: string): void {
    this.#joined = false;
    clearTimeout(this.#challengeTimer);
    if (this.#closed) return;
    this.#log.log('info', 'server lost', { reason });
    // A refused join has told its own reason already.
    if (this.#state === 'connected') this.#setState('lost', LOST);
    if (!this.#socket.active && this.#retry === undefined) this.#reconnectIn(RECONNECT_MS * (0.5 + Math.random()));
  }

  get #joinTimeoutMs(): number {
    return this.#timeoutMs * 2 ** this.#silences;
  }

  #setSilences(count: number): void {
    this.#silences = Math.min(count, MAX_PATIENCE_DOUBLINGS);
    this.#socket.io.timeout(this.#joinTimeoutMs);
  }

  async #onChallenge(payload: unknown): Promise<void> {
    const connection = this.#connection;
    if (this.#challenged === connection) return;
    this.#challenged = connection;
    clearTimeout(this.#challengeTimer);
    const challenge = decodeChallenge(payload);
    if (!challenge.ok || challenge.value.version !== SIGNALING_VERSION) {
      this.#giveUp('The server speaks another version. Reload the page to get one that fits.', REPLACED_RETRY_MS);
      return;
    }
    const { wallNow } = challenge.value;
    const clockAheadMs = wallNow === undefined ? undefined : wallNow - Date.now();
    const { publicKey } = this.#crypto.self;
    const signature = await this.#signature(joinProof(challenge.value.nonce, publicKey, this.#host));
    if (!signature || connection !== this.#connection || !this.#socket.connected) return;
    const answer = await this.#emit('join', { publicKey, signature }, this.#joinTimeoutMs);
    if (connection !== this.#connection || !this.#socket.connected) return;
    this.#onJoinAnswer(answer, clockAheadMs);
  }

  async #signature(message: Uint8Array): Promise<Uint8Array | undefined> {
    try {
      return await this.#crypto.sign(message);
    } catch (error) {
      this.#log.log('error', 'could not sign the proof of the key', { error: String(error) });
      this.#giveUp('This browser could not sign with its key. Reload the page to try again.', REPLACED_RETRY_MS);
      return undefined;
    }
  }

  #onJoinAnswer(answer: unknown, clockAheadMs: number | undefined): void {
    const decoded = decodeIntroductions(answer);
    this.#setSilences(answer === undefined ? this.#silences + 1 : 0);
    if (!decoded.ok) {
      this.#log.log('warn', 'could not join', { code: decoded.error });
      this.#giveUp(REFUSALS[decoded.error] ?? UNANSWERED, REFUSED_RETRY_MS);
      return;
    }
    this.#joined = true;
    clearTimeout(this.#patience);
    this.#setState('connected');
    const introductions = this.#withoutSelf(decoded.value);
    this.#tell((handler) => handler.joined(introductions, clockAheadMs));
  }

  #onSignal(payload: unknown): void {
    const decoded = decodeRelayedSignal(payload);
    if (!decoded.ok) {
      this.#log.log('warn', 'server sent a malformed signal', { fault: decoded.error });
      return;
    }
    const { from, sealed } = decoded.value;
    this.#tell((handler) => handler.signal(from, sealed));
  }

  #onErrorCode(payload: unknown): void {
    const decoded = decodeErrorNotice(payload);
    if (!decoded.ok) return;
    this.#log.log('warn', 'server reports an error', { code: decoded.value.code, event: decoded.value.event });
    if (decoded.value.code === 'replaced') this.#giveUp(REFUSALS.replaced ?? LOST, REPLACED_RETRY_MS);
  }

  /** Leaves this connection, says why, and tries a new one later. */
  #giveUp(detail: string, retryMs: number): void {
    if (this.#closed) return;
    this.#joined = false;
    this.#setState('lost', detail);
    this.#reconnectIn(retryMs * (0.75 + Math.random() / 2));
    this.#socket.disconnect();
  }

  #reconnectIn(ms: number): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#socket.connect();
    }, ms);
  }

  /** The server's raw answer, or undefined when there is none in time. Never rejects. */
  async #request<E extends RequestName>(event: E, payload: SignalingRequests[E]['request']): Promise<unknown> {
    return this.#joined ? this.#emit(event, payload) : undefined;
  }

  #emit(event: RequestName, payload: object, timeoutMs = this.#timeoutMs): Promise<unknown> {
    return this.#socket
      .timeout(timeoutMs)
      .emitWithAck(event, payload)
      .catch(() => undefined);
  }

  #setState(state: ServerState, detail?: string): void {
    if (state === this.#state && detail === this.#detail) return;
    this.#state = state;
    this.#detail = detail;
    this.#tell((handler) => handler.state(state, detail));
  }

  /** Calls the handler in a task of its own: nobody is called back from within a call of theirs. */
  #tell(call: (handler: SignalingHandler) => void): void {
    queueMicrotask(() => {
      const handler = this.#handler;
      if (handler && !this.#closed) call(handler);
    });
  }

  #withoutSelf(contacts: readonly Contact[]): Contact[] {
    return contacts.filter((contact) => contact.id !== this.#crypto.self.id);
  }

  #clearTimers(): void {
    clearTimeout(this.#patience);
    clearTimeout(this.#challengeTimer);
    clearTimeout(this.#retry);
  }
}

type Timer = ReturnType<typeof setTimeout>;
