import { afterEach, beforeEach, expect, test } from 'vitest';
import { hashToId } from '../../shared/src/ids.ts';
import { MAX_SIGNAL_BYTES, MAX_TRACKER_PEERS } from '../../shared/src/limits/signaling.ts';
import { MAX_TORRENTS } from '../../shared/src/limits/storage.ts';
import { decodeAnnounced, decodeIntroductions } from '../../shared/src/signaling/answers.ts';
import { compareDistance } from '../../shared/src/xor.ts';
import { TestPeer, closed, newIdentity, pick, startServer } from '../test/fixtures.ts';
import { exchange, openTcp } from '../test/raw-socket.ts';
import type { SignalingServer } from './server.ts';

let server: SignalingServer;
let peers: TestPeer[] = [];

beforeEach(async () => {
  server = await startServer();
});

afterEach(async () => {
  for (const peer of peers) peer.close();
  peers = [];
  await server.close();
});

async function join(identity = newIdentity()): Promise<TestPeer> {
  const peer = await TestPeer.join(server.url, identity);
  peers.push(peer);
  return peer;
}

async function connect(identity = newIdentity(), host?: string): Promise<TestPeer> {
  const peer = await TestPeer.connect(server.url, identity, host);
  peers.push(peer);
  return peer;
}

const infoHash = hashToId(new Uint8Array([1]));

test('a peer that signs the challenge with its key is let in, and the first one meets nobody', async () => {
  const peer = await connect();
  expect(decodeIntroductions(await peer.join())).toEqual({ ok: true, value: [] });
});

test('a forged proof of a key is refused and registers nothing', async () => {
  const victim = newIdentity();
  const forger = await connect();
  const honest = forger.joinRequest();
  const { publicKey } = victim.contact;
  expect(await forger.join({ ...honest, publicKey })).toEqual({ ok: false, code: 'bad-signature' });
  const other = await join();
  expect(await other.ask('signal', { to: victim.contact.id, sealed: new Uint8Array(4) })).toEqual({
    ok: false,
    code: 'unknown-peer',
  });
});

test('a proof made for another socket or for another server is refused', async () => {
  const identity = newIdentity();
  const first = await connect(identity);
  const second = await connect(identity);
  expect(await second.join(first.joinRequest())).toEqual({ ok: false, code: 'bad-signature' });
  const elsewhere = await connect(identity, 'other.example');
  expect(await elsewhere.join()).toEqual({ ok: false, code: 'bad-signature' });
});

test('with public hosts set, a proof must name one of them whatever the Host header says', async () => {
  await server.close();
  server = await startServer({ publicHosts: ['skein.example', 'skein.example:8443'] });
  expect(await (await connect()).join()).toEqual({ ok: false, code: 'bad-signature' });
  expect(await (await connect(newIdentity(), 'skein.example:8443')).join()).toMatchObject({ ok: true });
});

test('a joiner is introduced to the three closest ids and to random others, five in all and never itself', async () => {
  const earlier = await Promise.all(Array.from({ length: 12 }, () => join()));
  const joiner = await connect();
  const answer = decodeIntroductions(await joiner.join());
  if (!answer.ok) throw new Error(answer.error);
  const ids = answer.value.map((contact) => contact.id);
  const self = joiner.contact.id;
  expect(new Set(ids).size).toBe(5);
  expect(ids).not.toContain(self);
  const nearest = earlier.map((peer) => peer.contact.id).toSorted((a, b) => compareDistance(self, a, b));
  expect(ids).toEqual(expect.arrayContaining(nearest.slice(0, 3)));
  const again = decodeIntroductions(await joiner.ask('introductions', {}));
  expect(again.ok && again.value.length).toBe(5);
});

test('a tab that is closed is introduced to nobody any more', async () => {
  const gone = await join();
  const witness = await join();
  gone.close();
  await expect
    .poll(async () => {
      const answer = decodeIntroductions(await witness.ask('introductions', {}));
      return answer.ok ? answer.value.length : -1;
    })
    .toBe(0);
});

test('a signal reaches the named peer unread, with the id of the socket that proved it', async () => {
  const [a, b] = await Promise.all([join(), join()]);
  const sealed = Uint8Array.from({ length: MAX_SIGNAL_BYTES }, (_, index) => index * 7);
  expect(await a.ask('signal', { to: b.contact.id, sealed, from: 'somebody else' })).toEqual({ ok: true });
  expect(await b.received(1)).toEqual([{ from: a.contact.id, sealed }]);
});

test('signals to unknown peers, to oneself, over the cap and before joining are each refused with their code', async () => {
  const [a, b] = await Promise.all([join(), join()]);
  const sealed = new Uint8Array(8);
  const ask = (to: string, bytes: Uint8Array): Promise<unknown> => a.ask('signal', { to, sealed: bytes });
  expect(await ask(newIdentity().contact.id, sealed)).toEqual({ ok: false, code: 'unknown-peer' });
  expect(await ask(a.contact.id, sealed)).toEqual({ ok: false, code: 'unknown-peer' });
  expect(await ask(b.contact.id, new Uint8Array(MAX_SIGNAL_BYTES + 1))).toEqual({ ok: false, code: 'too-large' });
  const stranger = await connect();
  const request = { to: b.contact.id, sealed };
  expect(await stranger.ask('signal', request)).toEqual({ ok: false, code: 'not-joined' });
});

test('the same key from a new socket takes the place of the old one, which is told and is out', async () => {
  const identity = newIdentity();
  const [old, other] = await Promise.all([join(identity), join()]);
  await old.ask('announce', { infoHash, event: 'started' });
  const fresh = await join(identity);
  await expect.poll(() => old.notices).toEqual([{ code: 'replaced' }]);
  expect(await old.ask('introductions', {})).toEqual({ ok: false, code: 'not-joined' });
  await other.ask('signal', { to: identity.contact.id, sealed: new Uint8Array([5]) });
  expect((await fresh.received(1))[0]?.from).toBe(other.contact.id);
  expect(old.signals).toEqual([]);

  old.close();
  await fresh.settled();
  expect(await other.ask('signal', { to: identity.contact.id, sealed: new Uint8Array([6]) })).toEqual({ ok: true });
  const swarm = decodeAnnounced(await other.ask('announce', { infoHash, event: 'started' }));
  expect(swarm.ok && swarm.value.peers.map((peer) => peer.id)).toEqual([identity.contact.id]);
});

test('nobody loses a registration to a socket that only claims the key', async () => {
  const [victim, other] = await Promise.all([join(), join()]);
  const thief = await connect(victim.identity);
  expect(await thief.join({ ...thief.joinRequest(), signature: new Uint8Array(64) })).toEqual({
    ok: false,
    code: 'bad-signature',
  });
  expect(await other.ask('signal', { to: victim.contact.id, sealed: new Uint8Array(1) })).toEqual({ ok: true });
  await victim.received(1);
  expect(victim.notices).toEqual([]);
});

test('the tracker names the others of a swarm until they leave or close', async () => {
  const [a, b, c] = await Promise.all([join(), join(), join()]);
  const announce = async (peer: TestPeer): Promise<string[]> => {
    const answer = decodeAnnounced(await peer.ask('announce', { infoHash, event: 'started' }));
    if (!answer.ok) throw new Error(answer.error);
    return answer.value.peers.map((contact) => contact.id).toSorted();
  };
  expect(await announce(a)).toEqual([]);
  expect(await announce(b)).toEqual([a.contact.id]);
  expect(await announce(c)).toEqual([a.contact.id, b.contact.id].toSorted());
  expect(await a.ask('leave', { infoHash })).toEqual({ ok: true });
  expect(await announce(c)).toEqual([b.contact.id]);
  b.close();
  await expect.poll(() => announce(c)).toEqual([]);
});

test('a tracker answer stays within fifty peers', async () => {
  const many = await Promise.all(Array.from({ length: MAX_TRACKER_PEERS + 5 }, () => join()));
  for (const peer of many) await peer.ask('announce', { infoHash, event: 'completed' });
  const answer = decodeAnnounced(await pick(many, 0).ask('announce', { infoHash, event: 'update' }));
  expect(answer.ok && answer.value.peers.length).toBe(MAX_TRACKER_PEERS);
});

test('twenty-four tabs of one address that open at once may all send a hundred signals', async () => {
  const tabs = await Promise.all(Array.from({ length: 24 }, () => join()));
  const sealed = new Uint8Array(4096);
  const answers = await Promise.all(
    tabs.flatMap((tab, index) => {
      const to = pick(tabs, index + 1).contact.id;
      return Array.from({ length: 100 }, () => tab.ask('signal', { to, sealed }));
    }),
  );
  expect(answers.every((answer) => (answer as { ok: boolean }).ok)).toBe(true);
  for (const tab of tabs) await tab.received(100);
});

test('a full library may be announced and left again, all at once', async () => {
  const library = Array.from({ length: MAX_TORRENTS }, (_, i) => hashToId(Uint8Array.of(i >> 8, i & 255)));
  const peer = await join();
  for (const event of ['announce', 'leave']) {
    const request = event === 'announce' ? { event: 'started' } : {};
    const answers = await Promise.all(library.map((hash) => peer.ask(event, { infoHash: hash, ...request })));
    expect(answers.filter((answer) => (answer as { ok: boolean }).ok)).toHaveLength(MAX_TORRENTS);
  }
});

test('a socket that asks too much is refused and then closed, while its neighbour on the same address goes on', async () => {
  await server.close();
  server = await startServer({
    allowances: {
      signal: { perSocket: 5, perAddress: 8, windowSeconds: 60 },
      fault: { perSocket: 10, perAddress: 1_000, windowSeconds: 60 },
    },
  });
  const [offender, neighbour, target] = await Promise.all([join(), join(), join()]);
  const request = { to: target.contact.id, sealed: new Uint8Array(3) };
  for (let i = 0; i < 5; i++) expect(await offender.ask('signal', request)).toEqual({ ok: true });
  for (let i = 0; i < 10; i++)
    expect(await offender.ask('signal', request)).toEqual({ ok: false, code: 'rate-limited' });
  expect(await neighbour.ask('signal', request)).toEqual({ ok: true });
  const end = closed(offender.socket);
  offender.socket.emit('signal', request);
  expect(await end).toBe('io server disconnect');
  expect(await neighbour.ask('signal', request)).toEqual({ ok: true });
  expect(target.socket.connected).toBe(true);
});

test('a socket that does not read is closed once too much waits for it, and others go on', async () => {
  await server.close();
  const signal = { perSocket: 10_000, perAddress: 10_000, windowSeconds: 60 };
  server = await startServer({ allowances: { signal }, caps: { waitingBytes: MAX_SIGNAL_BYTES * 8 } });
  const [mute, sender, reader] = await Promise.all([join(), join(), join()]);
  mute.stopReading();
  const sealed = new Uint8Array(MAX_SIGNAL_BYTES);
  const send = (to: TestPeer): Promise<unknown> => sender.ask('signal', { to: to.contact.id, sealed });
  // What the kernel takes for it does not wait here.
  let answer = await send(mute);
  for (let sent = 1; sent < 5_000 && (answer as { ok: boolean }).ok; sent++) answer = await send(mute);
  await expect.poll(() => send(mute)).toEqual({ ok: false, code: 'unknown-peer' });
  expect(await send(reader)).toEqual({ ok: true });
});

test('an address that opens connections without end gets no more than its share of them', async () => {
  await server.close();
  server = await startServer({ caps: { connectionsPerAddress: 3 } });
  const silent = await Promise.all(Array.from({ length: 3 }, () => openTcp(server.url)));
  // Not by `fetch`: it tries again by itself where a connection is closed before it has asked.
  const ask = (): Promise<string> =>
    exchange(server.url, 'GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n');
  expect(await ask()).toBe('');
  silent[0]?.destroy();
  await expect.poll(ask).toContain('200 OK');
  for (const socket of silent) socket.destroy();
});

test('closing the server closes its sockets and frees the port', async () => {
  const peer = await join();
  const end = closed(peer.socket);
  const port = Number(new URL(server.url).port);
  await server.close();
  await end;
  server = await startServer({ port });
  expect(new URL(server.url).port).toBe(String(port));
});

test('when there are as many sockets as may be the page still loads, and a further socket is told to go', async () => {
  await server.close();
  server = await startServer({ caps: { sockets: 1 } });
  await join();
  expect((await fetch(`${server.url}/healthz`)).status).toBe(200);
  await expect(TestPeer.connect(server.url, newIdentity())).rejects.toThrow('websocket error');
});
