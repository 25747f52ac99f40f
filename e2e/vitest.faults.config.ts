import { defineConfig } from 'vitest/config';

/** Faults that take minutes (`npm run faults`). Like the end-to-end scenarios otherwise. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['e2e/faults/**/*.test.ts'],
    globalSetup: ['e2e/scripts/own-run.mjs'],
    fileParallelism: false,
    maxWorkers: 1,
    retry: 0,
    testTimeout: 1_800_000,
    hookTimeout: 60_000,
  },
});
