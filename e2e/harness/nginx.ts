import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inPath } from '../scripts/chromium.mjs';
import { end, printed } from './child.ts';
import { ROOT } from './root.ts';

/** A real nginx with the file that operators are given; only names, ports and certificate are put in, as they would. */
export class NginxProcess {
  /** Where people open the page. */
  readonly url: string;
  /** The host that they open it under. */
  readonly host: string;
  readonly #folder: string;
  #child: ChildProcess;

  private constructor(folder: string, port: number, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.host = `localhost:${port}`;
    this.url = `https://${this.host}`;
  }

  static isInstalled(): boolean {
    return find() !== undefined && inPath('openssl') !== undefined;
  }

  /** A free port on which one will be started; its host must be known to the server before. */
  static async reserve(): Promise<number> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    return typeof address === 'object' && address ? address.port : 0;
  }

  /** Starts it before a server on `serverPort`. */
  static async start(port: number, serverPort: number): Promise<NginxProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'skein-nginx-'));
    // Its workers give root's rights up.
    await chmod(folder, 0o755);
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const subject = ['-subj', '/CN=localhost', '-days', '2', '-nodes', '-newkey', 'rsa:2048', '-x509'];
    execFileSync('openssl', ['req', ...subject, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
    const given = await readFile(join(ROOT, 'signaling-server/deploy/nginx.conf'), 'utf8');
    const site = given
      .replaceAll('/etc/letsencrypt/live/skein.example.org/fullchain.pem', certificate)
      .replaceAll('/etc/letsencrypt/live/skein.example.org/privkey.pem', key)
      .replaceAll('skein.example.org', 'localhost')
      .replace(/listen (\[::\]:)?80;/g, `listen $1${await NginxProcess.reserve()};`)
      .replace(/listen (\[::\]:)?443 /g, `listen $1${port} `)
      .replace('127.0.0.1:8080', `127.0.0.1:${serverPort}`);
    await writeFile(join(folder, 'site.conf'), site);
    await writeFile(join(folder, 'nginx.conf'), mainFile(folder));
    return new NginxProcess(folder, port, await launch(folder));
  }

  /** All its connections break. */
  async kill(): Promise<void> {
    await end(this.#child, 'SIGTERM');
  }

  async restart(): Promise<void> {
    this.#child = await launch(this.#folder);
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function find(): string | undefined {
  return inPath('nginx');
}

/** What a distribution's own nginx.conf says around a site. */
function mainFile(folder: string): string {
  const paths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${join(folder, name)};`,
  );
  return [
    'worker_processes 1;',
    `pid ${join(folder, 'nginx.pid')};`,
    'daemon off;',
    'error_log stderr notice;',
    'events { worker_connections 1024; }',
    `http { access_log off; include /etc/nginx/mime.types; ${paths.join(' ')} include ${join(folder, 'site.conf')}; }`,
    '',
  ].join('\n');
}

/** Starts it; it says so once it listens and its workers start. */
async function launch(folder: string): Promise<ChildProcess> {
  const program = find();
  if (!program) throw new Error('nginx is not installed');
  const args = ['-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  await printed(child, /start worker process \d/);
  return child;
}
