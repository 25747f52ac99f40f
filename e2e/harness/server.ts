import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { end, isRunning, printed } from './child.ts';
import { commandIn } from './nat-network.ts';
import { ROOT } from './root.ts';

/** The server's program in a folder that the project was built in. */
const CLI = 'dist/signaling-server/src/cli.js';

export interface ServerOptions {
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Added to the environment, e.g. `SKEIN_TURN_URLS`. */
  readonly env?: Readonly<Record<string, string>>;
  /** The project whose build it is and serves. Default: this one. */
  readonly project?: string;
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
    return isRunning(this.#child);
  }

  /** The id of the process that runs now. */
  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the server was never started');
    return this.#child.pid;
  }

  /** What it has printed, both streams in order. */
  get output(): string {
    return this.#output.join('');
  }

  /** SIGKILL: no goodbye to anyone, as when the machine goes away. */
  async kill(): Promise<void> {
    await end(this.#child, 'SIGKILL');
  }

  /** SIGTERM; resolves to the exit code. */
  async stop(): Promise<number | null> {
    await end(this.#child, 'SIGTERM');
    return this.#child.exitCode;
  }

  /** Starts again on the same port; with `project` from the build of that, as after an upgrade. */
  async restart(project = this.#options.project): Promise<void> {
    const options = project === undefined ? this.#options : { ...this.#options, project };
    const { child } = await launch(this.port, options, this.#output);
    this.#child = child;
  }
}

async function launch(
  port: number,
  { env, place, project = ROOT }: ServerOptions,
  output: string[],
): Promise<{ child: ChildProcess; port: number }> {
  const [program, words] = commandIn(place?.namespace, process.execPath, [join(project, CLI)]);
  const child = spawn(program, words, {
    env: { ...process.env, HOST: place?.address ?? '127.0.0.1', PORT: String(port), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [, listening] = await printed(child, /running at http:\/\/[^\s:]+:(\d+)/, (text) => output.push(text));
  return { child, port: Number(listening) };
}
