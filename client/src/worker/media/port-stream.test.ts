import { expect, test } from 'vitest';
import type { ReadReply, ReadRequest } from '../protocol.ts';
import { type StreamPort, streamOfPort } from './port-stream.ts';

class Port implements StreamPort {
  onmessage: ((event: MessageEvent<ReadReply>) => void) | null = null;
  readonly said: ReadRequest['kind'][] = [];
  isClosed = false;

  postMessage({ kind }: ReadRequest): void {
    this.said.push(kind);
  }

  close(): void {
    this.isClosed = true;
  }

  tell(reply: ReadReply): void {
    this.onmessage?.({ data: reply } as MessageEvent<ReadReply>);
  }
}

const open = (port: Port): ReadableStreamDefaultReader<Uint8Array> =>
  streamOfPort(
    () => port,
    ({ message }) => new Error(message),
  ).getReader();

test('a chunk is asked for by each read and not before', async () => {
  const port = new Port();
  const reader = open(port);
  await Promise.resolve();
  expect(port.said).toEqual([]);
  const first = reader.read();
  await Promise.resolve();
  expect(port.said).toEqual(['pull']);
  port.tell({ kind: 'chunk', bytes: Uint8Array.of(1, 2) });
  expect((await first).value).toEqual(Uint8Array.of(1, 2));
  expect(port.said).toEqual(['pull']);
  const second = reader.read();
  await Promise.resolve();
  port.tell({ kind: 'end' });
  expect(await second).toEqual({ done: true, value: undefined });
  expect([port.said, port.isClosed]).toEqual([['pull', 'pull'], true]);
});

test('whoever stops reading ends the reader at the other side', async () => {
  const port = new Port();
  const reader = open(port);
  const waiting = reader.read();
  await Promise.resolve();
  await reader.cancel();
  expect((await waiting).done).toBe(true);
  expect(port.said.at(-1)).toBe('cancel');
  expect(port.isClosed).toBe(true);
});

test('a failure rejects the read that waits with what it says', async () => {
  const port = new Port();
  const waiting = open(port).read();
  await Promise.resolve();
  port.tell({ kind: 'failure', code: 'storage-failed', message: 'the disk is gone' });
  await expect(waiting).rejects.toThrow('the disk is gone');
  expect(port.isClosed).toBe(true);
});

test('a stream that is never read connects to nobody, and may be cancelled', async () => {
  let connections = 0;
  const connect = (): Port => {
    connections++;
    return new Port();
  };
  await streamOfPort(connect, ({ message }) => new Error(message)).cancel();
  expect(connections).toBe(0);
});
