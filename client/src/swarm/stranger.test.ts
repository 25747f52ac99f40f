import { expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { hashToId, parseNodeId } from '../../../shared/src/ids.ts';
import { EXCHANGE_FIRST_MS, TORRENT_TICK_MS } from '../../../shared/src/limits/swarm.ts';
import { encodeBencode } from './bencode.ts';
import { EXTENDED_HANDSHAKE, OUR_EXCHANGE_ID, decodeExtendedHandshake, encodeExtendedHandshake } from './extension.ts';
import { decodePeerNews, encodePeerNews } from './peer-exchange.ts';
import { type StrangerId, isStranger, peerIdOf, programOf, strangerOf } from './peer-key.ts';
import { Bench, closes } from './test/bench.ts';
import type { TorrentOutput } from './types.ts';
import { type WireMessage, WireWriter } from './wire.ts';

const PEER_ID = utf8Encode('-WW0300-abcdefghijkl');
const ALIAS = utf8Encode('-SK0001-abcdefghijkl');
const STRANGER = strangerOf(PEER_ID);

const send = (bench: Bench, write: (writer: WireWriter) => WireWriter): TorrentOutput[] =>
  bench.input({ kind: 'received', from: STRANGER, bytes: write(new WireWriter()).take() });
const linkUp = (bench: Bench): TorrentOutput[] =>
  bench.input({ kind: 'linkUp', peer: STRANGER, isOutbound: true, source: 'webtorrent', alias: ALIAS });
const greet = (bench: Bench, peerId = PEER_ID): TorrentOutput[] => [
  ...linkUp(bench),
  ...send(bench, (writer) => writer.handshake(bench.torrent.infoHashBytes, peerId)),
];
const extensions = (messages: readonly WireMessage[]): ReturnType<typeof decodeExtendedHandshake>[] =>
  messages.flatMap((message) =>
    message.kind === 'extended' && message.id === EXTENDED_HANDSHAKE ? [decodeExtendedHandshake(message.payload)] : [],
  );

test('a stranger is no node: its key reads back as its peer id, and never as a node id', () => {
  expect(peerIdOf(STRANGER)).toEqual(PEER_ID);
  expect(isStranger(STRANGER)).toBe(true);
  expect(isStranger(hashToId(PEER_ID))).toBe(false);
  expect(parseNodeId(STRANGER)).toBeUndefined();
  expect(peerIdOf('~nonsense' as StrangerId)).toHaveLength(20);
});

test('the program of a stranger is read off its peer id, where that is of a known one', () => {
  const program = (peerId: string): string | undefined => programOf(strangerOf(utf8Encode(peerId)));
  expect(program('-WW0321-abcdefghijkl')).toBe('WebTorrent 3.21');
  expect(program('-qB4650-abcdefghijkl')).toBe('qBittorrent');
  expect(program('-ZZ0321-abcdefghijkl')).toBeUndefined();
  expect(program('abcdefghijklmnopqrst')).toBeUndefined();
});

test('a stranger is greeted by the alias that it was told of, and never learns the node id', () => {
  const bench = new Bench('seed');
  const [greeting] = bench.messages(linkUp(bench));
  expect(greeting).toMatchObject({ kind: 'handshake', peerId: ALIAS });
});

test('a stranger may go by another peer id on the wire: neither is proven', () => {
  const bench = new Bench('seed');
  expect(closes(greet(bench, utf8Encode('-WW0300-zzzzzzzzzzzz')))).toEqual([]);
  expect(bench.torrent.snapshot().peers).toMatchObject([{ id: STRANGER, source: 'webtorrent' }]);
});

test('a stranger of another torrent is dropped', () => {
  const bench = new Bench('seed');
  linkUp(bench);
  expect(closes(send(bench, (writer) => writer.handshake(new Uint8Array(20), PEER_ID)))).toEqual(['malformed']);
});

test('strangers are named to no node, and told of none', () => {
  const bench = new Bench('seed');
  const told = extensions(bench.messages([...greet(bench)]));
  expect(told).toMatchObject([{ exchangeId: 0 }]);
  send(bench, (writer) => writer.extended(EXTENDED_HANDSHAKE, encodeExtendedHandshake(undefined)));
  const node = bench.greet();
  expect(closes(node)).toEqual([]);
  bench.receive((writer) => writer.extended(EXTENDED_HANDSHAKE, encodeExtendedHandshake(undefined)));
  const out: TorrentOutput[] = [];
  for (; bench.now < EXCHANGE_FIRST_MS + 2 * TORRENT_TICK_MS; bench.now += TORRENT_TICK_MS)
    out.push(...bench.input({ kind: 'deadline' }));
  expect(out.filter((output) => output.kind === 'send' && isNews(output.bytes))).toEqual([]);
});

test('what a stranger names as peers is not looked at', () => {
  const bench = new Bench('seed');
  greet(bench);
  const payload = encodePeerNews({
    added: [{ id: hashToId(Uint8Array.of(9)), isSeed: true, isReachable: true }],
    dropped: [],
  });
  const out = send(bench, (writer) => writer.extended(OUR_EXCHANGE_ID, payload));
  expect(out.filter(({ kind }) => kind === 'emit' || kind === 'closeLink')).toEqual([]);
});

test('the program that a peer names is one short line', () => {
  const program = (text: string): string | undefined =>
    decodeExtendedHandshake(encodeBencode(new Map([['v', utf8Encode(text)]])))?.program;
  expect(program('WebTorrent 3.0.21')).toBe('WebTorrent 3.0.21');
  expect(program('  a\nb\u202e\u0000c ')).toBe('a b c');
  expect(program('x'.repeat(1000))).toHaveLength(40);
  expect(program(' \n ')).toBeUndefined();
});

/** True when the bytes hold a message of the peer exchange. */
function isNews(bytes: Uint8Array): boolean {
  const id = bytes[5];
  return bytes[4] === 20 && id === OUR_EXCHANGE_ID && decodePeerNews(bytes.subarray(6)) !== undefined;
}
