import { join } from 'node:path';
import { build, type Plugin } from 'vite';

/** Name of the service worker beside the page: a service worker answers for its own folder and what is below. */
const MEDIA_WORKER = 'media-worker.js';

/**
 * Makes the service worker that plays files: one script without imports, under a name that stays. Scripts of service
 * workers are no modules in every browser, and one that moved would be installed a second time.
 */
export function mediaWorker(): Plugin {
  return {
    name: 'media-worker',
    async generateBundle() {
      this.emitFile({ type: 'asset', fileName: MEDIA_WORKER, source: await bundleMediaWorker() });
    },
    configureServer(server) {
      server.middlewares.use(`/${MEDIA_WORKER}`, (_request, response, next) => {
        bundleMediaWorker().then((code) => {
          response.setHeader('content-type', 'text/javascript');
          response.end(code);
        }, next);
      });
    },
  };
}

async function bundleMediaWorker(): Promise<string> {
  const built = await build({
    root: join(import.meta.dirname, '..'),
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    build: {
      target: 'es2022',
      write: false,
      modulePreload: false,
      rolldownOptions: { input: 'src/worker/media/service-worker.ts', output: { format: 'iife' } },
    },
  });
  const [script] = Array.isArray(built) ? built.flatMap(({ output }) => output) : 'output' in built ? built.output : [];
  if (script?.type !== 'chunk') throw new Error('the service worker was not built');
  return script.code;
}
