import { afterAll, beforeAll, expect, test } from 'vitest';
import { randomBelow, randomBytes, seededRng } from '../../shared/src/machine.ts';
import { TestPeer, closed, pick, startServer } from '../test/fixtures.ts';
import { RawWebSocket, exchange } from '../test/raw-socket.ts';
import { ALLOWANCES } from './rate-limits.ts';
import type { SignalingServer } from './server.ts';

let server: SignalingServer;
let bystanders: [TestPeer, TestPeer];

beforeAll(async () => {
  // The one address of this machine must not run out of connects in here.
  const connect = { ...ALLOWANCES.connect, perAddress: 100_000 };
  server = await startServer({ allowances: { connect } });
  bystanders = [await TestPeer.join(server.url), await TestPeer.join(server.url)];
});

afterAll(async () => {
  for (const peer of bystanders) peer.close();
  await server.close();
});

/** The server still relays, for sockets that were there before the trouble. */
async function expectUnharmed(): Promise<void> {
  const [a, b] = bystanders;
  const before = b.signals.length;
  expect(await a.ask('signal', { to: b.contact.id, sealed: new Uint8Array([1]) })).toEqual({ ok: true });
  await b.received(before + 1);
  expect(a.socket.connected && b.socket.connected).toBe(true);
}

test('events that do not exist and payloads that fit none are answered with their code', async () => {
  const peer = await TestPeer.join(server.url);
  for (const event of ['nonsense', 'constructor', '__proto__', 'toString', 'error', '']) {
    expect(await peer.ask(event, {})).toEqual({ ok: false, code: 'unknown-event' });
  }
  for (const payload of [undefined, null, 1, 'text', [], [[]], { to: 1 }, new Uint8Array(5)]) {
    expect(await peer.ask('signal', payload)).toEqual({ ok: false, code: 'malformed' });
  }
  expect(await peer.ask('signal')).toEqual({ ok: false, code: 'malformed' });
  expect(await peer.ask('signal', {}, {})).toEqual({ ok: false, code: 'malformed' });
  peer.close();
  await expectUnharmed();
});

test('an error that has no acknowledgement to go through comes as an event that names what it is about', async () => {
  const peer = await TestPeer.join(server.url);
  peer.socket.emit('nonsense', 1);
  peer.socket.emit('join');
  await peer.settled();
  expect(peer.notices).toEqual([
    { code: 'unknown-event', event: 'nonsense' },
    { code: 'malformed', event: 'join' },
  ]);
  peer.close();
});

test('a message over 64 KiB closes its own socket and no other', async () => {
  const peer = await TestPeer.join(server.url);
  const end = closed(peer.socket);
  peer.socket.emit('signal', { to: peer.contact.id, sealed: new Uint8Array(70_000) });
  await end;
  await expectUnharmed();
});

const PACKETS = [
  '',
  '4',
  '40',
  '40/admin,',
  '40{"token":1}',
  '42',
  '42[]',
  '42[1]',
  '42["join"]',
  '42["join",{"publicKey":{"_placeholder":true,"num":0}}]',
  '42["disconnect"]',
  '42["error",{"code":1}]',
  '421["signal",{"to":[]}]',
  '429007199254740993["signal",{}]',
  '43',
  '430[]',
  '43999[1]',
  '44{"message":"no"}',
  '451-["join",{"publicKey":{"_placeholder":true,"num":7}}]',
  '4599-["join"]',
  '45-1-["join"]',
  '462-',
  '49',
  '1',
  '2probe',
  '3',
  '5',
  '6',
  '9',
  '\u0000\u0001',
  `42["signal",${'['.repeat(30_000)}${']'.repeat(30_000)}]`,
  `42["signal",{"to":"${'a'.repeat(60_000)}"}]`,
];

test('hand-made and random websocket frames at the socket.io path end at most their own socket', async () => {
  const rng = seededRng(5);
  for (let run = 0; run < 60; run++) {
    const socket = await RawWebSocket.open(server.url);
    if (run % 2 === 0) socket.frame(1, '40');
    for (let frame = 0; frame < 12; frame++) {
      const packet = pick(PACKETS, randomBelow(rng, PACKETS.length));
      switch (randomBelow(rng, 6)) {
        case 0:
          socket.frame(2, randomBytes(rng, randomBelow(rng, 300)));
          break;
        case 1:
          socket.frame(randomBelow(rng, 16), randomBytes(rng, randomBelow(rng, 130)));
          break;
        case 2:
          socket.raw(randomBytes(rng, randomBelow(rng, 64)));
          break;
        default:
          socket.frame(1, packet);
      }
    }
    if (run % 3 === 0) socket.end();
    else socket.destroy();
  }
  await expectUnharmed();
});

test('a socket that never gets to socket.io is closed, not kept', async () => {
  const socket = await RawWebSocket.open(server.url);
  socket.frame(1, '49');
  await socket.closed;
  socket.destroy();
  await expectUnharmed();
});

test.each([
  ['a second one that begins with it', ['40', '40']],
  ['one in another namespace', ['40', '40/elsewhere,']],
])('a websocket has one conversation: %s closes it', async (_, packets) => {
  const socket = await RawWebSocket.open(server.url);
  socket.frames(1, ...packets);
  await socket.closed;
  socket.destroy();
  await expectUnharmed();
});

test('a websocket whose conversation was left is closed', async () => {
  const peer = await TestPeer.join(server.url);
  const end = closed(peer.socket);
  peer.write('1');
  expect(await end).toBe('transport close');
  await expectUnharmed();
});

const REQUESTS = [
  'GET / HTTP/1.1\r\n\r\n',
  'GET * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'GET http://elsewhere.example/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'GET //evil.example/%2e%2e/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'GET /%E0%A4%A HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'GET /socket.io/?EIO=4&transport=websocket&sid=__proto__ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'GET /socket.io/?transport=__proto__ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  'GET /socket.io/http://[ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'GET /elsewhere HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  'POST /config.json HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello',
  'BREW /coffee HTTP/1.1\r\nHost: a\r\n\r\n',
  `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(40_000)}\r\n\r\n`,
  'GET / HTTP/9.9\r\n\r\n',
  '\u0016\u0003\u0001\u0000',
];

test('absurd HTTP requests get an error or a closed connection', async () => {
  const answers = await Promise.all(REQUESTS.map((request) => exchange(server.url, request)));
  const statuses = answers.map((answer) => answer.match(/^HTTP\/1\.1 (\d{3})/)?.[1] ?? 'closed');
  for (const status of statuses) expect(status).toMatch(/^(4\d\d|closed|505)$/);
  await expectUnharmed();
});
