import { expect, test } from 'vitest';
import { toHex } from '../../../shared/src/bytes.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { HASH_TIMEOUT_MS } from '../../../shared/src/limits/swarm.ts';
import { Lab, type LabContent, type LabPeerOptions, makeContent } from './test/lab.ts';
import { flawsOf, flip } from './test/outcome.ts';
import type { Metainfo } from './types.ts';
import { MESSAGE } from './wire.ts';

const KIB = 1024;
/** Changes the last byte of each message that carries hashes. */
const tamperHashes = (bytes: Uint8Array): Uint8Array =>
  bytes[4] === MESSAGE.hashes ? bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte)) : bytes;

for (const version of ['v2', 'hybrid'] as const) {
  for (const [title, lengths, pieceLength] of [
    ['one file of many pieces', [700 * KIB + 5], 64 * KIB],
    ['pieces of one block', [100 * KIB], 16 * KIB],
    ['files shorter than a piece, one of a byte, one empty', [70 * KIB, 1, 0, 33 * KIB, 16 * KIB], 64 * KIB],
  ] as const) {
    test(`${version}, ${title}: fetched with the torrent file and with a magnet link alone`, () => {
      const content = makeContent(2, lengths, pieceLength, version);
      const lab = new Lab(2);
      lab.add('the seed', { content, role: 'seed' });
      const others = [lab.add('leecher', { content, role: 'leecher' }), lab.add('magnet', { content, role: 'magnet' })];
      lab.connectAll();
      lab.run(30_000, () => others.every((peer) => peer.isComplete));
      expect(flawsOf(others)).toEqual([]);
    });
  }

  for (const [title, every] of [
    ['in every block', 1],
    ['in every tenth block', 10],
  ] as const) {
    test(`${version}: a peer that lies ${title} wastes one block of each, and nobody else is blamed`, () => {
      for (let seed = 0; seed < 5; seed++) {
        const content = makeContent(6, [3000 * KIB], 64 * KIB, version);
        const lab = new Lab(600 + seed);
        lab.add('the seed', { content, role: 'seed', uplink: 500 });
        let count = 0;
        const corrupt: NonNullable<LabPeerOptions['corrupt']> = (...args) =>
          count++ % every === 0 ? flip(...args) : args[2];
        const liar = lab.add('liar', { content, role: 'seed', uplink: 500, corrupt });
        const leechers = Array.from({ length: 4 }, (_, i) =>
          lab.add(`leecher ${i}`, { content, role: i < 2 ? 'leecher' : 'magnet', uplink: 500 }),
        );
        lab.connectAll();
        lab.run(300_000, () => leechers.every((peer) => peer.isComplete));
        expect(flawsOf(leechers)).toEqual([]);
        for (const peer of leechers) {
          expect([...peer.wrongBytes]).toEqual(peer.wrongBytes.size === 0 ? [] : [[liar.id, BLOCK_BYTES]]);
          expect(peer.banned).toEqual(peer.wrongBytes.size === 0 ? [] : [liar.id]);
        }
        expect(leechers.some((peer) => peer.banned.length > 0)).toBe(true);
      }
    });
  }

  test(`${version}: a peer that lies about hashes is banned, and what it sent is not believed`, () => {
    const content = makeContent(7, [2000 * KIB], 64 * KIB, version);
    const lab = new Lab(7);
    const honest = lab.add('honest', { content, role: 'seed', uplink: 300 });
    const liar = lab.add('liar', { content, role: 'seed', uplink: 300, tamper: tamperHashes });
    const leecher = lab.add('leecher', { content, role: 'leecher' });
    lab.connect(liar, leecher);
    lab.connect(honest, leecher);
    lab.run(60_000, () => leecher.isComplete);
    expect(flawsOf([leecher])).toEqual([]);
    expect(leecher.banned).toEqual([liar.id]);
  });
}

test('v2: with the piece layers of a torrent file a magnet link gets its pieces from peers that give no hashes', () => {
  const content = makeContent(9, [700 * KIB, 300 * KIB], 64 * KIB, 'v2');
  const lab = new Lab(9);
  const tamper = (bytes: Uint8Array): Uint8Array => (bytes[4] === MESSAGE.hashes ? bytes.subarray(0, 0) : bytes);
  const seed = lab.add('the seed', { content, role: 'seed', tamper });
  const leecher = lab.add('leecher', { content, role: 'magnet' });
  lab.connect(seed, leecher);
  lab.run(3 * HASH_TIMEOUT_MS);
  expect([leecher.keptBytes, leecher.events.map(({ kind }) => kind)]).toEqual([0, ['metadata']]);
  const before = leecher.sources.get(seed.id);
  lab.input(leecher, { kind: 'command', command: { kind: 'takeMetadata', metainfo: content.metainfo } });
  expect([before, leecher.events.at(-1)]).toMatchObject([
    undefined,
    { kind: 'pieceLayers', metainfo: content.metainfo },
  ]);
  lab.run(9 * HASH_TIMEOUT_MS, () => leecher.isComplete);
  expect(flawsOf([leecher])).toEqual([]);
});

test('v2: piece layers of another info dictionary are not taken', () => {
  const [ours, others] = [10, 11].map((seed) => makeContent(seed, [700 * KIB], 64 * KIB, 'v2')) as [
    LabContent,
    LabContent,
  ];
  const lab = new Lab(10);
  const leecher = lab.add('leecher', { content: ours, role: 'magnet' });
  const bare = { ...ours.metainfo, pieceLayers: [undefined] };
  for (const metainfo of [bare, others.metainfo])
    lab.input(leecher, { kind: 'command', command: { kind: 'takeMetadata', metainfo } });
  expect(leecher.events.map(({ kind }) => kind)).toEqual(['metadata']);
});

const hexOf = (metainfo: Metainfo): string => metainfo.pieceLayers?.map((layer) => layer && toHex(layer)).join() ?? '';

test('piece layers of more than one request come from several peers, and are passed on', () => {
  const content = makeContent(8, [1300 * 16 * KIB], 16 * KIB, 'v2');
  const lab = new Lab(8);
  const first = lab.add('first', { content, role: 'magnet' });
  const second = lab.add('second', { content, role: 'magnet' });
  for (const name of ['a', 'b']) lab.connect(lab.add(name, { content, role: 'seed', uplink: 20_000 }), first);
  lab.connect(first, second);
  lab.run(60_000, () => second.events.some((event) => event.kind === 'pieceLayers'));
  for (const peer of [first, second]) {
    const layers = peer.events.flatMap((event) => (event.kind === 'pieceLayers' ? [hexOf(event.metainfo)] : []));
    expect(layers).toEqual([hexOf(content.metainfo)]);
  }
});
