import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { commandIn } from './nat-network.ts';
import { ROOT } from './root.ts';

const CLI = join(ROOT, 'dist/signaling-server/src/cli.js');

/** How long a server may take to say where it is. [ms] */
const START_TIMEOUT_MS = 15_000;

export interface ServerOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Added to the environment, e.g. `SKEIN_TURN_URLS`. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs: a network namespace, and the address there. Default: here, on the loopback. */
  readonly place?: { readonly namespace: string; readonly address: string };
}

/** A real server in a process of its own, so that it can be killed as a real one dies. */
export class ServerProcess {
  readonly url: string;
  readonly port: number;
  readonly #options: ServerOptions;
  readonly #output: string[];
  #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, options: ServerOptions, output: string[]) {
    this.#child = child;
    this.#options = options;
    this.#output = output;
    this.port = port;
    this.url = `http://${options.place?.address ?? 'localhost'}:${port}`;
  }

  static async start(options: ServerOptions = {}): Promise<ServerProcess> {
    const output: string[] = [];
    const { child, port } = await launch(options.port ?? 0, options, output);
    return new ServerProcess(child, port, options, output);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** What it has printed, both streams in order. */
  get output(): string {
    return this.#output.join('');
  }

  /** SIGKILL: no goodbye to anyone, as when the machine goes away. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** SIGTERM; resolves to the exit code. */
  async stop(): Promise<number | null> {
    await this.#end('SIGTERM');
    return this.#child.exitCode;
  }

  /** Starts again on the same port. */
  async restart(): Promise<void> {
    const { child } = await launch(this.port, this.#options, this.#output);
    this.#child = child;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.isRunning) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
  }
}

async function launch(
  port: number,
  { env, place }: ServerOptions,
  output: string[],
): Promise<{ child: ChildProcess; port: number }> {
  const [program, words] = commandIn(place?.namespace, process.execPath, [CLI]);
  const child = spawn(program, words, {
    env: { ...process.env, HOST: place?.address ?? '127.0.0.1', PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  try {
    return { child, port: await whenListening(child, output) };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}

/** Resolves to the port once the server has said where it runs; rejects when it exits or says nothing in time. */
function whenListening(child: ChildProcess, output: string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const first = output.length;
    const fail = (what: string): void => reject(new Error(`${what}:\n${output.slice(first).join('')}`));
    const timer = setTimeout(() => fail('the server did not say where it runs'), START_TIMEOUT_MS);
    const read = (chunk: Buffer): void => {
      output.push(chunk.toString());
      const match = /running at http:\/\/[^\s:]+:(\d+)/.exec(output.slice(first).join(''));
      if (!match) return;
      clearTimeout(timer);
      resolve(Number(match[1]));
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(`the server exited with ${code}`);
    });
  });
}
