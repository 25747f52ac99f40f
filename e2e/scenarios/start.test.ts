import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ROOT } from '../harness/root.ts';

/** A process of `npm start`, with what it prints. */
class Started {
  readonly child: ChildProcess;
  output = '';

  constructor(
    [program = 'npm', ...first]: readonly string[],
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    this.child = spawn(program, [...first, ...args], {
      cwd: folder,
      env: { ...withoutNpm(process.env), ...env },
      // A group of its own, as a terminal gives it: signals reach npm and the server.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const read = (chunk: Buffer): void => void (this.output += chunk.toString());
    this.child.stdout?.on('data', read);
    this.child.stderr?.on('data', read);
  }

  /** Resolves once it has printed something that matches; rejects when it ends before. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.output);
        if (match) resolve(match);
      };
      this.child.stdout?.on('data', look);
      this.child.once('close', (code) => reject(new Error(`npm start ended with ${code}:\n${this.output}`)));
      look();
    });
  }

  async ended(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return this.child.exitCode;
  }

  signal(name: NodeJS.Signals): void {
    if (this.child.pid !== undefined && this.child.exitCode === null) process.kill(-this.child.pid, name);
  }
}

/** What npm and vitest set for their children must not reach an `npm start` that a person types. */
function withoutNpm(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => !/^(npm_|NODE_ENV$|NODE_OPTIONS$|VITE|VITEST|INIT_CWD$|PORT$|HOST$)/.test(name),
    ),
  );
}

let folder: string;
const running: Started[] = [];

function start(
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = { PORT: '0' },
  command: readonly string[] = ['npm', 'start', '--'],
): Started {
  const started = new Started(command, args, env);
  running.push(started);
  return started;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'skein-clone-'));
  const left = new Set(['node_modules', 'dist', '.git', '.skein']);
  await cp(ROOT, folder, { recursive: true, filter: (from) => !left.has(relative(ROOT, from).split('/')[0] ?? '') });
});

afterEach(() => {
  for (const each of running.splice(0)) each.signal('SIGKILL');
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

test('npm start on a fresh clone installs, builds, serves the page and says where', { timeout: 180_000 }, async () => {
  expect(existsSync(join(folder, 'node_modules'))).toBe(false);
  const started = start();
  const [, url] = await started.printed(/Skein is running at (http:\/\/localhost:\d+)/);
  expect(await (await fetch(url ?? '')).text()).toContain('<title>Skein');
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await started.printed(/several tabs/);
  started.signal('SIGTERM');
  await started.ended();
});

test('a second start with nothing changed is up in under 3 s', async () => {
  const startedAt = performance.now();
  const started = start();
  await started.printed(/Skein is running at/);
  expect(performance.now() - startedAt).toBeLessThan(3_000);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  test(`${signal} ends the server within 5 s with code 0`, async () => {
    const started = start([], { PORT: '0' }, ['node', 'signaling-server/scripts/start.mjs']);
    await started.printed(/Skein is running at/);
    const askedAt = performance.now();
    started.signal(signal);
    expect(await started.ended()).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(5_000);
  });
}

test('Ctrl-C in the terminal of npm start leaves nothing running', async () => {
  const started = start();
  const [, url] = await started.printed(/Skein is running at (http:\/\/[^\s:]+:\d+)/);
  started.signal('SIGINT');
  await started.ended();
  await expect(fetch(`${url}/healthz`)).rejects.toThrow('fetch failed');
});

test('a taken port is one clear sentence and exit code 1', async () => {
  const holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  const started = start(['--port', String(port), '--host', '127.0.0.1'], {});
  expect(await started.ended()).toBe(1);
  const said = started.output.split('\n').filter((line) => line.includes(String(port)) && !line.startsWith('>'));
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(/already uses/);
  expect(started.output).not.toMatch(/^\s+at /m);
  holder.close();
});

test('flags override the environment', async () => {
  const started = start(['--port', '0', '--host', '127.0.0.1'], { PORT: '1', HOST: '203.0.113.1' });
  const [, url] = await started.printed(/Skein is running at (http:\/\/[^\s:]+:\d+)/);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});
