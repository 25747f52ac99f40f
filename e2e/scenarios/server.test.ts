import { createHmac } from 'node:crypto';
import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { decodeContacts } from '../../shared/src/signaling/contacts.ts';
import { ServerProcess } from '../harness/server.ts';
import { RawPeer } from '../harness/signaling.ts';

const TURN_SECRET = 'a secret of the operator';
const TURN_URL = 'turn:turn.example.org:3478';

let server: ServerProcess;
const peers: RawPeer[] = [];

beforeAll(async () => {
  server = await ServerProcess.start({ env: { SKEIN_TURN_URLS: TURN_URL, SKEIN_TURN_SECRET: TURN_SECRET } });
});

afterEach(() => {
  for (const peer of peers.splice(0)) peer.close();
});

afterAll(async () => {
  await server.kill();
});

async function connect(): Promise<RawPeer> {
  const peer = await RawPeer.connect(server.url);
  peers.push(peer);
  return peer;
}

async function connectAndJoin(): Promise<RawPeer> {
  const peer = await connect();
  expect(await peer.join()).toMatchObject({ ok: true });
  return peer;
}

/** Asks for a path exactly as written; `fetch` would tidy it first. */
function statusOf(path: string): Promise<{ status: number | undefined; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: server.port, path }, (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () => resolve({ status: response.statusCode, body }));
    });
    asked.on('error', reject);
    asked.end();
  });
}

test('the server says that it is healthy', async () => {
  const answer = await fetch(`${server.url}/healthz`);
  expect(answer.status).toBe(200);
});

test('the configuration hands out TURN credentials that coturn accepts for at most ten minutes', async () => {
  const askedAt = Math.floor(Date.now() / 1000);
  const config = (await (await fetch(`${server.url}/config.json`)).json()) as {
    iceServers: { urls: string[]; username?: string; credential?: string }[];
    iceTtlMs: number;
  };
  const turn = config.iceServers.find((each) => each.urls.includes(TURN_URL));
  const expiry = Number(turn?.username?.split(':')[0]);
  expect(expiry).toBeGreaterThan(askedAt);
  expect(expiry).toBeLessThanOrEqual(askedAt + 600 + 2);
  expect(config.iceTtlMs).toBeLessThanOrEqual(600_000);
  const expected = createHmac('sha1', TURN_SECRET)
    .update(turn?.username ?? '')
    .digest('base64');
  expect(turn?.credential).toBe(expected);
  expect(JSON.stringify(config)).not.toContain(TURN_SECRET);
});

test('the page comes with a policy under which only its own scripts run', async () => {
  const answer = await fetch(server.url);
  expect(answer.status).toBe(200);
  expect(await answer.text()).toContain('<script type="module"');
  const policy = answer.headers.get('content-security-policy') ?? '';
  const directives = new Map(policy.split(';').map((part) => [part.trim().split(/\s+/)[0], part.trim()]));
  expect(directives.get('default-src')).toMatch(/^default-src '(self|none)'$/);
  expect(directives.get('script-src') ?? "script-src 'self'").toBe("script-src 'self'");
  expect(policy).not.toMatch(/unsafe-(inline|eval)|\*(\s|;|$)/);
  expect(policy).toContain('frame-ancestors');
});

test('nothing outside of the page is served', async () => {
  for (const path of ['/../package.json', '/..%2f..%2fpackage.json', '/%2e%2e/%2e%2e/package.json', '/.git/config']) {
    const { body } = await statusOf(path);
    expect(body).not.toContain('"devDependencies"');
    expect(body).not.toContain('[core]');
  }
  expect((await statusOf('/no/such/file.js')).status).toBe(404);
});

test('a peer that joins is introduced to those who joined before it', async () => {
  const first = await connectAndJoin();
  const second = await connect();
  const answer = await second.join();
  const introduced = decodeContacts(new Uint8Array(answer.introductions ?? []))?.map((contact) => contact.id);
  expect(introduced).toContain(first.contact.id);
  expect(introduced).not.toContain(second.contact.id);
});

test('a join under a key that the peer does not hold is refused, and so is all that follows', async () => {
  const victim = await connectAndJoin();
  const forger = await connect();
  expect(await forger.join({ publicKey: victim.contact.publicKey })).toEqual({ ok: false, code: 'bad-signature' });
  expect(await forger.ask('introductions', {})).toMatchObject({ ok: false, code: 'not-joined' });
  const sealed = Buffer.from('sealed');
  expect(await forger.ask('signal', { to: victim.contact.id, sealed })).toMatchObject({
    ok: false,
    code: 'not-joined',
  });
  expect(victim.isConnected).toBe(true);
});

test('a proof made for another server, or over an old nonce, is refused', async () => {
  const elsewhere = await connect();
  expect(await elsewhere.join({ host: 'other.example.org' })).toEqual({ ok: false, code: 'bad-signature' });
  const replaying = await connect();
  expect(await replaying.join({ nonce: new Uint8Array(32).fill(7) })).toEqual({ ok: false, code: 'bad-signature' });
});

test('a signal arrives exactly as it was sent, and nobody else gets it', async () => {
  const [from, to, other] = [await connectAndJoin(), await connectAndJoin(), await connectAndJoin()];
  const overheard: string[] = [];
  other.socket.on('signal', ({ sealed }: { sealed: Uint8Array }) => overheard.push(Buffer.from(sealed).toString()));
  const arriving = to.nextSignal();
  const sealed = Buffer.from([0, 255, 1, 254]);
  expect(await from.ask('signal', { to: to.contact.id, sealed })).toMatchObject({ ok: true });
  const signal = await arriving;
  expect(signal.from).toBe(from.contact.id);
  expect(Buffer.from(signal.sealed)).toEqual(sealed);
  // What went to everybody would be here before one's own.
  const own = other.nextSignal();
  await from.ask('signal', { to: other.contact.id, sealed: Buffer.from('mine') });
  await own;
  expect(overheard).toEqual(['mine']);
});

test('the tracker lists who announced an info-hash until they leave', async () => {
  const infoHash = 'ab'.repeat(20);
  const [seed, leecher] = [await connectAndJoin(), await connectAndJoin()];
  expect(await seed.ask('announce', { infoHash, event: 'started' })).toMatchObject({ ok: true });
  const found = await leecher.ask('announce', { infoHash, event: 'started' });
  const ids = decodeContacts(new Uint8Array(found.peers ?? []))?.map((contact) => contact.id);
  expect(ids).toEqual([seed.contact.id]);
  expect(await seed.ask('leave', { infoHash })).toMatchObject({ ok: true });
  const later = await leecher.ask('announce', { infoHash, event: 'update' });
  expect(new Uint8Array(later.peers ?? [1])).toHaveLength(0);
});

test('a peer that floods the server is told so by a code, then sent away, and its neighbours are not', async () => {
  const neighbour = await connectAndJoin();
  const flooder = await connectAndJoin();
  const answers = await Promise.all(Array.from({ length: 100 }, () => flooder.ask('introductions', {})));
  const refused = answers.filter((answer) => !answer.ok);
  expect(refused.length).toBeGreaterThan(0);
  for (const answer of refused) expect(answer.code).toBe('rate-limited');
  const gone = new Promise((resolve) => flooder.socket.once('disconnect', resolve));
  for (let i = 0; i < 1_000; i++) flooder.socket.emit('introductions', {});
  await gone;
  expect(await neighbour.ask('introductions', {})).toMatchObject({ ok: true });
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
});

test('garbage of every kind gets an error code and disconnects nobody else', async () => {
  const [from, to, hostile, huge] = [
    await connectAndJoin(),
    await connectAndJoin(),
    await connectAndJoin(),
    await connectAndJoin(),
  ];
  const garbage: unknown[] = [undefined, null, 0, 'text', [], {}, { to: 'x' }, { infoHash: '__proto__' }, [[[]]]];
  for (const event of ['join', 'signal', 'announce', 'leave']) {
    for (const payload of garbage.slice(0, 4)) {
      const answer = await hostile.ask(event, payload);
      expect(answer.ok).toBe(false);
      expect(answer.code).toMatch(/^(malformed|rate-limited)$/);
    }
  }
  for (const payload of garbage) {
    hostile.socket.emit('signal', payload, 'no', 'function');
    hostile.socket.emit('__proto__', payload);
    hostile.socket.emit('no-such-event', payload);
  }
  const gone = new Promise((resolve) => huge.socket.once('disconnect', resolve));
  huge.socket.emit('signal', { to: to.contact.id, sealed: Buffer.alloc(200_000) });
  await gone;
  const arriving = to.nextSignal();
  const sealed = Buffer.from('still here');
  expect(await from.ask('signal', { to: to.contact.id, sealed })).toMatchObject({ ok: true });
  expect(Buffer.from((await arriving).sealed)).toEqual(sealed);
  expect(from.isConnected && to.isConnected).toBe(true);
});
