import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { io, type Socket } from 'socket.io-client';
import { contactFromKey, type Contact } from '../../shared/src/ids.ts';
import { joinProof } from '../../shared/src/signaling/proof.ts';

/** How long the server may take to answer. [ms] */
const ANSWER_TIMEOUT_MS = 5_000;

/** An answer as it came, before anyone believes it. */
export interface RawAnswer {
  readonly ok: boolean;
  readonly code?: string;
  readonly introductions?: Uint8Array;
  readonly peers?: Uint8Array;
  readonly intervalMs?: number;
}

/** A client of the signaling server made of nothing but socket.io: it can say what our own client never would. */
export class RawPeer {
  readonly contact: Contact;
  readonly socket: Socket;
  readonly #key: KeyObject;
  readonly #host: string;
  readonly #nonce: Uint8Array;

  private constructor(socket: Socket, host: string, nonce: Uint8Array) {
    const signing = generateKeyPairSync('ed25519');
    this.contact = contactFromKey(rawKey(signing.publicKey));
    this.socket = socket;
    this.#key = signing.privateKey;
    this.#host = host;
    this.#nonce = nonce;
  }

  static async connect(url: string): Promise<RawPeer> {
    const socket = io(url, { transports: ['websocket'], reconnection: false, forceNew: true });
    const nonce = await new Promise<Uint8Array>((resolve, reject) => {
      socket.once('challenge', (challenge: { nonce: Uint8Array }) => resolve(new Uint8Array(challenge.nonce)));
      socket.once('connect_error', reject);
    });
    return new RawPeer(socket, new URL(url).host, nonce);
  }

  /** Joins; `forge` changes what is sent, and what is signed for. */
  join(
    forge: { readonly publicKey?: Uint8Array; readonly host?: string; readonly nonce?: Uint8Array } = {},
  ): Promise<RawAnswer> {
    const publicKey = forge.publicKey ?? this.contact.publicKey;
    const proof = joinProof(forge.nonce ?? this.#nonce, publicKey, forge.host ?? this.#host);
    const signature = sign(null, proof, this.#key);
    return this.ask('join', { publicKey: Buffer.from(publicKey), signature });
  }

  /** Sends any event with any payload and waits for its answer. */
  ask(event: string, payload: unknown): Promise<RawAnswer> {
    return this.socket.timeout(ANSWER_TIMEOUT_MS).emitWithAck(event, payload) as Promise<RawAnswer>;
  }

  /** The next sealed signal that the server hands over. */
  nextSignal(): Promise<{ readonly from: string; readonly sealed: Uint8Array }> {
    return new Promise((resolve) => {
      this.socket.once('signal', (signal: { from: string; sealed: Uint8Array }) => resolve(signal));
    });
  }

  get isConnected(): boolean {
    return this.socket.connected;
  }

  close(): void {
    this.socket.disconnect();
  }
}

function rawKey(key: KeyObject): Uint8Array {
  const { x } = key.export({ format: 'jwk' });
  return new Uint8Array(Buffer.from(x ?? '', 'base64url'));
}
