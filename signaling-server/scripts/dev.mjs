/** `npm run dev`: the server with the page made on request by vite, which reloads it when a source changes. */
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { buildServer, serverEntry } from './build.mjs';

/** Vite's handler, once it is there: it wants the HTTP server for its own socket, and the server wants a handler. */
let page = (_request, response) => response.writeHead(503, { 'retry-after': '1' }).end();

async function dev() {
  if (!(await buildServer())) return 'The server could not be built; what is wrong is above.';
  const { optionsFromCommandLine, serve } = await import(pathToFileURL(serverEntry).href);
  const options = optionsFromCommandLine(process.argv.slice(2));
  if (!options) return undefined;
  const server = await serve({ ...options, page: (request, response) => page(request, response) });
  if (!server) return undefined;
  const { createServer } = await import('vite');
  const vite = await createServer({
    configFile: 'client/vite.config.ts',
    appType: 'spa',
    server: { middlewareMode: true, hmr: { server: server.http }, allowedHosts: true },
  });
  page = (request, response) => vite.middlewares(request, response);
  return undefined;
}

const problem = await dev();
if (problem !== undefined) {
  process.stderr.write(`${problem}\n`);
  process.exitCode = 1;
}
