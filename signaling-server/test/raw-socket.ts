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

/** engine.io's ping, and the answer to it. */
const PING = '2';
const PONG = '3';

/** A websocket at the socket.io path that sends whatever it is told to, proves that it lives, and reads nothing else. */
export class RawWebSocket {
  readonly #socket: Socket;
  /** Resolves when the other end has sent a close frame, or closed without one. */
  readonly closed: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      let unread = Buffer.alloc(0);
      socket.on('close', () => resolve());
      socket.on('data', (data) => {
        unread = Buffer.concat([unread, data]);
        for (let frame = firstFrame(unread); frame; frame = firstFrame(unread)) {
          unread = unread.subarray(frame.end);
          if (frame.first === CLOSE_FRAME) resolve();
          if (frame.text === PING) this.frame(1, PONG);
        }
      });
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

  /** Masked frames with the given opcode, all in one write: 1 text, 2 binary, 8 close, others as RFC 6455 §5.2 says. */
  frames(opcode: number, ...payloads: (string | Uint8Array)[]): void {
    this.raw(Buffer.concat(payloads.map((payload) => maskedFrame(opcode, payload))));
  }

  frame(opcode: number, payload: string | Uint8Array): void {
    this.frames(opcode, payload);
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

/** The frame at the front of what a server sent; undefined until all of it is there. Servers mask nothing. */
function firstFrame(bytes: Buffer): { first: number; text: string; end: number } | undefined {
  const short = (bytes[1] ?? 0) & 127;
  const start = short < 126 ? 2 : 4;
  if (bytes.length < start) return undefined;
  const end = start + (short < 126 ? short : bytes.readUInt16BE(2));
  if (bytes.length < end) return undefined;
  return { first: bytes[0] ?? 0, text: bytes.toString('latin1', start, end), end };
}

function maskedFrame(opcode: number, payload: string | Uint8Array): Buffer {
  const body = Buffer.from(payload);
  const length =
    body.length < 126
      ? Buffer.from([0x80 | body.length])
      : Buffer.from([0x80 | 126, body.length >> 8, body.length & 0xff]);
  // A zero mask leaves the payload as it is.
  return Buffer.concat([Buffer.from([0x80 | opcode]), length, Buffer.alloc(4), body]);
}

function open(url: string): Socket {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.on('error', () => undefined);
  return socket;
}

/** A TCP connection to the server, once it is there. */
export function openTcp(url: string): Promise<Socket> {
  const socket = open(url);
  return new Promise((resolve) => socket.once('connect', () => resolve(socket)));
}
