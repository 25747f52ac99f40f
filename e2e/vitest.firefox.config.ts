import { defineConfig } from 'vitest/config';

/** Scenarios in Firefox, and between it and Chromium (`npm run firefox`). Like the end-to-end scenarios otherwise. */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['e2e/firefox/**/*.test.ts'],
    fileParallelism: false,
    maxWorkers: 1,
    sequence: { concurrent: false },
    retry: 0,
    bail: 0,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
