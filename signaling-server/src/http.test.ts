import { createHmac } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decodeServerConfig } from '../../shared/src/signaling/config.ts';
import { startServer } from '../test/fixtures.ts';
import { exchange } from '../test/raw-socket.ts';
import type { SignalingServer } from './server.ts';

const SECRET = 'a secret';

let folder: string;
let server: SignalingServer;

beforeAll(async () => {
  const root = await mkdtemp(join(tmpdir(), 'skein-page-'));
  folder = join(root, 'page');
  await mkdir(join(folder, 'assets'), { recursive: true });
  await writeFile(join(root, 'secret.txt'), 'not for you');
  await writeFile(join(folder, 'index.html'), `<!doctype html>${' '.repeat(2_000)}`);
  await writeFile(join(folder, 'assets', 'index-a1B2_c3d.js'), 'export {};');
  await writeFile(join(folder, '.env'), 'hidden');
  server = await startServer({
    page: folder,
    ice: { stunUrls: ['stun:stun.example:3478'], turnUrls: ['turn:turn.example:3478'], turnSecret: SECRET },
    allowances: { http: { perSocket: 1, perAddress: 20, windowSeconds: 60 } },
  });
});

afterAll(async () => {
  await server.close();
  await rm(join(folder, '..'), { recursive: true });
});

const get = (path: string, init?: RequestInit): Promise<Response> => fetch(`${server.url}${path}`, init);

test('the page comes compressed, unframeable and with a policy that lets in nothing from elsewhere', async () => {
  const response = await get('/?invite=1');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-encoding')).toBe('gzip');
  expect(response.headers.get('cache-control')).toBe('no-cache');
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  expect(response.headers.get('referrer-policy')).toBe('no-referrer');
  expect(response.headers.get('permissions-policy')).toContain(
    'camera=(self), microphone=(self), display-capture=(self)',
  );
  const policy = response.headers.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain('unsafe');
  expect(await response.text()).toContain('<!doctype html>');
});

test('a file named after its content may be kept for ever, and one that is unchanged is not sent again', async () => {
  const response = await get('/assets/index-a1B2_c3d.js');
  expect(response.headers.get('cache-control')).toContain('immutable');
  const etag = response.headers.get('etag') ?? '';
  const again = await get('/assets/index-a1B2_c3d.js', { headers: { 'if-none-match': etag } });
  expect(again.status).toBe(304);
});

test('what keeps its name through an upgrade is asked for anew each time, and that an asset is gone is not kept', async () => {
  for (const path of ['/', '/index.html']) expect((await get(path)).headers.get('cache-control')).toBe('no-cache');
  const gone = await get('/assets/index-00000000.js');
  expect([gone.status, gone.headers.get('cache-control')]).toEqual([404, 'no-store']);
});

test('a page that is deleted under the running server is still served whole', async () => {
  await rm(join(folder, 'index.html'));
  expect((await get('/index.html')).status).toBe(200);
});

test.each([
  '/../secret.txt',
  '/..%2fsecret.txt',
  '/%2e%2e/secret.txt',
  '/assets/../../secret.txt',
  '//secret.txt',
  '/.env',
  '/none.js',
  '/assets',
])('%s is not found', async (path) => {
  // Not by fetch, which would tidy the path up.
  const answer = await exchange(server.url, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  expect(answer).not.toContain('not for you');
});

test('a range that makes no sense does no harm', async () => {
  const response = await get('/', { headers: { range: 'bytes=5-2' } });
  expect(response.status).toBe(200);
});

test('the health check counts what is there', async () => {
  const response = await get('/healthz');
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.json()).toMatchObject({ ok: true, peers: 0, sockets: 0, swarms: 0 });
});

test('TURN credentials verify with the shared secret, end within ten minutes and differ each time', async () => {
  const response = await get('/config.json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  const config = decodeServerConfig(await response.json());
  if (!config.ok) throw new Error(config.error);
  const [stun, turn] = config.value.iceServers;
  expect(stun).toEqual({ urls: ['stun:stun.example:3478'] });
  expect(turn?.urls).toEqual(['turn:turn.example:3478']);
  const { username = '', credential } = turn ?? {};
  expect(credential).toBe(createHmac('sha1', SECRET).update(username).digest('base64'));
  const expiry = Number(username.split(':')[0]) * 1000;
  expect(expiry - Date.now()).toBeGreaterThan(590_000);
  expect(expiry - Date.now()).toBeLessThanOrEqual(600_000);
  expect(config.value.iceTtlMs).toBeLessThanOrEqual(600_000);
  const other = (await (await get('/config.json')).json()) as { iceServers: { username?: string }[] };
  expect(other.iceServers[1]?.username).not.toBe(username);
});

test('an address that asks for credentials without end is told to wait', async () => {
  const statuses = await Promise.all(Array.from({ length: 25 }, async () => (await get('/config.json')).status));
  expect(statuses).toContain(429);
  expect((await get('/healthz')).status).toBe(200);
});

test('without ICE servers in its settings the server names none', async () => {
  const plain = await startServer();
  const response = await fetch(`${plain.url}/config.json`);
  expect(await response.json()).toEqual({ iceServers: [], iceTtlMs: 600_000, lanUrls: [] });
  expect((await fetch(plain.url)).status).toBe(404);
  await plain.close();
});
