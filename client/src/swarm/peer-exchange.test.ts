import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NodeId, hashToId, nodeIdFromBytes } from '../../../shared/src/ids.ts';
import {
  EXCHANGE_FIRST_MS,
  EXCHANGE_LEAST_GAP_MS,
  EXCHANGE_PERIOD_MS,
  MAX_EXCHANGED_PEERS,
  TORRENT_TICK_MS,
} from '../../../shared/src/limits/swarm.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { vector } from '../../../shared/test/vectors.ts';
import { encodeBencode } from './bencode.ts';
import { buildMetainfo } from './build-metainfo.ts';
import { OUR_EXCHANGE_ID } from './extension.ts';
import { type PeerNews, decodePeerNews, encodePeerNews } from './peer-exchange.ts';
import { Bench, closes } from './test/bench.ts';
import { mutate } from './test/fuzz.ts';
import { Lab, type LabPeer, makeContent } from './test/lab.ts';
import type { TorrentOutput } from './types.ts';
import { WireWriter } from './wire.ts';

const idOf = (first: number): NodeId => nodeIdFromBytes(Uint8Array.from({ length: 20 }, (_, i) => first + i));
const numbered = (n: number): NodeId => hashToId(Uint8Array.of(n & 255, n >> 8));
const plain = (id: NodeId): PeerNews['added'][number] => ({ id, isSeed: false, isReachable: false });
const NEWS: PeerNews = {
  added: [{ id: idOf(0xa0), isSeed: true, isReachable: true }, plain(idOf(0xb0))],
  dropped: [idOf(0xc0)],
};
const found = (out: readonly TorrentOutput[]): NodeId[] =>
  out.flatMap((output) =>
    output.kind === 'emit' && output.event.kind === 'peersFound' ? output.event.peers.map(({ id }) => id) : [],
  );
const foundBy = (peer: LabPeer): NodeId[] =>
  peer.events.flatMap((event) => (event.kind === 'peersFound' ? event.peers.map(({ id }) => id) : []));

test('a message is the worked example, and is read back', () => {
  const message = new WireWriter().extended(OUR_EXCHANGE_ID, encodePeerNews(NEWS)).take();
  expect(message).toEqual(vector('wire/PEER_EXCHANGE'));
  expect(decodePeerNews(message.subarray(6))).toEqual(NEWS);
});

test('whatever is encoded is read back', () => {
  const id = fc.nat(60_000).map(numbered);
  const peer = fc.record({ id, isSeed: fc.boolean(), isReachable: fc.boolean() });
  const lists = { added: fc.array(peer, { maxLength: 50 }), dropped: fc.array(id, { maxLength: 50 }) };
  fc.assert(
    fc.property(fc.record(lists), (news) => {
      expect(decodePeerNews(encodePeerNews(news))).toEqual(news);
    }),
  );
});

test('half an id is refused, what is beyond the bound is left out, and missing flags are none', () => {
  expect(decodePeerNews(encodeBencode(new Map([['added', new Uint8Array(21)]])))).toBeUndefined();
  expect(decodePeerNews(encodeBencode(new Map([['dropped', new Uint8Array(19)]])))).toBeUndefined();
  expect(decodePeerNews(encodeBencode([]))).toBeUndefined();
  const many = decodePeerNews(encodeBencode(new Map([['added', new Uint8Array(20 * (MAX_EXCHANGED_PEERS + 1))]])));
  expect(many?.added).toHaveLength(MAX_EXCHANGED_PEERS);
  expect(many?.added[0]).toMatchObject({ isSeed: false, isReachable: false });
});

test('hostile payloads do not throw', () => {
  const rng = seededRng(11);
  let accepted = 0;
  for (let i = 0; i < 20_000; i++) if (decodePeerNews(mutate(rng, [encodePeerNews(NEWS)]))) accepted++;
  expect(accepted).toBeGreaterThan(1000);
});

test('a peer is told of the others after some seconds, and of what has changed once a minute', () => {
  const content = makeContent(1, [2_000_000], 64 * 1024);
  const lab = new Lab(1);
  // Nothing is to be had, so nobody leaves.
  const [hub, ...spokes] = ['hub', 'a', 'b', 'c', 'd'].map((name) => lab.add(name, { content, role: 'leecher' })) as [
    LabPeer,
    ...LabPeer[],
  ];
  const [a, b, c, d] = spokes as [LabPeer, LabPeer, LabPeer, LabPeer];
  for (const spoke of [a, b, c]) lab.connect(hub, spoke);
  lab.run(EXCHANGE_FIRST_MS - 1);
  expect(foundBy(a)).toEqual([]);
  lab.run(EXCHANGE_FIRST_MS + 2 * TORRENT_TICK_MS);
  expect(foundBy(a)).toEqual([b.id, c.id]);
  expect(foundBy(hub)).toEqual([]);
  lab.connect(hub, d);
  lab.run(EXCHANGE_PERIOD_MS);
  expect(foundBy(a)).toEqual([b.id, c.id]);
  lab.run(EXCHANGE_PERIOD_MS + EXCHANGE_FIRST_MS + 3 * TORRENT_TICK_MS);
  expect(foundBy(a)).toEqual([b.id, c.id, d.id]);
});

test('a peer that tells more often than it may is not listened to, and one that sends nonsense is dropped', () => {
  const bench = new Bench('leecher');
  bench.greet();
  const tell = (...ids: NodeId[]): TorrentOutput[] =>
    bench.receive((writer) => writer.extended(OUR_EXCHANGE_ID, encodePeerNews({ added: ids.map(plain), dropped: [] })));
  expect(found(tell(numbered(1), numbered(1), bench.self, bench.peer))).toEqual([numbered(1)]);
  bench.now += EXCHANGE_LEAST_GAP_MS - 1;
  expect(found(tell(numbered(2)))).toEqual([]);
  bench.now += 1;
  expect(found(tell(numbered(3)))).toEqual([numbered(3)]);
  bench.now += EXCHANGE_LEAST_GAP_MS;
  expect(closes(bench.receive((writer) => writer.extended(OUR_EXCHANGE_ID, new Uint8Array(3))))).toEqual(['malformed']);
});

test('in a private torrent peers are named to nobody and nobody that is named is sought (BEP 27)', () => {
  const open = makeContent(95, [256 * 1024], 64 * 1024);
  const { name, pieceLength, pieceHashes } = open.metainfo;
  const files = open.metainfo.files.map(({ path, length }) => ({ path, length }));
  const metainfo = buildMetainfo({ name, files, pieceLength, pieceHashes, trackers: [], isPrivate: true });
  for (const [content, isNamed] of [
    [open, true],
    [{ ...open, metainfo }, false],
  ] as const) {
    const lab = new Lab(95);
    // Nothing is to be had, so nobody leaves.
    const hub = lab.add('hub', { content, role: 'leecher' });
    const peers = ['a', 'b'].map((each) => lab.add(each, { content, role: 'leecher' }));
    for (const peer of peers) lab.connect(hub, peer);
    lab.run(EXCHANGE_FIRST_MS + 3000);
    const found = peers.flatMap(({ events }) => events.filter(({ kind }) => kind === 'peersFound'));
    expect(found.length > 0).toBe(isNamed);
  }
});
