import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createSocket } from 'node:dgram';
import { mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { findTurnServer } from '../scripts/chromium.mjs';
import { end, printed } from './child.ts';
import { commandIn } from './nat-network.ts';

/** Where STUN and TURN are by default (RFC 8489). In a namespace of its own no other server has it. */
const STUN_PORT = 3478;

/** A real coturn with REST credentials, as an operator would run it beside the server. */
export class TurnProcess {
  readonly urls: string;
  readonly secret: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, urls: string, secret: string) {
    this.#child = child;
    this.#folder = folder;
    this.urls = urls;
    this.secret = secret;
  }

  static isInstalled(): boolean {
    return findTurnServer() !== undefined;
  }

  /** `place`: where it runs, a network namespace and the address there. Default: here. */
  static async start(place?: { readonly namespace: string; readonly address: string }): Promise<TurnProcess> {
    const turnServer = findTurnServer();
    if (!turnServer) throw new Error('coturn is not installed');
    const address = place?.address ?? ownAddress();
    const port = place ? STUN_PORT : await freeUdpPort(address);
    const secret = `e2e-${process.pid}-${port}`;
    const folder = await mkdtemp(join(tmpdir(), 'skein-turn-'));
    const args = turnArguments(address, port, secret, folder);
    const [program, words] = commandIn(place?.namespace, turnServer, args);
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    const turn = new TurnProcess(child, folder, `turn:${address}:${port}?transport=udp`, secret);
    await printed(child, /UDP listener opened on/);
    return turn;
  }

  /** What the server needs in its environment to hand out credentials for it. */
  get env(): Record<string, string> {
    return { SKEIN_TURN_URLS: this.urls, SKEIN_TURN_SECRET: this.secret };
  }

  async stop(): Promise<void> {
    await end(this.#child, 'SIGKILL');
    await rm(this.#folder, { recursive: true, force: true });
  }
}

/** An IPv4 address that a browser will send TURN packets to: not loopback, which ICE leaves out, where there is one. */
function ownAddress(): string {
  for (const addresses of Object.values(networkInterfaces())) {
    for (const address of addresses ?? []) if (address.family === 'IPv4' && !address.internal) return address.address;
  }
  return '127.0.0.1';
}

async function freeUdpPort(address: string): Promise<number> {
  const socket = createSocket('udp4');
  socket.bind(0, address);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  await once(socket, 'close');
  return port;
}

function turnArguments(address: string, port: number, secret: string, folder: string): string[] {
  return [
    '-n',
    '-v',
    `--listening-ip=${address}`,
    `--relay-ip=${address}`,
    `--listening-port=${port}`,
    '--use-auth-secret',
    `--static-auth-secret=${secret}`,
    '--realm=skein',
    '--fingerprint',
    '--no-tls',
    '--no-dtls',
    '--no-cli',
    '--no-tcp-relay',
    '--no-multicast-peers',
    '--log-file=stdout',
    '--pidfile=/dev/null',
    `--userdb=${join(folder, 'turndb')}`,
  ];
}
