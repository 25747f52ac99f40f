import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { build, createServer, preview, transformWithOxc } from 'vite';
import { end, printed } from './child.ts';
import { closeAll } from './closing.ts';
import { ROOT } from './root.ts';

const run = promisify(execFile);

/** Where the packed library lies in an application that installed it. */
const INSTALLED = 'node_modules/skein';

/** How the application is served without a bundler. */
export interface UnbundledOptions {
  /** Files of the library that were left behind. */
  readonly without?: readonly string[];
  /** The policy that its pages come with (CSP). */
  readonly policy?: string;
}

/**
 * The folder of an application that has installed the library as `npm pack` makes it, and what the library says that it
 * depends on. Nothing else of the project can be found from there.
 */
export class Embedder {
  readonly folder: string;
  readonly #closers: (() => Promise<unknown>)[] = [];

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async open(): Promise<Embedder> {
    const folder = await mkdtemp(join(tmpdir(), 'skein-embedder-'));
    await cp(join(ROOT, 'e2e/embedding/app'), folder, { recursive: true });
    await writeFile(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    // What is packed was built by the step before: building it again would only cost time.
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
    const { stdout } = await run('npm', pack, { cwd: ROOT, maxBuffer: 16 << 20 });
    const [{ filename }] = JSON.parse(stdout) as [{ readonly filename: string }];
    await mkdir(join(folder, INSTALLED), { recursive: true });
    await run('tar', ['-xzf', join(folder, filename), '-C', join(folder, INSTALLED), '--strip-components=1']);
    await linkDependencies(folder);
    return new Embedder(folder);
  }

  /** The application's own bundle, served at an origin that is not the signaling server's. */
  async bundle(): Promise<string> {
    const outDir = join(this.folder, 'dist');
    await build({ root: this.folder, configFile: false, logLevel: 'error', build: { outDir } });
    return this.#preview(outDir);
  }

  /** The application in development: its modules are served one by one. */
  async develop(): Promise<string> {
    const optimizeDeps = { exclude: ['skein'] };
    const server = await createServer({
      root: this.folder,
      configFile: false,
      logLevel: 'warn',
      optimizeDeps,
      server: { host: '127.0.0.1', port: 0, hmr: false },
    });
    await server.listen();
    return this.#served(server.resolvedUrls?.local[0], () => server.close());
  }

  /**
   * The application in plain JavaScript, without a bundler: the library's folder lies beside its page as it was packed, and
   * so does the service worker.
   */
  async unbundled({ without = [], policy }: UnbundledOptions = {}): Promise<string> {
    const outDir = await mkdtemp(join(this.folder, 'static-'));
    await cp(join(this.folder, INSTALLED, 'dist/library'), join(outDir, 'skein'), { recursive: true });
    for (const name of without) await rm(join(outDir, 'skein', name));
    const source = await readFile(join(this.folder, 'main.ts'), 'utf8');
    const { code } = await transformWithOxc(source, 'main.ts');
    await writeFile(join(outDir, 'main.js'), code.replace(/(?<=from ["'])skein(?=["'])/, './skein/skein.js'));
    const html = await readFile(join(this.folder, 'index.html'), 'utf8');
    await writeFile(join(outDir, 'index.html'), html.replace('./main.ts', './main.js'));
    // A page of the same origin that has the library and does nothing with it by itself.
    const head = '<link rel="icon" href="data:," /><script type="module" src="./empty.js"></script>';
    await writeFile(join(outDir, 'empty.html'), `<!doctype html>${head}<title>Empty</title>`);
    await writeFile(join(outDir, 'empty.js'), "window.library = await import('./skein/skein.js');\n");
    await cp(join(this.folder, INSTALLED, 'dist/library/media-worker.js'), join(outDir, 'media-worker.js'));
    return this.#preview(outDir, policy);
  }

  /** Compiles the application by its own settings, which know nothing of this project. */
  async typecheck(): Promise<string> {
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const check = run(process.execPath, [tsc, '--project', this.folder], { cwd: this.folder });
    return check.then(
      ({ stdout }) => stdout,
      ({ stdout }: { readonly stdout: string }) => stdout,
    );
  }

  /** Runs a script of the application; resolves with what the pattern's group matches in what it prints. */
  async start(script: string, pattern: RegExp): Promise<string> {
    const child = spawn(process.execPath, [script], { cwd: this.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#closers.push(() => end(child, 'SIGTERM'));
    return (await printed(child, pattern))[1] ?? '';
  }

  async close(): Promise<void> {
    await closeAll([() => rm(this.folder, { recursive: true, force: true }), ...this.#closers]);
  }

  async #preview(outDir: string, policy?: string): Promise<string> {
    const server = await preview({
      root: this.folder,
      configFile: false,
      logLevel: 'warn',
      build: { outDir },
      preview: {
        host: '127.0.0.1',
        port: 0,
        ...(policy !== undefined && { headers: { 'content-security-policy': policy } }),
      },
    });
    return this.#served(server.resolvedUrls?.local[0], () => server.close());
  }

  #served(url: string | undefined, close: () => Promise<void>): string {
    this.#closers.push(close);
    if (url === undefined) throw new Error('vite does not say where it serves');
    return url;
  }
}

/** Puts what the library depends on beside it, as `npm install` would: links, since they are the same packages. */
async function linkDependencies(folder: string): Promise<void> {
  const manifest = await readFile(join(folder, INSTALLED, 'package.json'), 'utf8');
  const { dependencies } = JSON.parse(manifest) as { readonly dependencies: Readonly<Record<string, string>> };
  for (const name of Object.keys(dependencies)) {
    const path = join(folder, 'node_modules', name);
    await mkdir(dirname(path), { recursive: true });
    await symlink(join(ROOT, 'node_modules', name), path, 'dir');
  }
}
