import { expect, test } from 'vitest';
import { Lab, makeContent } from './test/lab.ts';

test('what four leechers fetch twice of 24 MB is under half a percent', () => {
  const content = makeContent(6, [24 * 1024 * 1024], 256 * 1024);
  for (let seed = 0; seed < 2; seed++) {
    const lab = new Lab(600 + seed);
    lab.add('the seed', { content, role: 'seed', uplink: 1000 });
    const leechers = Array.from({ length: 4 }, (_, i) =>
      lab.add(`leecher ${i}`, { content, role: 'leecher', uplink: 1000 }),
    );
    lab.connectAll();
    lab.run(300_000, () => leechers.every((peer) => peer.isComplete));
    for (const peer of leechers) expect(peer.hasIdenticalBytes).toBe(true);
    const wasted = leechers.reduce((sum, peer) => sum + peer.torrent.snapshot().wastedBytes, 0);
    expect(wasted).toBeLessThan(0.005 * 4 * content.bytes.length);
  }
});
