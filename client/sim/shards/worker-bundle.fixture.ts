import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { afterAll } from 'vitest';

/** Makes a module of this folder one that a thread can run as it is; it is gone after the tests of the file. */
export async function bundled(name: string): Promise<URL> {
  const folder = mkdtempSync(join(tmpdir(), 'skein-worker-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  await build({
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: {
      ssr: join(import.meta.dirname, name),
      outDir: folder,
      emptyOutDir: true,
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'worker.mjs' } },
    },
  });
  return pathToFileURL(join(folder, 'worker.mjs'));
}
