import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { ANSWER_SHARE, METADATA_PIPELINE } from '../../../shared/src/limits/swarm.ts';
import { Lab, makeContent } from './test/lab.ts';

const KIB = 1024;

for (const way of ['up', 'down'] as const) {
  test(`a limit on what goes ${way} holds over the whole transfer, and is used`, () => {
    const content = makeContent(61, [1024 * KIB], 64 * KIB);
    const lab = new Lab(61);
    const seed = lab.add('the seed', { content, role: 'seed', uplink: 4000 });
    const leecher = lab.add('leecher', { content, role: 'leecher', uplink: 4000 });
    const limits = { kind: 'setLimits', downBytesPerSecond: undefined, upBytesPerSecond: undefined } as const;
    if (way === 'up') lab.input(seed, { kind: 'command', command: { ...limits, upBytesPerSecond: 128 * KIB } });
    else lab.input(leecher, { kind: 'command', command: { ...limits, downBytesPerSecond: 128 * KIB } });
    lab.connectAll();
    lab.run(6_000);
    expect(seed.torrent.snapshot().uploadedBytes).toBeLessThan(6.5 * 128 * KIB);
    lab.run(12_000, () => leecher.isComplete);
    expect(leecher.isComplete).toBe(true);
    expect(leecher.hasIdenticalBytes).toBe(true);
  });
}

test('a limit that is set again while blocks go out lends nothing', () => {
  const content = makeContent(62, [1024 * KIB], 64 * KIB);
  const lab = new Lab(62);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 4000 });
  lab.add('leecher', { content, role: 'leecher', uplink: 4000 });
  const again = (): void => {
    const command = { kind: 'setLimits', downBytesPerSecond: undefined, upBytesPerSecond: 128 * KIB } as const;
    lab.input(seed, { kind: 'command', command });
    lab.after(100, again);
  };
  again();
  lab.connectAll();
  lab.run(6_000);
  expect(seed.torrent.snapshot().uploadedBytes).toBeLessThan(6.5 * 128 * KIB);
});

for (const [title, upBytesPerSecond, newcomers] of [
  ['one newcomer', 10_000, 1],
  ['one newcomer, much lower', 2000, 1],
  ['seven newcomers at once', 40_000, 7],
] as const) {
  test(`under a limit on what goes up a magnet link opens in the time that its metadata takes there: ${title}`, () => {
    const content = makeContent(
      63,
      Array.from({ length: 3000 }, () => 10),
      16 * KIB,
    );
    const { length } = content.metainfo.infoBytes;
    expect(length).toBeGreaterThan((METADATA_PIPELINE + 1) * BLOCK_BYTES);
    const lab = new Lab(63);
    const seed = lab.add('the seed', { content, role: 'seed', uplink: 4000 });
    const others = Array.from({ length: newcomers }, (_, i) => lab.add(`magnet ${i}`, { content, role: 'magnet' }));
    const limits = { kind: 'setLimits', downBytesPerSecond: undefined, upBytesPerSecond } as const;
    lab.input(seed, { kind: 'command', command: limits });
    for (const other of others) lab.connect(seed, other);
    const paidMs = (newcomers * length * 1000) / (upBytesPerSecond * ANSWER_SHARE);
    lab.run(1.1 * paidMs, () => others.every(({ events }) => events.some(({ kind }) => kind === 'metadata')));
    expect(others.filter(({ events }) => !events.some(({ kind }) => kind === 'metadata'))).toHaveLength(0);
    expect(others.flatMap(({ closed }) => closed.filter(({ why }) => why !== 'useless'))).toEqual([]);
  });
}
