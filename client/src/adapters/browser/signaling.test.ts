import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { Server } from 'socket.io';
import { TestPeer, newIdentity, startServer } from '../../../../signaling-server/test/fixtures.ts';
import type { SignalingServer } from '../../../../signaling-server/src/server.ts';
import { CONTACT_BYTES, type Contact, type NodeId, hashToId } from '../../../../shared/src/ids.ts';
import { encodeContacts } from '../../../../shared/src/signaling/contacts.ts';
import { SIGNALING_VERSION } from '../../../../shared/src/signaling/events.ts';
import type { Crypto } from '../../ports/crypto.ts';
import type { ServerState, SignalingHandler } from '../../ports/signaling.ts';
import { SocketSignaling } from './signaling.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const infoHash = hashToId(new Uint8Array([4]));
const silent = { log: (): void => undefined };

async function serve(port = 0): Promise<SignalingServer> {
  const server = await startServer({ port });
  closers.push(() => server.close());
  return server;
}

/** The part of the crypto port that the adapter uses, over a key the test made. */
function cryptoOf(identity = newIdentity()): Crypto {
  const unused = (): never => {
    throw new Error('not used by signaling');
  };
  return {
    self: identity.contact,
    sign: (message) => Promise.resolve(identity.sign(message)),
    verify: unused,
    seal: unused,
    unseal: unused,
    randomBytes: unused,
  };
}

/** How far the clock of a lying server is ahead. [ms] */
const SERVER_AHEAD_MS = 7 * 3_600_000;

class Recorder implements SignalingHandler {
  readonly states: ServerState[] = [];
  readonly details: (string | undefined)[] = [];
  readonly joins: (readonly Contact[])[] = [];
  clockAheadMs: number | undefined;
  readonly signals: { from: NodeId; sealed: Uint8Array }[] = [];

  state(state: ServerState, detail?: string): void {
    this.states.push(state);
    this.details.push(detail);
  }

  joined(introductions: readonly Contact[], clockAheadMs: number | undefined): void {
    this.joins.push(introductions);
    this.clockAheadMs = clockAheadMs;
  }

  signal(from: NodeId, sealed: Uint8Array): void {
    this.signals.push({ from, sealed });
  }
}

function start(
  url: string,
  identity = newIdentity(),
  requestTimeoutMs = 5_000,
): { client: SocketSignaling; seen: Recorder } {
  const client = new SocketSignaling({ url, crypto: cryptoOf(identity), log: silent, requestTimeoutMs });
  const seen = new Recorder();
  closers.push(() => client.close());
  client.start(seen);
  return { client, seen };
}

async function started(url: string, identity = newIdentity()): Promise<{ client: SocketSignaling; seen: Recorder }> {
  const running = start(url, identity);
  await expect.poll(() => running.seen.joins.length, { interval: 5 }).toBe(1);
  return running;
}

test('it joins by itself, is introduced to who is there, and tells so only after start has returned', async () => {
  const server = await serve();
  const other = await TestPeer.join(server.url);
  closers.push(() => other.close());
  const { seen } = start(server.url);
  expect(seen.states).toEqual([]);
  await expect.poll(() => seen.joins).toEqual([[other.contact]]);
  expect(seen.states).toEqual(['connecting', 'connected']);
});

test('it learns how far the clock of the server is ahead of its own', async () => {
  const { seen } = await started(await serveLies({ ok: true, introductions: new Uint8Array(0) }));
  expect(Math.abs((seen.clockAheadMs ?? 0) - SERVER_AHEAD_MS)).toBeLessThan(60_000);
});

test('two clients signal each other, share a tracker and leave its swarm', async () => {
  const server = await serve();
  const [aliceIdentity, bobIdentity] = [newIdentity(), newIdentity()];
  const [alice, bob] = await Promise.all([started(server.url, aliceIdentity), started(server.url, bobIdentity)]);
  const sealed = new Uint8Array([1, 2, 3]);
  expect(await alice.client.signal(bobIdentity.contact.id, sealed)).toBe(true);
  await expect.poll(() => bob.seen.signals).toEqual([{ from: aliceIdentity.contact.id, sealed }]);
  expect(await alice.client.signal(newIdentity().contact.id, sealed)).toBe(false);

  expect((await alice.client.announce(infoHash, 'started'))?.peers).toEqual([]);
  const answer = await bob.client.announce(infoHash, 'completed');
  expect(answer?.peers).toEqual([aliceIdentity.contact]);
  expect(answer?.intervalMs).toBeGreaterThan(0);
  await alice.client.leave(infoHash);
  expect((await bob.client.announce(infoHash, 'update'))?.peers).toEqual([]);
  expect(await bob.client.introductions()).toEqual([aliceIdentity.contact]);
});

test('when the server dies it says so, answers for it at once, and joins again when the server is back', async () => {
  const server = await serve();
  const port = Number(new URL(server.url).port);
  const { client, seen } = await started(server.url);
  await server.close();
  await expect.poll(() => seen.states.at(-1)).toBe('lost');
  // Not that the server is gone: a network of one's own that is gone looks the same.
  expect(seen.details.at(-1)).toMatch(/^The connection to the server is gone\..*stay linked/);
  expect(await client.signal(newIdentity().contact.id, new Uint8Array(1))).toBe(false);
  expect(await client.introductions()).toEqual([]);
  expect(await client.announce(infoHash, 'update')).toBeUndefined();
  await client.leave(infoHash);
  await serve(port);
  await expect.poll(() => seen.joins.length, { timeout: 4_000 }).toBe(2);
  expect(seen.states).toEqual(['connecting', 'connected', 'lost', 'connected']);
});

test('a server that is not there is reported as lost after three seconds, with a hint', async () => {
  const server = await startServer();
  await server.close();
  const { seen } = start(server.url);
  await expect.poll(() => seen.states, { timeout: 4_500 }).toEqual(['connecting', 'lost']);
  expect(seen.details.at(-1)).toContain('does not answer');
});

/** Takes connections and ends them; counts them. */
async function serveNobody(): Promise<{ readonly url: string; readonly count: () => number }> {
  let count = 0;
  const server = createTcpServer((socket) => {
    count++;
    socket.on('error', () => undefined).destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, count: () => count };
}

test('back in a network it does not wait out the pause, but once: a network may come and go', async () => {
  const { url, count } = await serveNobody();
  const { client } = start(url);
  await expect.poll(count, { timeout: 6_000, interval: 5 }).toBe(4);
  // The next one would follow after two seconds at the earliest.
  client.hurry();
  await expect.poll(count, { timeout: 1_500, interval: 5 }).toBe(5);
  for (let i = 0; i < 5; i++) {
    client.hurry();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await expect.poll(count, { timeout: 2_000, interval: 1 }).toBe(6);
});

test('a network that comes back changes nothing for who is connected, was refused, or has left', async () => {
  const server = await serve();
  const identity = newIdentity();
  const first = await started(server.url, identity);
  first.client.hurry();
  const second = await started(server.url, identity);
  await expect.poll(() => first.seen.states).toEqual(['connecting', 'connected', 'lost']);
  first.client.hurry();
  // Whoever joins from now on takes as long for it as those two would.
  const { client } = await started(server.url);
  expect([first.seen.joins.length, second.seen.states]).toEqual([1, ['connecting', 'connected']]);
  second.client.close();
  second.client.hurry();
  const last = newIdentity();
  await started(server.url, last);
  expect(await client.introductions()).toEqual([last.contact]);
});

test('a second client with the same key takes over, and the first says why it is out', async () => {
  const server = await serve();
  const identity = newIdentity();
  const first = await started(server.url, identity);
  await started(server.url, identity);
  await expect.poll(() => first.seen.states.at(-1)).toBe('lost');
  expect(first.seen.details.at(-1)).toContain('Another tab');
});

test('after close nothing is told any more and every call is answered', async () => {
  const server = await serve();
  const { client, seen } = await started(server.url);
  client.close();
  await server.close();
  expect(await client.signal(newIdentity().contact.id, new Uint8Array(1))).toBe(false);
  expect(seen.states).toEqual(['connecting', 'connected']);
});

/** A server that lets everybody join and then answers and sends what the test wants. */
function serveLies(answer: unknown, ...events: readonly [string, unknown][]): Promise<string> {
  return serveLate(0, answer, ...events);
}

/** One that takes `joinMs` for each join. */
async function serveLate(joinMs: number, answer: unknown, ...events: readonly [string, unknown][]): Promise<string> {
  const http = createServer();
  const lies = new Server(http, { transports: ['websocket'] });
  lies.on('connection', (socket) => {
    socket.onAny((event: string, ...args: unknown[]) => {
      const ack = args.at(-1);
      if (typeof ack !== 'function') return;
      if (event === 'join') setTimeout(() => ack({ ok: true, introductions: encodeContacts([]) }), joinMs);
      else if (answer !== undefined) ack(answer);
    });
    socket.emit('challenge', {
      version: SIGNALING_VERSION,
      nonce: new Uint8Array(32),
      wallNow: Date.now() + SERVER_AHEAD_MS,
    });
    for (const [event, payload] of events) socket.emit(event, payload);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  closers.push(() => lies.close());
  const address = http.address();
  return `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
}

test.each([
  null,
  'yes',
  { ok: true, peers: new Uint8Array(CONTACT_BYTES - 1) },
  { ok: true, introductions: new Uint8Array(CONTACT_BYTES * 6) },
  [[[]]],
])('a server that answers %o is not believed', async (answer) => {
  const { client } = await started(await serveLies(answer));
  expect(await client.introductions()).toEqual([]);
  expect(await client.announce(infoHash, 'started')).toBeUndefined();
});

test('a server that never answers a request is given up after its timeout', async () => {
  const { client, seen } = start(await serveLies(undefined), newIdentity(), 300);
  await expect.poll(() => seen.joins.length, { interval: 5 }).toBe(1);
  expect(await client.signal(newIdentity().contact.id, new Uint8Array(1))).toBe(false);
});

test('a server that is slower than it is waited for is waited for twice as long the next time', async () => {
  const { seen } = start(await serveLate(600, undefined), newIdentity(), 400);
  await expect.poll(() => seen.states).toEqual(['connecting', 'lost']);
  await expect.poll(() => seen.joins.length, { timeout: 9_000 }).toBe(1);
});

test('malformed signals and notices of the server are dropped, and the good one after them arrives', async () => {
  const from = newIdentity().contact.id;
  const url = await serveLies(
    { ok: true },
    ['signal', null],
    ['signal', { from: 'me', sealed: new Uint8Array(1) }],
    ['signal', { from, sealed: 'text' }],
    ['error-code', { code: 'because' }],
    ['challenge', { version: SIGNALING_VERSION, nonce: new Uint8Array(32) }],
    ['nonsense', 1],
    ['signal', { from, sealed: new Uint8Array([7]) }],
  );
  const { seen } = await started(url);
  await expect.poll(() => seen.signals).toEqual([{ from, sealed: new Uint8Array([7]) }]);
  expect(seen.joins.length).toBe(1);
});
