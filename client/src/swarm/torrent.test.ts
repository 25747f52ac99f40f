import { expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { infoHashOf } from './metainfo.ts';
import { at } from './test/at.ts';
import { Lab, type LabPeer, type LabPeerOptions, makeContent } from './test/lab.ts';
import { flawsOf, flip } from './test/outcome.ts';
import type { TorrentOutput } from './types.ts';

const KIB = 1024;
const addMany = (lab: Lab, count: number, options: LabPeerOptions): LabPeer[] =>
  Array.from({ length: count }, (_, i) => lab.add(`${options.role} ${i}`, options));

test('five leechers get identical bytes from one seed, and each from all the others at once', () => {
  const content = makeContent(1, [4096 * KIB + 77], 64 * KIB);
  const lab = new Lab(1);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 1000 });
  const leechers = addMany(lab, 5, { content, role: 'leecher', uplink: 1000 });
  lab.connectAll();
  lab.run(120_000, () => leechers.every((peer) => peer.isComplete));
  expect(flawsOf(leechers)).toEqual([]);
  for (const peer of leechers) {
    expect(peer.sources.size).toBe(5);
    // Every block is kept exactly once: what comes twice at the end is not written again.
    expect(peer.keptBytes).toBe(content.bytes.length);
  }
  expect(seed.torrent.snapshot().uploadedBytes).toBeLessThan(3 * content.bytes.length);
});

for (const [title, lengths, pieceLength] of [
  ['a file of one byte', [1], 16 * KIB],
  ['a file of exactly one piece', [16 * KIB], 16 * KIB],
  ['a file of exactly two blocks in one piece', [32 * KIB], 32 * KIB],
  ['several files, one of them empty, with pieces across their borders', [5, 0, 40_000, 16 * KIB, 1], 16 * KIB],
  ['pieces whose length is no multiple of a block', [100_000], 24_000],
  ['a file of no bytes', [0], 16 * KIB],
] as const) {
  test(`${title} is fetched, with the torrent file and with a magnet link alone`, () => {
    const content = makeContent(2, lengths, pieceLength);
    const lab = new Lab(2);
    lab.add('the seed', { content, role: 'seed' });
    const others = [lab.add('leecher', { content, role: 'leecher' }), lab.add('magnet', { content, role: 'magnet' })];
    lab.connectAll();
    lab.run(30_000, () => others.every((peer) => peer.isComplete));
    expect(flawsOf(others)).toEqual([]);
    expect(others[1]?.events.filter((event) => event.kind === 'metadata')).toHaveLength(1);
  });
}

test('a seed says at the start that everything is here, without any peer', () => {
  const lab = new Lab(3);
  const seed = lab.add('the seed', { content: makeContent(3, [100], 16 * KIB), role: 'seed' });
  lab.run(1);
  expect(seed.isComplete).toBe(true);
  expect(seed.torrent.nextDeadline()).toBeUndefined();
});

test('metadata of many blocks comes from several peers, also from one that has only just learnt it', () => {
  const content = makeContent(
    4,
    Array.from({ length: 3000 }, () => 10),
    16 * KIB,
  );
  expect(content.metainfo.infoBytes.length).toBeGreaterThan(5 * BLOCK_BYTES);
  const lab = new Lab(4);
  const seeds = addMany(lab, 2, { content, role: 'seed' });
  const first = lab.add('first', { content, role: 'magnet' });
  const second = lab.add('second', { content, role: 'magnet' });
  for (const seed of seeds) lab.connect(seed, first);
  lab.connect(first, second);
  lab.run(30_000, () => second.isComplete);
  expect(flawsOf([first, second])).toEqual([]);
});

test('a peer that lies about the metadata is banned, and the honest one is not', () => {
  const content = makeContent(
    5,
    Array.from({ length: 3000 }, () => 10),
    16 * KIB,
  );
  const lab = new Lab(5);
  const honest = lab.add('honest', { content, role: 'seed' });
  // A change in the middle of a long message: the bencode around it stays as it is.
  const tamper = (bytes: Uint8Array): Uint8Array =>
    bytes.length < 8000 ? bytes : bytes.map((byte, i) => (i === 4000 ? byte ^ 1 : byte));
  const liar = lab.add('liar', { content, role: 'seed', tamper });
  const leecher = lab.add('leecher', { content, role: 'magnet' });
  lab.connect(liar, leecher);
  lab.connect(honest, leecher);
  lab.run(60_000, () => leecher.isComplete);
  expect(flawsOf([leecher])).toEqual([]);
  expect(leecher.banned).not.toContain(honest.id);
  const alone = lab.add('alone', { content, role: 'magnet' });
  lab.connect(liar, alone);
  lab.run(lab.now + 5000);
  expect(alone.banned).toEqual([liar.id]);
  expect(alone.closed).toContainEqual({ peer: liar.id, why: 'banned' });
});

test('metadata that the link names and that is refused ends the download and says why, and nobody is banned for it', () => {
  const { bytes, metainfo } = makeContent(5, [100_000], 16 * KIB);
  const infoBytes = utf8Encode('d6:lengthi1e4:name2:..12:piece lengthi16384e6:pieces20:aaaaaaaaaaaaaaaaaaaae');
  const content = { bytes, metainfo: { ...metainfo, infoBytes, infoHash: infoHashOf(infoBytes) } };
  const lab = new Lab(5);
  const seeds = addMany(lab, 2, { content, role: 'seed' });
  const leecher = lab.add('leecher', { content, role: 'magnet' });
  lab.connectAll();
  lab.run(60_000);
  expect(leecher.events).toEqual([{ kind: 'metadataRefused', code: 'bad-name' }]);
  for (const { id } of seeds) expect(leecher.closed).toContainEqual({ peer: id, why: 'stopped' });
  expect(leecher.torrent.nextDeadline()).toBeUndefined();
});

for (const [title, every] of [
  ['in every block', 1],
  ['in every tenth block', 10],
] as const) {
  test(`a peer that lies ${title} is banned by everyone, named, and everyone else completes`, () => {
    for (let seed = 0; seed < 5; seed++) {
      const content = makeContent(6, [3000 * KIB], 64 * KIB);
      const lab = new Lab(600 + seed);
      lab.add('the seed', { content, role: 'seed', uplink: 500 });
      let count = 0;
      const corrupt: NonNullable<LabPeerOptions['corrupt']> = (...args) =>
        count++ % every === 0 ? flip(...args) : args[2];
      const liar = lab.add('liar', { content, role: 'seed', uplink: 500, corrupt });
      const leechers = addMany(lab, 4, { content, role: 'leecher', uplink: 500 });
      lab.connectAll();
      lab.run(300_000, () => leechers.every((peer) => peer.isComplete));
      expect(flawsOf(leechers)).toEqual([]);
      for (const peer of leechers) expect(peer.banned).toEqual([liar.id]);
    }
  });
}

test('a banned peer is not accepted again', () => {
  const content = makeContent(7, [64 * KIB], 32 * KIB);
  const lab = new Lab(7);
  const liar = lab.add('liar', { content, role: 'seed', corrupt: flip });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connect(liar, leecher);
  lab.run(5000);
  expect(leecher.banned).toEqual([liar.id]);
  lab.connect(liar, leecher);
  expect(leecher.closed.filter((entry) => entry.why === 'banned')).toHaveLength(2);
  expect(leecher.torrent.snapshot().storedPieces).toBe(0);
});

test('when a source vanishes in the middle another one continues', () => {
  const content = makeContent(8, [2000 * KIB], 64 * KIB);
  const lab = new Lab(8);
  const seeds = addMany(lab, 2, { content, role: 'seed', uplink: 200 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(60_000, () => leecher.torrent.snapshot().storedPieces > 10);
  lab.kill(at(seeds, 0));
  lab.run(60_000, () => leecher.isComplete);
  expect(flawsOf([leecher])).toEqual([]);
  expect(leecher.sources.size).toBe(2);
});

test('when the only seed vanishes, leechers that have everything between them finish', () => {
  const content = makeContent(9, [1000 * KIB], 32 * KIB);
  const lab = new Lab(9);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 500 });
  const leechers = addMany(lab, 4, { content, role: 'leecher', uplink: 500 });
  lab.connectAll();
  const stored = (): number => {
    const pieces = leechers.flatMap((peer) =>
      peer.events.map((event) => (event.kind === 'pieceStored' ? event.piece : -1)),
    );
    return new Set(pieces.filter((piece) => piece >= 0)).size;
  };
  lab.run(60_000, () => stored() === at(leechers, 0).torrent.snapshot().pieceCount);
  lab.kill(seed);
  lab.run(120_000, () => leechers.every((peer) => peer.isComplete));
  expect(flawsOf(leechers)).toEqual([]);
});

test('a source that stops answering is snubbed, and what it was asked for comes from another', () => {
  const content = makeContent(10, [500 * KIB], 32 * KIB);
  const lab = new Lab(10);
  const [dead, alive] = [
    lab.add('dead', { content, role: 'seed', uplink: 50 }),
    lab.add('alive', { content, role: 'seed', uplink: 20 }),
  ];
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connect(dead, leecher);
  lab.run(500);
  dead.isMute = true;
  lab.connect(alive, leecher);
  lab.run(200_000, () => leecher.isComplete);
  expect(flawsOf([leecher])).toEqual([]);
  expect(lab.now).toBeLessThan(90_000);
});

test('a full disk pauses the download with its reason, and resuming it goes on', () => {
  const content = makeContent(11, [500 * KIB], 32 * KIB);
  const lab = new Lab(11);
  lab.add('the seed', { content, role: 'seed' });
  const store = (count: number) => (count === 5 ? ({ kind: 'failed', code: 'storage-full' } as const) : undefined);
  const leecher = lab.add('leecher', { content, role: 'leecher', store });
  lab.connectAll();
  lab.run(10_000);
  expect(leecher.events).toContainEqual({ kind: 'storageFailed', code: 'storage-full' });
  expect(leecher.torrent.snapshot().isPaused).toBe(true);
  expect(leecher.isComplete).toBe(false);
  lab.input(leecher, { kind: 'command', command: { kind: 'setPaused', isPaused: false } });
  lab.run(30_000, () => leecher.isComplete);
  expect(flawsOf([leecher])).toEqual([]);
});

test('a failure of storage that began before the download was resumed does not stop it again', () => {
  const content = makeContent(11, [500 * KIB], 32 * KIB);
  const lab = new Lab(11);
  lab.add('the seed', { content, role: 'seed' });
  const goOn = (): void => {
    for (const isPaused of [true, false])
      lab.input(leecher, { kind: 'command', command: { kind: 'setPaused', isPaused } });
  };
  const store = (count: number) => {
    if (count !== 5) return undefined;
    lab.after(0, goOn);
    return { kind: 'failed', code: 'storage-full' } as const;
  };
  const leecher = lab.add('leecher', { content, role: 'leecher', store });
  lab.connectAll();
  lab.run(30_000, () => leecher.isComplete);
  expect(leecher.events.filter(({ kind }) => kind === 'storageFailed')).toEqual([]);
  expect(flawsOf([leecher])).toEqual([]);
});

test('a paused torrent takes and gives nothing, and goes on where it was', () => {
  const content = makeContent(12, [4000 * KIB], 64 * KIB);
  const lab = new Lab(12);
  lab.add('the seed', { content, role: 'seed', uplink: 500 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(2000);
  lab.input(leecher, { kind: 'command', command: { kind: 'setPaused', isPaused: true } });
  lab.run(4000);
  const before = leecher.keptBytes;
  expect(before).toBeGreaterThan(0);
  lab.run(20_000);
  expect(leecher.keptBytes).toBe(before);
  expect(leecher.closed).toEqual([]);
  lab.input(leecher, { kind: 'command', command: { kind: 'setPaused', isPaused: false } });
  lab.run(60_000, () => leecher.isComplete);
  expect(flawsOf([leecher])).toEqual([]);
});

for (const [title, pauseMs] of [
  ['at once', 0],
  ['before what was on its way has come', 5],
  ['after the source has answered', 2000],
] as const) {
  test(`who pauses and resumes ${title} keeps the source and is sent nothing twice`, () => {
    const content = makeContent(15, [6000 * KIB], 64 * KIB);
    const lab = new Lab(15);
    const seed = lab.add('the seed', { content, role: 'seed', uplink: 1000 });
    const leecher = lab.add('leecher', { content, role: 'leecher' });
    lab.connectAll();
    lab.run(2000);
    for (const isPaused of [true, false]) {
      lab.input(leecher, { kind: 'command', command: { kind: 'setPaused', isPaused } });
      lab.run(lab.now + pauseMs);
    }
    lab.run(60_000, () => leecher.isComplete);
    expect(flawsOf([leecher])).toEqual([]);
    expect(leecher.closed).toEqual([]);
    expect(seed.torrent.snapshot().uploadedBytes).toBe(content.bytes.length);
  });
}

test('two that have everything part as useless to each other', () => {
  const content = makeContent(13, [100 * KIB], 16 * KIB);
  const lab = new Lab(13);
  const [a, b] = addMany(lab, 2, { content, role: 'seed' }) as [LabPeer, LabPeer];
  lab.connect(a, b);
  lab.run(5000);
  expect([...a.closed, ...b.closed].map((entry) => entry.why)).toContain('useless');
  expect(a.links.size + b.links.size).toBe(0);
});

test('those who fetched together part, too, once each of them has everything', () => {
  const content = makeContent(16, [2000 * KIB], 64 * KIB);
  const lab = new Lab(16);
  const all = [
    lab.add('the seed', { content, role: 'seed', uplink: 1000 }),
    ...addMany(lab, 4, { content, role: 'leecher', uplink: 1000 }),
  ];
  lab.connectAll();
  lab.run(60_000, () => all.every(({ isComplete }) => isComplete));
  lab.run(lab.now + 5000);
  expect(all.map(({ links }) => links.size)).toEqual(all.map(() => 0));
});

test('stopping drops every peer and every buffer, and nothing is answered after it', () => {
  const content = makeContent(14, [2000 * KIB], 256 * KIB);
  const lab = new Lab(14);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 200 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(2000);
  expect(leecher.buffers.size).toBeGreaterThan(0);
  lab.input(leecher, { kind: 'command', command: { kind: 'stop' } });
  expect(leecher.closed).toEqual([{ peer: seed.id, why: 'stopped' }]);
  expect(leecher.buffers.size).toBe(0);
  const out: TorrentOutput[] = [];
  leecher.torrent.handle({ kind: 'linkUp', peer: seed.id, isOutbound: true }, 3000, out);
  expect(out).toEqual([]);
  expect(leecher.torrent.nextDeadline()).toBeUndefined();
});

test('a source that stands still for half a minute and goes on sends one block twice at most', () => {
  const content = makeContent(16, [6000 * KIB], 64 * KIB);
  const lab = new Lab(16);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 500 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  lab.connectAll();
  lab.run(4000);
  seed.uplinkFreeAt = lab.now + 30_000;
  lab.run(90_000, () => leecher.isComplete);
  expect(flawsOf([leecher])).toEqual([]);
  expect(seed.torrent.snapshot().uploadedBytes).toBeLessThanOrEqual(content.bytes.length + BLOCK_BYTES);
});
