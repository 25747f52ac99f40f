import { defineConfig } from 'vite';
import { SIDE_EFFECTS, leanDependencies } from './vite/lean-dependencies.ts';
import { mediaWorker } from './vite/media-worker.ts';

/** Builds the page into dist/page, from where the server serves it. */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  plugins: [leanDependencies(), mediaWorker()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    outDir: '../dist/page',
    emptyOutDir: true,
    // An inlined asset would be a data: URL, which the server's content security policy does not allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { treeshake: { moduleSideEffects: SIDE_EFFECTS } },
  },
});
