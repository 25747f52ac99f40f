import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { TestPeer, closed } from '../test/fixtures.ts';
import { HELP, readSettings } from './settings.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const entry = fileURLToPath(new URL('../../dist/signaling-server/src/cli.js', import.meta.url));

let children: ChildProcess[] = [];

beforeAll(() => {
  const built = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-b', 'signaling-server'], {
    cwd: root,
  });
  if (built.status !== 0) throw new Error(built.stdout.toString());
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  children = [];
});

interface Run {
  readonly child: ChildProcess;
  /** Resolves to the exit code, and to null after a signal that nobody handled. */
  readonly exit: Promise<number | null>;
  stdout: string;
  stderr: string;
}

function run(args: readonly string[], environment: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [entry, ...args], { env: { ...environment } });
  children.push(child);
  const exit = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const result: Run = { child, exit, stdout: '', stderr: '' };
  child.stdout.on('data', (data: Buffer) => {
    result.stdout += data.toString();
  });
  child.stderr.on('data', (data: Buffer) => {
    result.stderr += data.toString();
  });
  return result;
}

/** The address in the greeting of a server that is up. */
async function urlOf(started: Run): Promise<string> {
  await expect.poll(() => started.stdout, { timeout: 5_000, interval: 20 }).toContain('several tabs');
  return /running at (\S+)/.exec(started.stdout)?.[1] ?? '';
}

test('a started server says where it is and what to do, and ends on SIGTERM with code 0 though sockets are open', async () => {
  const started = run(['--port', '0', '--host', '127.0.0.1']);
  const url = await urlOf(started);
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  const peer = await TestPeer.join(url);
  const end = closed(peer.socket);
  const before = performance.now();
  started.child.kill('SIGTERM');
  expect(await started.exit).toBe(0);
  expect(performance.now() - before).toBeLessThan(5_000);
  await end;
});

test('SIGINT ends it with code 0, too, also when it comes twice as it does under npm', async () => {
  const started = run([], { PORT: '0', HOST: '127.0.0.1' });
  await urlOf(started);
  started.child.kill('SIGINT');
  started.child.kill('SIGINT');
  expect(await started.exit).toBe(0);
});

test('a taken port is one sentence and exit code 1', async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
  const address = holder.address();
  const port = typeof address === 'object' && address ? String(address.port) : '';
  const started = run(['--port', port, '--host', '127.0.0.1']);
  expect(await started.exit).toBe(1);
  expect(started.stdout).toBe('');
  expect(started.stderr).toBe(
    `Another program already uses port ${port} of 127.0.0.1. Stop it, or choose another with --port.\n`,
  );
  holder.close();
});

test('a host that is not of this machine is one sentence and exit code 1', async () => {
  const started = run(['--port', '0', '--host', '192.0.2.1']);
  expect(await started.exit).toBe(1);
  expect(started.stderr).toBe('This machine has no address "192.0.2.1".\n');
});

test('a flag that does not exist is one line and exit code 1; --help is the help and code 0', async () => {
  const wrong = run(['--prot', '1']);
  const help = run(['--help']);
  expect(await wrong.exit).toBe(1);
  expect(wrong.stderr).toMatch(/^Unknown option '--prot'.*--help.*\n$/);
  expect(await help.exit).toBe(0);
  expect(help.stdout).toBe(HELP);
});

test('the environment names ICE servers, and their credentials verify with the secret', async () => {
  const turn = 'turn:127.0.0.1:3478?transport=udp';
  const started = run(['--port=0', '--host=127.0.0.1'], {
    SKEIN_STUN_URLS: 'stun:127.0.0.1:3478, stun:127.0.0.2:3478',
    SKEIN_TURN_URLS: turn,
    SKEIN_TURN_SECRET: 'shared',
  });
  const response = await fetch(`${await urlOf(started)}/config.json`);
  const { iceServers } = (await response.json()) as { iceServers: Record<string, string>[] };
  const username = iceServers[1]?.['username'] ?? '';
  const credential = createHmac('sha1', 'shared').update(username).digest('base64');
  expect(iceServers).toEqual([
    { urls: ['stun:127.0.0.1:3478', 'stun:127.0.0.2:3478'] },
    { urls: [turn], username, credential },
  ]);
});

test.each([
  [{ PORT: 'eighty' }, 'The port'],
  [{ PORT: '65536' }, 'The port'],
  [{ SKEIN_STUN_URLS: 'stun.example.org' }, 'SKEIN_STUN_URLS'],
  [{ SKEIN_TURN_URLS: 'https://turn.example.org', SKEIN_TURN_SECRET: 'x' }, 'SKEIN_TURN_URLS'],
  [{ SKEIN_TURN_URLS: 'turn:turn.example.org' }, 'SKEIN_TURN_SECRET'],
  [{ SKEIN_TRUSTED_PROXIES: '-1' }, 'SKEIN_TRUSTED_PROXIES'],
])('%o is refused in a sentence that names what is wrong', (environment, named) => {
  const settings = readSettings([], environment);
  expect(settings.ok ? '' : settings.error).toContain(named);
});

test('flags win over the environment, and nothing set means port 8080 of every address', () => {
  expect(readSettings(['--port', '81'], { PORT: '80', HOST: '::1' })).toMatchObject({
    value: { options: { port: 81, host: '::1' } },
  });
  const plain = readSettings([], {});
  expect(plain).toMatchObject({ value: { options: { port: 8080 } } });
  expect(plain.ok && plain.value.kind === 'serve' && plain.value.options).not.toHaveProperty('host');
});
