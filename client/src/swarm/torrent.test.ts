import { expect, test } from 'vitest';
import { Lab } from './test/lab.ts';
import { makeContent } from './test/lab.ts';

const KIB = 1024;

test('five leechers get identical bytes from one seed, and most of them from each other', () => {
  const content = makeContent(1, [4096 * KIB + 77], 64 * KIB);
  const lab = new Lab(1);
  const seed = lab.add('seed', { content, role: 'seed', uplink: 1000 });
  const leechers = Array.from({ length: 5 }, (_, i) => lab.add(`leecher ${i}`, { content, role: 'leecher', uplink: 1000 }));
  lab.connectAll();
  lab.run(120_000, () => leechers.every((peer) => peer.isComplete));
  console.log('t', lab.now, leechers.map((p) => [p.completedAt, p.keptBytes, [...p.sources.values()]]), seed.torrent.snapshot().uploadedBytes / content.bytes.length);
  for (const peer of leechers) {
    expect(peer.isComplete).toBe(true);
    expect(peer.hasIdenticalBytes).toBe(true);
    expect(peer.sources.size).toBe(5);
  }
});
