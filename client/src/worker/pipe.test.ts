import { expect, test } from 'vitest';
import { ChannelPipe, type PipeHandler } from './pipe.ts';

/** A data channel in the hands of the test, as far as a pipe uses it. Like a browser's it sends nothing before it is open. */
class TestChannel {
  binaryType = 'blob';
  bufferedAmount = 0;
  bufferedAmountLowThreshold = 0;
  readyState: RTCDataChannelState = 'connecting';
  onopen: ((event: Event) => void) | null = null;
  onclose: ((event: Event) => void) | null = null;
  onmessage: ((event: MessageEvent) => void) | null = null;
  onbufferedamountlow: ((event: Event) => void) | null = null;
  readonly sent: number[][] = [];

  send(bytes: Uint8Array): void {
    if (this.readyState !== 'open') throw new DOMException('not open', 'InvalidStateError');
    this.sent.push([...bytes]);
  }

  close(): void {
    this.readyState = 'closed';
  }

  open(): void {
    this.readyState = 'open';
    this.onopen?.(new Event('open'));
  }

  receive(...bytes: number[]): void {
    this.onmessage?.(new MessageEvent('message', { data: Uint8Array.from(bytes).buffer }));
  }
}

function startPipe(handler: Partial<PipeHandler> = {}): { readonly channel: TestChannel; readonly pipe: ChannelPipe } {
  const channel = new TestChannel();
  const pipe = new ChannelPipe(channel as unknown as RTCDataChannel);
  const ignore = (): void => undefined;
  pipe.start({ open: ignore, message: ignore, writable: ignore, closed: ignore, ...handler });
  return { channel, pipe };
}

test('what answers a message that came ahead of the news that the channel is open is sent once it is, in order', () => {
  const { channel, pipe } = startPipe({
    message: (bytes) => {
      expect(pipe.send(Uint8Array.of(...bytes, 1))).toBe(true);
      expect(pipe.send(Uint8Array.of(...bytes, 2))).toBe(true);
    },
  });
  channel.receive(7);
  expect(channel.sent).toEqual([]);
  channel.open();
  expect(pipe.send(Uint8Array.of(8))).toBe(true);
  expect(channel.sent).toEqual([[7, 1], [7, 2], [8]]);
});

test('what waits for the channel to open counts as queued', () => {
  const { channel, pipe } = startPipe();
  pipe.send(new Uint8Array(10));
  expect(pipe.queuedBytes).toBe(10);
  channel.open();
  expect(pipe.queuedBytes).toBe(0);
});

test('an array that was sent is its sender’s again at once', () => {
  const { channel, pipe } = startPipe();
  const bytes = Uint8Array.of(1);
  pipe.send(bytes);
  bytes[0] = 2;
  channel.open();
  expect(channel.sent).toEqual([[1]]);
});

test('a channel that is closing takes nothing', () => {
  const { channel, pipe } = startPipe();
  channel.open();
  channel.readyState = 'closing';
  expect(pipe.send(Uint8Array.of(1))).toBe(false);
});
