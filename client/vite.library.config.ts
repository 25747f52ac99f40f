import { defineConfig } from 'vite';
import { SIDE_EFFECTS, leanDependencies } from './vite/lean-dependencies.ts';
import { mediaWorker } from './vite/media-worker.ts';
import { workerBeside } from './vite/worker-beside.ts';

/**
 * Builds the library into dist/library: modules that need no other package, the swarm's worker and the service worker that
 * plays files. A bundler takes them as they are, and so does a browser.
 */
export default defineConfig({
  root: import.meta.dirname,
  publicDir: false,
  plugins: [leanDependencies(), workerBeside('./worker/main.ts', 'swarm-worker'), mediaWorker()],
  build: {
    target: 'es2022',
    lib: { entry: { skein: 'src/index.ts', 'swarm-worker': 'src/worker/main.ts' }, formats: ['es'] },
    outDir: '../dist/library',
    emptyOutDir: true,
    // Whoever embeds it minifies it with the rest, and reads it in a debugger until then.
    minify: false,
    rolldownOptions: {
      output: { chunkFileNames: 'chunks/[name]-[hash].js' },
      treeshake: { moduleSideEffects: SIDE_EFFECTS },
    },
  },
});
