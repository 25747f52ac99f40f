import { expect, test } from 'vitest';
import { toHex } from '../../../shared/src/bytes.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { Lab, type LabPeerOptions, makeContent } from './test/lab.ts';
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
