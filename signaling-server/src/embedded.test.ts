import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { TestPeer, startServer } from '../test/fixtures.ts';
import { openTcp } from '../test/raw-socket.ts';
import { type ServerOptions, createServer } from './server.ts';

/** What keeps this process alive, by kind. */
function handles(): string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate');
}

/** A folder with a page in it. */
async function pageFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'skein-page-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await writeFile(join(folder, 'index.html'), '<title>page</title>');
  return folder;
}

test('a server that is started and stopped ten times leaves nothing behind in its program', async () => {
  const turn = async (port: number): Promise<number> => {
    const server = await startServer({ port });
    const peer = await TestPeer.join(server.url);
    await peer.ask('announce', { infoHash: 'ab'.repeat(20), event: 'started' });
    await fetch(`${server.url}/config.json`);
    peer.close();
    await server.close();
    return Number(new URL(server.url).port);
  };
  const port = await turn(0);
  const before = handles().length;
  for (let at = 0; at < 10; at++) expect(await turn(port)).toBe(port);
  await expect.poll(() => handles().length).toBeLessThanOrEqual(before);
});

test('of two on one port the second is refused, disturbs nobody, and can be closed', async () => {
  const first = await startServer();
  const port = Number(new URL(first.url).port);
  const second = createServer({ port, host: '127.0.0.1' });
  await expect(second.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await second.close();
  expect((await fetch(`${first.url}/healthz`)).status).toBe(200);
  await first.close();
});

test('one whose port was taken listens once that is free', async () => {
  const first = await startServer();
  const second = createServer({ port: Number(new URL(first.url).port), host: '127.0.0.1' });
  await expect(second.listen()).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await first.close();
  await second.listen();
  expect((await fetch(`${second.url}/healthz`)).status).toBe(200);
  await second.close();
});

test('a server that is closed before it listens, or never listened, is closed', async () => {
  await createServer({ port: 0 }).close();
  const page = await pageFolder();
  for (const options of [
    { port: 0, host: '127.0.0.1' },
    { port: 0, host: '127.0.0.1', page },
  ]) {
    const server = createServer(options);
    const listening = server.listen().catch(() => undefined);
    await server.close();
    await listening;
    expect(server.http.listening).toBe(false);
  }
});

test('a server that was closed does not listen again, and closing it again resolves', async () => {
  const server = await startServer();
  await server.close();
  await expect(server.listen()).rejects.toThrow('closed');
  await server.close();
  expect(server.http.listening).toBe(false);
});

test('closing is done within half a second, whatever clients hold open', async () => {
  const server = await startServer();
  const peer = await TestPeer.join(server.url);
  peer.stopReading();
  const silent = await openTcp(server.url);
  const halfAsked = await openTcp(server.url);
  halfAsked.write('GET /healthz HTTP/1.1\r\nhost: x\r\n');
  const before = performance.now();
  await server.close();
  expect(performance.now() - before).toBeLessThan(500);
  for (const socket of [silent, halfAsked]) socket.destroy();
  peer.close();
});

test('a page that is not there is refused by listening', async () => {
  const server = createServer({ port: 0, page: join(tmpdir(), 'skein-no-such-page') });
  await expect(server.listen()).rejects.toMatchObject({ code: 'ENOENT' });
  await server.close();
});

test.each<[string, unknown]>([
  ['port', -1],
  ['port', 65_536],
  ['port', '8080'],
  ['port', Number.NaN],
  ['host', 7],
  ['host', ''],
  ['page', true],
  ['publicHosts', 'skein.example'],
  ['publicHosts', [undefined]],
  ['trustedProxies', true],
  ['trustedProxies', -1],
  ['trustedProxies', '1'],
  ['allowances', []],
  ['caps', 3],
  ['prot', 8080],
])('the option %s that is %j is refused with an error that names it', (name, value) => {
  expect(() => createServer({ [name]: value })).toThrow(
    expect.objectContaining({ name: 'TypeError', message: expect.stringContaining(name) as string }),
  );
});

test.each<[string, unknown]>([
  ['ice.stunUrls', { stunUrls: 'stun:stun.example', turnUrls: [] }],
  ['ice.stunUrls.0', { stunUrls: ['stun.example'], turnUrls: [] }],
  ['ice.turnUrls.0', { stunUrls: [], turnUrls: ['stun:stun.example'], turnSecret: 'x' }],
  ['ice.turnSecret', { stunUrls: [], turnUrls: ['turn:turn.example'] }],
])('ICE settings that are wrong at %s are refused with an error that says where', (path, ice) => {
  expect(() => createServer({ ice } as ServerOptions)).toThrow(path);
});

test('allowances and caps that are wrong are refused with an error that says where', () => {
  const join = { perSocket: 1, perAddress: -1, windowSeconds: 10 };
  expect(() => createServer({ allowances: { join } })).toThrow('allowances.join.perAddress');
  expect(() => createServer({ caps: { sockets: 0.5 } })).toThrow('caps.sockets');
});

test('options that are left out, or said to be, are as by default', () => {
  expect(() => createServer()).not.toThrow();
  expect(() => createServer({ host: undefined, page: undefined, caps: {} } as unknown as ServerOptions)).not.toThrow();
});
