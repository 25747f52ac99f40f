import { ed25519 } from '@noble/curves/ed25519.js';
import { type Socket, io } from 'socket.io-client';
import { type Contact, contactFromKey } from '../../shared/src/ids.ts';
import { decodeChallenge, decodeIntroductions, decodeRelayedSignal } from '../../shared/src/signaling/answers.ts';
import type { JoinRequest, RelayedSignal } from '../../shared/src/signaling/events.ts';
import { joinProof } from '../../shared/src/signaling/proof.ts';
import { type ServerOptions, type SignalingServer, createServer } from '../src/server.ts';

/** An answer that has not come by then is missing. [ms] A thousand at once take a machine with much to do some seconds. */
const ANSWER_MS = 20_000;

/** A peer key whose private half the test holds. */
export interface Identity {
  readonly contact: Contact;
  sign(message: Uint8Array): Uint8Array;
}

/** The item at `index`, counted round and round: for tests that pick by a random number. */
export function pick<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}

let identities = 0;

/** An identity like no other of this test run. */
export function newIdentity(): Identity {
  identities++;
  const secret = new Uint8Array(32).fill(7);
  new DataView(secret.buffer).setUint32(0, identities);
  const contact = contactFromKey(ed25519.getPublicKey(secret));
  return { contact, sign: (message) => ed25519.sign(message, secret) };
}

/** A server on a free port of this machine. */
export async function startServer(options: ServerOptions = {}): Promise<SignalingServer> {
  const server = createServer({ port: 0, host: '127.0.0.1', ...options });
  await server.listen();
  return server;
}

/** A connected socket with the nonce it was given; speaks to the server without any of the client's own checks. */
export class TestPeer {
  readonly socket: Socket;
  readonly identity: Identity;
  readonly signals: RelayedSignal[] = [];
  readonly notices: unknown[] = [];
  readonly #host: string;
  #nonce: Uint8Array = new Uint8Array(0);
  #onSignal: (() => void) | undefined;

  private constructor(url: string, identity: Identity, host: string, headers: Record<string, string>) {
    this.identity = identity;
    this.#host = host;
    const extraHeaders = headers;
    this.socket = io(url, { transports: ['websocket'], forceNew: true, reconnection: false, extraHeaders });
    this.socket.on('signal', (payload: unknown) => {
      const decoded = decodeRelayedSignal(payload);
      if (decoded.ok) this.signals.push(decoded.value);
      this.#onSignal?.();
    });
    this.socket.on('error-code', (notice: unknown) => this.notices.push(notice));
  }

  static async connect(
    url: string,
    identity = newIdentity(),
    host = new URL(url).host,
    headers: Record<string, string> = {},
  ): Promise<TestPeer> {
    const peer = new TestPeer(url, identity, host, headers);
    await new Promise<void>((resolve, reject) => {
      peer.socket.once('connect_error', reject);
      peer.socket.once('challenge', (payload: unknown) => {
        const challenge = decodeChallenge(payload);
        if (challenge.ok) peer.#nonce = challenge.value.nonce;
        resolve();
      });
    });
    return peer;
  }

  /** Connects and joins. */
  static async join(url: string, identity = newIdentity()): Promise<TestPeer> {
    const peer = await TestPeer.connect(url, identity);
    const answer = decodeIntroductions(await peer.join());
    if (!answer.ok) throw new Error(`join refused: ${answer.error}`);
    return peer;
  }

  get contact(): Contact {
    return this.identity.contact;
  }

  /** A join request that this peer's key signs over this socket's nonce. */
  joinRequest(): JoinRequest {
    const { publicKey } = this.contact;
    return { publicKey, signature: this.identity.sign(joinProof(this.#nonce, publicKey, this.#host)) };
  }

  join(request: unknown = this.joinRequest()): Promise<unknown> {
    return this.ask('join', request);
  }

  /** Emits anything under any name; rejects when no answer comes within `ANSWER_MS`. */
  ask(event: string, ...payload: unknown[]): Promise<unknown> {
    return this.socket.timeout(ANSWER_MS).emitWithAck(event, ...payload);
  }

  /** Sends a packet of socket.io as it stands. */
  write(packet: string): void {
    this.socket.io.engine.write(packet);
  }

  /** Takes nothing off its connection any more, as a program would that means harm. */
  stopReading(): void {
    (this.socket.io.engine.transport as unknown as { ws: { pause(): void } }).ws.pause();
  }

  /** Resolves when `count` signals have come in all. */
  async received(count: number): Promise<readonly RelayedSignal[]> {
    while (this.signals.length < count) {
      await new Promise<void>((resolve) => {
        this.#onSignal = resolve;
      });
    }
    return this.signals;
  }

  /** Resolves when the server has handled all that was emitted before: it answers in order. */
  async settled(): Promise<void> {
    await this.ask('introductions', {});
  }

  close(): void {
    this.socket.disconnect();
  }
}

/** Resolves when the socket is closed. */
export function closed(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('disconnect', (reason) => resolve(reason));
  });
}
