import { expect, test } from 'vitest';
import { hashToId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { EXCHANGE_FIRST_MS, METADATA_TIMEOUT_MS } from '../../../shared/src/limits/swarm.ts';
import { type BencodeInput, encodeBencode } from './bencode.ts';
import { EXTENDED_HANDSHAKE, OUR_METADATA_ID, encodeMetadataRequest } from './extension.ts';
import { Bench } from './test/bench.ts';
import type { TorrentOutput } from './types.ts';
import { WireWriter } from './wire.ts';

/** What the peer says of its extensions; the ids under which it is sent messages of them from then on. */
function say(bench: Bench, ids: Readonly<Record<string, number>>, metadataSize?: number): number[] {
  const handshake = new Map<string, BencodeInput>([['m', new Map(Object.entries(ids))]]);
  if (metadataSize !== undefined) handshake.set('metadata_size', metadataSize);
  return idsOf(
    bench,
    bench.receive((writer) => writer.extended(EXTENDED_HANDSHAKE, encodeBencode(handshake))),
  );
}

/** The ids of extension messages to the peer. */
function idsOf(bench: Bench, out: readonly TorrentOutput[]): number[] {
  const own = out.filter((output) => output.kind === 'send' && output.to === bench.peer);
  return bench.messages(own).flatMap((message) => (message.kind === 'extended' ? [message.id] : []));
}

/** Lets `ms` pass, second by second. */
function wait(bench: Bench, ms: number): TorrentOutput[] {
  const out: TorrentOutput[] = [];
  for (const end = bench.now + ms; bench.now < end;) {
    bench.now += 1000;
    out.push(...bench.input({ kind: 'deadline' }));
  }
  return out;
}

test('a peer that takes ut_metadata back by the id 0 is sent none, and one that does not name it keeps its id (BEP 10)', () => {
  const bench = new Bench('seed');
  bench.messages(bench.greet());
  const ask = (): number[] =>
    idsOf(
      bench,
      bench.receive((writer) => writer.extended(OUR_METADATA_ID, encodeMetadataRequest(0))),
    );
  say(bench, { ut_metadata: 3 });
  expect(ask()).toEqual([3]);
  say(bench, {});
  expect(ask()).toEqual([3]);
  say(bench, { ut_metadata: 0 });
  expect(ask()).toEqual([]);
  say(bench, { ut_metadata: 4 });
  expect(ask()).toEqual([4]);
});

test('a peer that takes ut_metadata back is not asked for the metadata until it speaks it again (BEP 10)', () => {
  const bench = new Bench('magnet');
  bench.messages(bench.greet());
  expect(say(bench, { ut_metadata: 3 }, 100)).toEqual([3]);
  expect(say(bench, { ut_metadata: 0 }, 100)).toEqual([]);
  expect(idsOf(bench, wait(bench, 2 * METADATA_TIMEOUT_MS))).toEqual([]);
  expect(say(bench, { ut_metadata: 4 }, 100)).toEqual([4]);
});

for (const [id, told] of [
  [5, [5]],
  [0, []],
] as const) {
  test(`a peer that changes the id of the peer exchange to ${id} is told of others under ${told.length === 0 ? 'none' : 'that'} (BEP 10)`, () => {
    const bench = new Bench('leecher');
    bench.messages(bench.greet());
    const other = hashToId(Uint8Array.of(3));
    bench.input({ kind: 'linkUp', peer: other, isOutbound: false });
    const greeting = new WireWriter().handshake(bench.torrent.infoHashBytes, nodeIdToBytes(other)).take();
    bench.input({ kind: 'received', from: other, bytes: greeting });
    say(bench, { skein_pex: 2 });
    say(bench, { skein_pex: id });
    expect(idsOf(bench, wait(bench, 2 * EXCHANGE_FIRST_MS))).toEqual(told);
  });
}
