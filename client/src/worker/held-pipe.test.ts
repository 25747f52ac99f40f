import { expect, test } from 'vitest';
import { HeldPipe } from './held-pipe.ts';
import type { PipeHandler } from './pipe.ts';
import { TestPipe } from './test/test-pipe.ts';

function recorder(): PipeHandler & { readonly seen: unknown[] } {
  const seen: unknown[] = [];
  return {
    seen,
    open: () => seen.push('open'),
    message: (bytes) => seen.push([...bytes]),
    writable: () => seen.push('writable'),
    closed: () => seen.push('closed'),
  };
}

test('what came before the start is told in order after it, and the rest as it comes', async () => {
  const inner = new TestPipe();
  const pipe = new HeldPipe(inner);
  inner.handler?.open();
  inner.handler?.message(Uint8Array.of(1));
  const handler = recorder();
  pipe.start(handler);
  inner.handler?.message(Uint8Array.of(2));
  expect(handler.seen).toEqual([]);
  await Promise.resolve();
  inner.handler?.message(Uint8Array.of(3));
  expect(handler.seen).toEqual(['open', [1], [2], [3]]);
});

test('a pipe that brings too much before anybody started it is closed, and its owner learns only that', async () => {
  const inner = new TestPipe();
  const pipe = new HeldPipe(inner);
  inner.handler?.open();
  for (let i = 0; i < 5; i++) inner.handler?.message(new Uint8Array(64 * 1024));
  expect(inner.isClosed).toBe(true);
  const handler = recorder();
  pipe.start(handler);
  await Promise.resolve();
  expect(handler.seen).toEqual(['closed']);
});

test('empty messages do not fill the memory of a torrent that is being opened: too many of them end the pipe', async () => {
  const inner = new TestPipe();
  const pipe = new HeldPipe(inner);
  inner.handler?.open();
  for (let i = 0; i < 10_000; i++) inner.handler?.message(new Uint8Array(0));
  expect(inner.isClosed).toBe(true);
  const handler = recorder();
  pipe.start(handler);
  await Promise.resolve();
  expect(handler.seen).toEqual(['closed']);
});
