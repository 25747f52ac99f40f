import type { IncomingMessage } from 'node:http';
import type { Backlog } from './backlog.ts';

/** What is used of engine.io's socket. */
export interface EngineSocket {
  readonly request: IncomingMessage;
  readonly transport: { on(event: 'drain', then: () => void): void };
  on(event: 'data', then: (data: unknown) => void): void;
  on(event: 'packetCreate', then: (packet: { readonly data?: unknown }) => void): void;
  on(event: 'drain' | 'close', then: () => void): void;
  close(): void;
}

/** What a packet costs beside its bytes. [bytes] Objects and a frame. Guess. */
const PACKET_BYTES = 256;

/** Counts in `backlog` what waits for a websocket, which is cut off when there is too much. */
export function boundWaiting(socket: EngineSocket, backlog: Backlog): void {
  // A polite close would keep what waits until the other end has answered, or for half a minute.
  const line = backlog.line(() => socket.request.socket.destroy());
  socket.on('packetCreate', ({ data }) => line.add(PACKET_BYTES + sizeOf(data)));
  socket.on('drain', () => line.handOver());
  socket.transport.on('drain', () => line.written());
  socket.on('close', () => line.end());
}

/**
 * Keeps a websocket to one conversation: socket.io's CONNECT to the main namespace, once. Each further one would be a new
 * socket with a new allowance, and several that come at once are all opened and stay until the websocket closes. After
 * DISCONNECT there is nothing left to say.
 */
export function keepToOneConversation(socket: EngineSocket): void {
  let hasBegun = false;
  socket.on('data', (data) => {
    if (typeof data !== 'string' || !/^[01]/.test(data)) return;
    if (hasBegun || !/^0(?!\/)/.test(data)) socket.close();
    hasBegun = true;
  });
}

function sizeOf(data: unknown): number {
  if (typeof data === 'string') return data.length;
  return data instanceof Uint8Array || data instanceof ArrayBuffer ? data.byteLength : 0;
}
