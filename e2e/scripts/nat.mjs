import { runBuilt } from './run-built.mjs';

/** `npm run nat`: builds what is to be tried, then links people behind every kind of router with each other. */
await runBuilt('link', async () => {
  const { main } = await import('../../dist/e2e/nat/main.js');
  return main();
});
