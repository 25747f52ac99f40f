/** `npm start`: builds what is stale and serves page and signaling from this process. */
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { buildPage, buildServer, pageFolder, serverEntry } from './build.mjs';

async function start() {
  if (!(await buildServer())) return 'The server could not be built; what is wrong is above.';
  const { optionsFromCommandLine, serve } = await import(pathToFileURL(serverEntry).href);
  // Before the page is built: a mistyped flag should not have to wait for it.
  const options = optionsFromCommandLine(process.argv.slice(2));
  if (!options) return undefined;
  if (!(await buildPage())) return 'The page could not be built; what is wrong is above.';
  await serve({ ...options, page: pageFolder });
  return undefined;
}

const problem = await start();
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
