import { defineConfig } from 'vite';

/**
 * Builds the page into dist/page, from where the server serves it.
 */
export default defineConfig({
  root: import.meta.dirname,
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    outDir: '../dist/page',
    emptyOutDir: true,
    // An inlined asset would be a data: URL, which the server's content security policy does not allow.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
