import { defineConfig } from 'vitest/config';

/** What holds Firefox as it does Chromium, of `scenarios/`. */
const SHARED = ['swarm', 'faults', 'sources', 'links', 'overlay', 'webtorrent', 'hidden'];

/**
 * Scenarios in Firefox, and between it and Chromium (`npm run firefox`): its own, and those of `scenarios/` with all tabs
 * in Firefox that are not told otherwise. Like the end-to-end scenarios otherwise.
 */
export default defineConfig({
  root: new URL('..', import.meta.url).pathname,
  test: {
    globalSetup: ['e2e/scripts/own-run.mjs'],
    fileParallelism: false,
    maxWorkers: 1,
    projects: [
      { extends: true, test: { name: 'own', include: ['e2e/firefox/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'shared',
          include: SHARED.map((name) => `e2e/scenarios/${name}.test.ts`),
          env: { SKEIN_TABS: 'firefox' },
        },
      },
    ],
    sequence: { concurrent: false },
    retry: 0,
    bail: 0,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
