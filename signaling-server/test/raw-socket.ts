import { randomBytes } from 'node:crypto';
import { type Socket, connect } from 'node:net';

/** Sends bytes over plain TCP and resolves to everything that came back once the other end closed, or after `ms`. */
export function exchange(url: string, bytes: string | Uint8Array, ms = 1_500): Promise<string> {
  const socket = open(url);
  socket.write(bytes);
  return new Promise((resolve) => {
    let text = '';
    const timer = setTimeout(() => socket.destroy(), ms);
    socket.on('data', (data) => {
      text += data.toString('latin1');
    });
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

/** First byte of a final, unmasked close frame. RFC 6455 §5.5.1. */
const CLOSE_FRAME = 0x88;

/** A websocket at the socket.io path that sends whatever it is told to, and reads nothing. */
export class RawWebSocket {
  readonly #socket: Socket;
  /** Resolves when the other end has sent a close frame, or closed without one. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', () => resolve());
      // All else that the server says is text, in which this byte does not occur.
      socket.on('data', (data) => data.includes(CLOSE_FRAME) && resolve());
    });
  }

  static async open(url: string): Promise<RawWebSocket> {
    const socket = open(url);
    socket.write(
      [
        'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1',
        `Host: ${new URL(url).host}`,
        'Connection: Upgrade',
        'Upgrade: websocket',
        'Sec-WebSocket-Version: 13',
        `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
        '\r\n',
      ].join('\r\n'),
    );
    await new Promise((resolve) => socket.once('data', resolve));
    return new RawWebSocket(socket);
  }

  /** A masked frame with the given opcode: 1 text, 2 binary, 8 close, others as RFC 6455 §5.2 says. */
  frame(opcode: number, payload: string | Uint8Array): void {
    const body = Buffer.from(payload);
    const length =
      body.length < 126
        ? Buffer.from([0x80 | body.length])
        : Buffer.from([0x80 | 126, body.length >> 8, body.length & 0xff]);
    // A zero mask leaves the payload as it is.
    this.raw(Buffer.concat([Buffer.from([0x80 | opcode]), length, Buffer.alloc(4), body]));
  }

  raw(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  /** Ends after everything written. */
  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function open(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  return socket;
}
