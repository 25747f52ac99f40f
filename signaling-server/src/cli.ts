import { existsSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type ServerOptions, type SignalingServer, createServer } from './server.ts';
import { HELP, readSettings } from './settings.ts';

/** Latest end after SIGINT or SIGTERM, should a socket hang. [ms] */
const SHUTDOWN_LIMIT_MS = 4_000;

/**
 * What the command line asks for. Prints the help or what is wrong, sets the exit code and returns undefined when
 * there is nothing to serve.
 */
export function optionsFromCommandLine(args: readonly string[]): ServerOptions | undefined {
  const settings = readSettings(args, process.env);
  if (!settings.ok) fail(settings.error);
  else if (settings.value.kind === 'help') process.stdout.write(HELP);
  else return settings.value.options;
  return undefined;
}

/** Serves until SIGINT or SIGTERM. Resolves once it listens, or failed to and said so. */
export async function serve(options: ServerOptions): Promise<SignalingServer | undefined> {
  const server = createServer(options);
  try {
    await server.listen();
  } catch (error) {
    fail(explain(error, options));
    return undefined;
  }
  endOnSignal(server);
  process.stdout.write(greeting(server));
  return server;
}

function greeting(server: SignalingServer): string {
  const lines = [`Skein is running at ${server.url}`];
  for (const url of server.lanUrls) lines.push(`On your network:    ${url} (cameras need https there)`);
  lines.push('Open it in several tabs, or on several devices: they find each other.');
  return `${lines.join('\n')}\n`;
}

/** Signals are listened to until the end: Ctrl-C comes twice under npm, from the terminal and from npm. */
function endOnSignal(server: SignalingServer): void {
  const end = (): void => {
    setTimeout(() => process.exit(0), SHUTDOWN_LIMIT_MS).unref();
    void server.close().then(() => process.exit(0));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
}

function explain(error: unknown, { port = 8080, host }: ServerOptions): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const where = `port ${port}${host === undefined ? '' : ` of ${host}`}`;
  if (code === 'EADDRINUSE') return `Another program already uses ${where}. Stop it, or choose another with --port.`;
  if (code === 'EACCES') return `This user may not use ${where}. Choose one above 1023 with --port.`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `This machine has no address "${host ?? ''}".`;
  return `The server could not start: ${error instanceof Error ? error.message : String(error)}`;
}

function fail(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const options = optionsFromCommandLine(process.argv.slice(2));
  // Where the build puts the page, seen from where it puts this file.
  const page = fileURLToPath(new URL('../../page', import.meta.url));
  if (options) await serve(existsSync(page) ? { ...options, page } : options);
}
