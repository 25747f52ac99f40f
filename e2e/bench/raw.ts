import type { Page } from 'playwright-core';
import { MB, type OpenProfile, withProcessorTime } from './lab.ts';

/** Size of one message. [bytes] As large as one block of a torrent. */
const MESSAGE_BYTES = 16 * 1024;

declare global {
  interface Window {
    /** Connections of the bare measurement, by number. */
    bare: { connection: RTCPeerConnection; channel: RTCDataChannel }[];
  }
}

/** What bare channels gave, and what they cost. */
export interface RawTransfer {
  /** Of all receivers together. */
  readonly bytesPerSecond: number;
  /** Processor time of all the browser's processes per 10^6 bytes that arrived. [s] */
  readonly secondsPerMb: number;
}

/**
 * What bare data channels give, without a line of ours: one page pumps `bytes` to each of `receivers`
 * pages at once, over one ordered channel each, in 16 KiB messages with at most `highWater` bytes queued. This is the
 * limit of what the browser gives on this machine at this moment.
 */
export async function rawTransfer(
  openProfile: OpenProfile,
  receivers: number,
  bytes: number,
  highWater: number,
): Promise<RawTransfer> {
  const contexts = await Promise.all(Array.from({ length: receivers + 1 }, openProfile));
  try {
    const pages = await Promise.all(contexts.map((context) => context.newPage()));
    const [sender, ...others] = pages;
    if (!sender) throw new Error('there is no page to send from');
    for (const [index, receiver] of others.entries()) await connect(sender, receiver, index);
    const [seconds, processorSeconds] = await withProcessorTime(contexts, async () => {
      const arrivals = others.map((receiver) => receiver.evaluate(receive, bytes));
      const taken = await sender.evaluate(pump, { bytes, highWater, messageBytes: MESSAGE_BYTES });
      await Promise.all(arrivals);
      return taken;
    });
    const sent = bytes * receivers;
    return { bytesPerSecond: sent / seconds, secondsPerMb: processorSeconds / (sent / MB) };
  } finally {
    await Promise.all(contexts.map((context) => context.close()));
  }
}

async function connect(sender: Page, receiver: Page, index: number): Promise<void> {
  const offer = await sender.evaluate(makeOffer, index);
  const answer = await receiver.evaluate(makeAnswer, offer);
  await sender.evaluate(acceptAnswer, { index, answer });
}

/** In the sender: a connection with one channel, its offer with all candidates. */
async function makeOffer(index: number): Promise<string> {
  const connection = new RTCPeerConnection();
  const channel = connection.createDataChannel('bare', { negotiated: true, id: 0 });
  channel.binaryType = 'arraybuffer';
  window.bare ??= [];
  window.bare[index] = { connection, channel };
  await connection.setLocalDescription();
  await new Promise<void>((resolve) => {
    const look = (): void => void (connection.iceGatheringState === 'complete' && resolve());
    connection.addEventListener('icegatheringstatechange', look);
    look();
  });
  return connection.localDescription?.sdp ?? '';
}

/** In a receiver. */
async function makeAnswer(sdp: string): Promise<string> {
  const connection = new RTCPeerConnection();
  const channel = connection.createDataChannel('bare', { negotiated: true, id: 0 });
  channel.binaryType = 'arraybuffer';
  window.bare = [{ connection, channel }];
  await connection.setRemoteDescription({ type: 'offer', sdp });
  await connection.setLocalDescription();
  await new Promise<void>((resolve) => {
    const look = (): void => void (connection.iceGatheringState === 'complete' && resolve());
    connection.addEventListener('icegatheringstatechange', look);
    look();
  });
  return connection.localDescription?.sdp ?? '';
}

/** In the sender: resolves once the channel is open. */
async function acceptAnswer({ index, answer }: { index: number; answer: string }): Promise<void> {
  const { connection, channel } = window.bare[index] as { connection: RTCPeerConnection; channel: RTCDataChannel };
  await connection.setRemoteDescription({ type: 'answer', sdp: answer });
  if (channel.readyState !== 'open') await new Promise((resolve) => channel.addEventListener('open', resolve));
}

/** In a receiver: resolves once all bytes are there, and tells the sender. */
function receive(bytes: number): Promise<void> {
  return new Promise((resolve) => {
    let got = 0;
    for (const { channel } of window.bare) {
      channel.onmessage = (event: MessageEvent<ArrayBuffer>): void => {
        got += event.data.byteLength;
        if (got < bytes) return;
        channel.send('all here');
        resolve();
      };
    }
  });
}

/** In the sender: pumps to every receiver at once; resolves to the seconds until the last one has everything. */
async function pump(work: { bytes: number; highWater: number; messageBytes: number }): Promise<number> {
  const message = new Uint8Array(work.messageBytes);
  const startedAt = performance.now();
  await Promise.all(
    window.bare.map(
      ({ channel }) =>
        new Promise<void>((resolve) => {
          let left = work.bytes;
          const send = (): void => {
            while (left > 0 && channel.bufferedAmount < work.highWater) {
              channel.send(left >= message.length ? message : message.subarray(0, left));
              left -= Math.min(left, message.length);
            }
          };
          channel.bufferedAmountLowThreshold = work.highWater / 2;
          channel.onbufferedamountlow = send;
          channel.onmessage = (): void => resolve();
          send();
        }),
    ),
  );
  return (performance.now() - startedAt) / 1000;
}
