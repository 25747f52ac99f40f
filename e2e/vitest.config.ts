import { defineConfig } from 'vitest/config';

/**
 * End-to-end scenarios in real Chromium. One file after the other: each opens up to ten tabs, and on two cores two
 * files at once would measure each other. No retries: a test that passes the second time has found something.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    include: ['e2e/scenarios/**/*.test.ts'],
    globalSetup: ['e2e/scripts/own-run.mjs'],
    fileParallelism: false,
    maxWorkers: 1,
    sequence: { concurrent: false },
    retry: 0,
    bail: 0,
    // Waits have limits of their own, whose errors say what did not come. These only end what hangs.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
