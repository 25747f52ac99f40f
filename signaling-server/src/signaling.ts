import { randomBytes } from 'node:crypto';
import type { Server, Socket } from 'socket.io';
import type { Contact } from '../../shared/src/ids.ts';
import { CHALLENGE_BYTES } from '../../shared/src/limits/signaling.ts';
import type { Rng } from '../../shared/src/machine.ts';
import { type Result, err, ok } from '../../shared/src/result.ts';
import { encodeContacts } from '../../shared/src/signaling/contacts.ts';
import {
  type AnswerTo,
  type ClientToServerEvents,
  REQUEST_NAMES,
  type RequestName,
  SIGNALING_VERSION,
  type ServerToClientEvents,
  type SignalingErrorCode,
  type SignalingRequests,
} from '../../shared/src/signaling/events.ts';
import { decodeRequest } from '../../shared/src/signaling/requests.ts';
import { Directory } from './directory.ts';
import { verifyJoin } from './proof.ts';
import type { EventClass, RateLimits } from './rate-limits.ts';
import type { TrackerHost } from './tracker-host.ts';

export type SignalingIo = Server<ClientToServerEvents, ServerToClientEvents>;
export type SignalingSocket = Socket<ClientToServerEvents, ServerToClientEvents>;

/** Most joined peers, as many as there may be sockets; beyond, another server should help. */
const MAX_PEERS = 20_000;

/** Most signals that wait for one slow socket. With the largest signals this is 8 MB. */
const MAX_QUEUED_SIGNALS = 256;

/** Which allowance a request counts against. */
const EVENT_CLASSES: Readonly<Record<RequestName, EventClass>> = {
  join: 'join',
  introductions: 'introductions',
  signal: 'signal',
  announce: 'tracker',
  leave: 'tracker',
};

/** One socket. `contact` is set while it is registered under a key that it proved. */
interface Session {
  readonly socket: SignalingSocket;
  readonly address: string;
  readonly nonce: Uint8Array;
  /** Hosts, one of which the proof of the key must name. */
  readonly hosts: readonly string[];
  contact: Contact | undefined;
  /** Signals handed to the socket since it last wrote out everything. */
  queued: number;
}

type Outcome<E extends RequestName> = Result<SignalingRequests[E]['answer'], SignalingErrorCode>;

type Handlers = { readonly [E in RequestName]: (session: Session, payload: unknown) => Outcome<E> };

export interface SignalingDeps {
  readonly limits: RateLimits;
  readonly tracker: TrackerHost;
  readonly rng: Rng;
  addressOf(socket: SignalingSocket): string;
  hostsOf(socket: SignalingSocket): readonly string[];
}

/** Introduces peers, relays their sealed signals and answers for the tracker. Every payload is decoded here once. */
export class SignalingService {
  readonly #deps: SignalingDeps;
  readonly #directory: Directory<Session>;
  readonly #handlers: Handlers = {
    join: (session, payload) => this.#join(session, payload),
    introductions: (session, payload) => this.#introductions(session, payload),
    signal: (session, payload) => this.#signal(session, payload),
    announce: (session, payload) => this.#announce(session, payload),
    leave: (session, payload) => this.#leave(session, payload),
  };

  constructor(io: SignalingIo, deps: SignalingDeps) {
    this.#deps = deps;
    this.#directory = new Directory(deps.rng, MAX_PEERS);
    io.on('connection', (socket) => this.#accept(socket));
  }

  get peerCount(): number {
    return this.#directory.size;
  }

  #accept(socket: SignalingSocket): void {
    const session: Session = {
      socket,
      address: this.#deps.addressOf(socket),
      nonce: new Uint8Array(randomBytes(CHALLENGE_BYTES)),
      hosts: this.#deps.hostsOf(socket),
      contact: undefined,
      queued: 0,
    };
    socket.onAny((event: unknown, ...args: unknown[]) => {
      void this.#dispatch(session, event, args);
    });
    socket.on('disconnect', () => this.#unregister(session));
    socket.conn.on('drain', () => {
      session.queued = 0;
    });
    socket.emit('challenge', { version: SIGNALING_VERSION, nonce: session.nonce, wallNow: Date.now() });
  }

  async #dispatch(session: Session, event: unknown, args: readonly unknown[]): Promise<void> {
    const last = args.at(-1);
    const ack = typeof last === 'function' ? (answer: AnswerTo<RequestName>): void => void last(answer) : undefined;
    const payloads = ack ? args.slice(0, -1) : args;
    const name = REQUEST_NAMES.find((known) => known === event);
    const outcome = await this.#outcome(session, name, payloads);
    if (outcome.ok) ack?.({ ok: true, ...outcome.value });
    else await this.#refuse(session, event, ack, outcome.error);
  }

  async #outcome(
    session: Session,
    name: RequestName | undefined,
    payloads: readonly unknown[],
  ): Promise<Outcome<RequestName>> {
    if (name === undefined) return err('unknown-event');
    if (payloads.length !== 1) return err('malformed');
    const { socket, address } = session;
    const isAllowed = await this.#deps.limits.takeSocket(EVENT_CLASSES[name], socket.id, address);
    if (!isAllowed) return err('rate-limited');
    // The socket may have closed while the limit was looked up; nothing may be registered for it any more.
    if (!socket.connected) return err('not-joined');
    return this.#handlers[name](session, payloads[0]);
  }

  /** Tells why not. A socket that earns too many refusals is closed: answering it is work, too. */
  async #refuse(
    session: Session,
    event: unknown,
    ack: ((answer: AnswerTo<RequestName>) => void) | undefined,
    code: SignalingErrorCode,
  ): Promise<void> {
    const { socket, address } = session;
    if (!(await this.#deps.limits.takeSocket('fault', socket.id, address))) socket.disconnect(true);
    else if (ack) ack({ ok: false, code });
    else socket.emit('error-code', typeof event === 'string' ? { code, event: event.slice(0, 64) } : { code });
  }

  #join(session: Session, payload: unknown): Outcome<'join'> {
    const decoded = decodeRequest.join(payload);
    if (!decoded.ok) return decoded;
    const proven = verifyJoin(decoded.value, session.nonce, session.hosts);
    if (!proven) return err('bad-signature');
    if (session.contact && session.contact.id !== proven.id) this.#unregister(session);
    const earlier = this.#directory.get(proven.id);
    if (!this.#directory.set(proven, session)) return err('full');
    if (earlier && earlier !== session) {
      earlier.contact = undefined;
      earlier.socket.emit('error-code', { code: 'replaced' });
    }
    session.contact = proven;
    return ok({ introductions: encodeContacts(this.#directory.introductionsFor(proven.id)) });
  }

  #introductions(session: Session, payload: unknown): Outcome<'introductions'> {
    const decoded = decodeRequest.introductions(payload);
    if (!decoded.ok) return decoded;
    if (!session.contact) return err('not-joined');
    return ok({ introductions: encodeContacts(this.#directory.introductionsFor(session.contact.id)) });
  }

  #signal(session: Session, payload: unknown): Outcome<'signal'> {
    const decoded = decodeRequest.signal(payload);
    if (!decoded.ok) return decoded;
    if (!session.contact) return err('not-joined');
    const { to, sealed } = decoded.value;
    const target = this.#directory.get(to);
    if (!target || target === session) return err('unknown-peer');
    if (target.queued >= MAX_QUEUED_SIGNALS) return err('busy');
    // Counted first: a socket that is not stalled drains within `emit`.
    target.queued++;
    target.socket.emit('signal', { from: session.contact.id, sealed });
    return ok({});
  }

  #announce(session: Session, payload: unknown): Outcome<'announce'> {
    const decoded = decodeRequest.announce(payload);
    if (!decoded.ok) return decoded;
    if (!session.contact) return err('not-joined');
    const answer = this.#deps.tracker.announce(session.contact, session.address, decoded.value);
    if (!answer) return err('full');
    return ok({ peers: encodeContacts(answer.peers), intervalMs: answer.intervalMs });
  }

  #leave(session: Session, payload: unknown): Outcome<'leave'> {
    const decoded = decodeRequest.leave(payload);
    if (!decoded.ok) return decoded;
    if (!session.contact) return err('not-joined');
    this.#deps.tracker.handle({ kind: 'leave', peer: session.contact.id, infoHash: decoded.value.infoHash });
    return ok({});
  }

  #unregister(session: Session): void {
    const { contact } = session;
    session.contact = undefined;
    if (!contact || !this.#directory.delete(contact.id, session)) return;
    this.#deps.tracker.handle({ kind: 'gone', peer: contact.id });
  }
}
