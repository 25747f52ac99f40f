import { effect, signal } from '@preact/signals';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { notices } from '../state/notices.ts';
import { takeFiles } from './taking.ts';

vi.mock('../state/session.ts', () => ({ node: signal({}) }));

beforeEach(() => {
  class Folder {
    readonly name = 'empty';
    readonly kind = 'directory';
    // A folder gives its entries as an asynchronous iterator, and has none.
    async *values(): AsyncGenerator<never> {}
  }
  vi.stubGlobal('FileSystemDirectoryHandle', Folder);
  vi.stubGlobal('FileSystemFileHandle', class {});
  notices.value = [];
});

afterEach(() => {
  vi.unstubAllGlobals();
});

it('a dropped folder without a file in it is told of', async () => {
  const handle = Promise.resolve(new FileSystemDirectoryHandle());
  const items = [
    { kind: 'file', getAsFileSystemHandle: () => handle, webkitGetAsEntry: () => null, getAsFile: () => null },
  ];
  takeFiles({ items } as unknown as DataTransfer);
  await new Promise<void>((resolve) => effect(() => void (notices.value.length > 0 && resolve())));
  expect(notices.value[0]).toMatchObject({ key: 'share', title: 'Nothing of this is taken' });
  expect(notices.value[0]?.text).toMatch(/no file in it/);
});
