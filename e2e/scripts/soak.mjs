import { runBuilt } from './run-built.mjs';

/** `npm run soak [-- options]`: builds what is to be tested, then runs the long test. Exits with 1 when a promise breaks. */
await runBuilt('test', async (words) => {
  const { main } = await import('../../dist/e2e/soak/main.js');
  return main(words);
});
