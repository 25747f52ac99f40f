import type { Plugin } from 'vite';

/** Stands for the address of the worker while modules are put together. */
const PLACEHOLDER = '__ADDRESS_OF_THE_WORKER__';

/**
 * Leaves a worker that the library starts to whoever bundles the library: its address is written as
 * `new URL('./name.js', import.meta.url)`, which bundlers know and browsers understand, and its code is an entry of its own.
 * Without this it would be bundled here, and named in a form that no other bundler finds.
 */
export function workerBeside(source: string, name: string): Plugin {
  const address = `new URL('${source}', import.meta.url)`;
  let isNamed = false;
  return {
    name: 'worker-beside',
    enforce: 'pre',
    transform(code) {
      return code.includes(address) ? { code: code.replace(address, PLACEHOLDER), map: null } : undefined;
    },
    renderChunk(code, { isEntry }) {
      if (!code.includes(PLACEHOLDER)) return undefined;
      // Only entries lie beside the worker: from a folder of chunks the address would be another one.
      if (!isEntry) throw new Error(`${source} is started by a chunk that is no entry`);
      isNamed = true;
      return { code: code.replace(PLACEHOLDER, `new URL('./${name}.js', import.meta.url)`), map: null };
    },
    generateBundle() {
      if (!isNamed) throw new Error(`nothing starts ${source}`);
    },
  };
}
