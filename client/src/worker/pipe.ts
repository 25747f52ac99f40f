import { CHANNEL_LOW_WATER_BYTES } from '../../../shared/src/limits/storage.ts';
import type { OwnBytes } from './storage/types.ts';

/** What a pipe tells its owner. Never called from inside a call to the pipe. */
export interface PipeHandler {
  open(): void;
  message(bytes: Uint8Array): void;
  /** What is queued fell to the low-water mark. */
  writable(): void;
  /** The pipe is gone for good. Once, and nothing after it; not after `close`. */
  closed(): void;
}

/** One ordered, reliable stream of messages to a peer. */
export interface Pipe {
  /** Sent bytes that have not left this machine. [bytes] */
  readonly queuedBytes: number;
  start(handler: PipeHandler): void;
  /** False: the pipe is closed or broken, nothing was sent. The array is the caller's again when it returns. */
  send(bytes: OwnBytes): boolean;
  close(): void;
}

/** A pipe over a data channel that was transferred to this worker. */
export class ChannelPipe implements Pipe {
  readonly #channel: RTCDataChannel;
  /** Sent before the browser said here that the channel is open. BOUNDED: by the sender, to whom it counts as queued. */
  #early: OwnBytes[] = [];
  #earlyBytes = 0;
  #isOver = false;

  constructor(channel: RTCDataChannel) {
    this.#channel = channel;
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = CHANNEL_LOW_WATER_BYTES;
  }

  get queuedBytes(): number {
    return this.#channel.bufferedAmount + this.#earlyBytes;
  }

  start(handler: PipeHandler): void {
    const channel = this.#channel;
    channel.onmessage = (event: MessageEvent<unknown>) => {
      if (event.data instanceof ArrayBuffer) handler.message(new Uint8Array(event.data));
    };
    channel.onbufferedamountlow = () => handler.writable();
    channel.onopen = () => {
      this.#sendEarly();
      handler.open();
    };
    channel.onclose = () => {
      if (this.#isOver) return;
      this.#isOver = true;
      handler.closed();
    };
    // The events of a channel that opened or closed on its way to this worker do not come again.
    setTimeout(() => {
      if (channel.readyState === 'open') channel.onopen?.(new Event('open'));
      else if (channel.readyState !== 'connecting') channel.onclose?.(new Event('close'));
    });
  }

  send(bytes: OwnBytes): boolean {
    // In a worker, messages of the other side come ahead of the news that the channel is open, and are answered.
    if (this.#channel.readyState === 'connecting') {
      this.#early.push(bytes.slice());
      this.#earlyBytes += bytes.length;
      return true;
    }
    this.#sendEarly();
    return this.#sendNow(bytes);
  }

  close(): void {
    this.#isOver = true;
    this.#channel.onmessage = null;
    this.#channel.close();
  }

  #sendEarly(): void {
    const early = this.#early;
    this.#early = [];
    this.#earlyBytes = 0;
    for (const bytes of early) this.#sendNow(bytes);
  }

  #sendNow(bytes: OwnBytes): boolean {
    try {
      this.#channel.send(bytes);
      return true;
    } catch {
      // Closing, or over the browser's own limit: the channel is of no more use.
      return false;
    }
  }
}

/** What goes through the port of a `PortPipe` besides the messages themselves, which go as array buffers. */
export type PortNotice =
  | { readonly kind: 'open' }
  | { readonly kind: 'closed' }
  /** This many bytes of what the worker sent have left the machine. */
  | { readonly kind: 'credit'; readonly bytes: number }
  /** The worker is done with the channel. */
  | { readonly kind: 'close' };

/** A pipe over a port to the page, which owns the data channel because its browser cannot transfer it. */
export class PortPipe implements Pipe {
  readonly #port: MessagePort;
  #queuedBytes = 0;
  #isOver = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  start(handler: PipeHandler): void {
    this.#port.onmessage = (event: MessageEvent<ArrayBuffer | PortNotice>) => {
      if (this.#isOver) return;
      if (event.data instanceof ArrayBuffer) handler.message(new Uint8Array(event.data));
      else this.#onNotice(event.data, handler);
    };
  }

  send(bytes: OwnBytes): boolean {
    if (this.#isOver) return false;
    this.#queuedBytes += bytes.length;
    const { buffer } = bytes.slice();
    this.#port.postMessage(buffer, [buffer]);
    return true;
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#port.postMessage({ kind: 'close' } satisfies PortNotice);
    this.#port.close();
  }

  #onNotice(notice: PortNotice, handler: PipeHandler): void {
    if (notice.kind === 'open') handler.open();
    else if (notice.kind === 'credit') {
      const before = this.#queuedBytes;
      this.#queuedBytes = Math.max(0, before - notice.bytes);
      if (before > CHANNEL_LOW_WATER_BYTES && this.#queuedBytes <= CHANNEL_LOW_WATER_BYTES) handler.writable();
    } else if (notice.kind === 'closed') {
      this.#isOver = true;
      this.#port.close();
      handler.closed();
    }
  }
}
