import { runBuilt } from './run-built.mjs';

/**
 * `npm run bench [-- part …] [--json]`: builds what is to be measured, then measures it. With `--json` everything but
 * the result goes to standard error, so that standard output can be read by a program.
 */
await runBuilt('measure', async (words) => {
  const { bench } = await import('../../dist/e2e/bench/main.js');
  return bench(words);
});
