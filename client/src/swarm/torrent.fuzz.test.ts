import { expect, test } from 'vitest';
import { concatBytes } from '../../../shared/src/bytes.ts';
import { hashToId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { MAX_TORRENT_PEERS } from '../../../shared/src/limits/swarm.ts';
import { randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { makeContent } from './test/lab.ts';
import { Torrent } from './torrent.ts';
import type { TorrentOutput } from './types.ts';
import { WireWriter } from './wire.ts';

const { metainfo } = makeContent(1, [300_000, 0, 77], 32 * 1024);
const self = hashToId(Uint8Array.of(0));
const peer = hashToId(Uint8Array.of(1));

test('noise instead of a stream, cut anywhere, does not throw', () => {
  const rng = seededRng(99);
  const torrent = new Torrent({ self, infoHash: metainfo.infoHash, metainfo, stored: undefined }, rng);
  const greeting = new WireWriter().handshake(nodeIdToBytes(metainfo.infoHash), nodeIdToBytes(peer)).take();
  let closed = 0;
  for (let i = 0; i < 20_000; i++) {
    const out: TorrentOutput[] = [];
    torrent.handle({ kind: 'linkUp', peer, isOutbound: true }, i, out);
    torrent.handle(
      { kind: 'received', from: peer, bytes: concatBytes(greeting, randomBytes(rng, randomBelow(rng, 60))) },
      i,
      out,
    );
    closed += out.filter((output) => output.kind === 'closeLink').length;
  }
  expect(closed).toBeGreaterThan(10_000);
}, 60_000);

test('the number of peers is bounded', () => {
  const torrent = new Torrent({ self, infoHash: metainfo.infoHash, metainfo, stored: undefined }, seededRng(1));
  const out: TorrentOutput[] = [];
  for (let i = 0; i < MAX_TORRENT_PEERS + 10; i++) {
    torrent.handle({ kind: 'linkUp', peer: hashToId(Uint8Array.of(i & 255, i >> 8)), isOutbound: true }, 0, out);
  }
  expect(out.filter((output) => output.kind === 'closeLink')).toHaveLength(10);
});
