import { afterEach, expect, it, vi } from 'vitest';
import type { ShareFile } from '../../index.ts';
import { isSaving, saveAll } from './saving.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

it('an archive is being saved until it is written, or could not be', async () => {
  const stream = (): ReadableStream<Uint8Array> =>
    new ReadableStream({ pull: (control) => control.error(new Error('It cannot be read.')) });
  const file = { path: 'a.bin', size: 300_000_000, stream } as unknown as ShareFile;
  const createWritable = (): Promise<WritableStream> => Promise.resolve(new WritableStream());
  vi.stubGlobal('window', { showSaveFilePicker: () => Promise.resolve({ createWritable }) });
  const saving = saveAll('both', [file, { ...file, path: 'b.bin' }]);
  expect(isSaving()).toBe(true);
  await expect(saving).rejects.toThrow('It cannot be read.');
  expect(isSaving()).toBe(false);
});
