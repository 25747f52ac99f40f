import { expect, test } from 'vitest';
import { hashToId, nodeIdToBytes } from '../../../shared/src/ids.ts';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { ANSWER_SHARE, MAX_WEB_SEEDS, METADATA_PIPELINE } from '../../../shared/src/limits/swarm.ts';
import { FAST_BIT, type WireRequest, WireWriter } from './wire.ts';
import { Bench } from './test/bench.ts';
import { Lab, makeContent } from './test/lab.ts';
import { WireDecoder } from './wire-decoder.ts';

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

const LIMITS = { kind: 'setLimits', downBytesPerSecond: 128 * KIB, upBytesPerSecond: undefined } as const;

test('web seeds that give nothing use nothing of a limit up: peers have all of it', () => {
  const content = makeContent(64, [4 * 1024 * KIB], 1024 * KIB);
  const lab = new Lab(64);
  const webSeeds = Array.from({ length: MAX_WEB_SEEDS }, (_, i) => `https://${i}.example/`);
  for (const url of webSeeds)
    lab.web.seeds.set(url, { bytesPerSecond: 1, fails: () => ({ kind: 'fetchFailed', isFinal: false }) });
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 4000 });
  const leecher = lab.add('leecher', { content, role: 'leecher', webSeeds });
  lab.input(leecher, { kind: 'command', command: LIMITS });
  lab.connect(leecher, seed);
  lab.run(40_000, () => leecher.isComplete);
  expect(leecher.hasIdenticalBytes).toBe(true);
});

test('a peer that chokes and unchokes again and again uses nothing of a limit up: others have all of it', () => {
  const content = makeContent(65, [1024 * KIB], 64 * KIB);
  const lab = new Lab(65);
  const seed = lab.add('the seed', { content, role: 'seed', uplink: 4000 });
  const leecher = lab.add('leecher', { content, role: 'leecher' });
  const peer = hashToId(Uint8Array.of(65));
  const greeting = new WireWriter().handshake(leecher.torrent.infoHashBytes, nodeIdToBytes(peer)).take();
  // Without BEP 6 a choke refuses everything.
  greeting[20 + FAST_BIT.byte] = 0;
  const say = (bytes: Uint8Array): void => lab.input(leecher, { kind: 'received', from: peer, bytes });
  lab.input(leecher, { kind: 'command', command: LIMITS });
  lab.input(leecher, { kind: 'linkUp', peer, isOutbound: false });
  say(greeting);
  say(new WireWriter().bitfield(Uint8Array.of(0xff, 0xff)).take());
  const again = (): void => {
    say(new WireWriter().choke().unchoke().take());
    lab.after(50, again);
  };
  again();
  lab.connect(leecher, seed);
  lab.run(12_000, () => leecher.isComplete);
  expect(leecher.hasIdenticalBytes).toBe(true);
});

test.each([
  ['refuses what it is asked for', (requests: readonly WireRequest[]) => requests],
  ['leaves', undefined],
])('when a peer %s, as much may be asked for again at once', (_what, refused) => {
  const bench = new Bench('leecher');
  bench.input({ kind: 'command', command: LIMITS });
  bench.now = 10_000;
  const ask = (): WireRequest[] =>
    bench
      .messages(bench.receive((writer) => writer.unchoke()))
      .flatMap((message) => (message.kind === 'request' ? [message] : []));
  const come = (): void => {
    bench.decoder = new WireDecoder();
    bench.messages(bench.greet());
    bench.messages(bench.receive((writer) => writer.haveAll()));
  };
  come();
  const asked = ask();
  expect(asked.length).toBeGreaterThan(0);
  if (refused) {
    bench.receive((writer) => writer.choke());
    for (const { piece, begin, length } of refused(asked))
      bench.messages(bench.receive((writer) => writer.reject(piece, begin, length)));
  } else {
    bench.input({ kind: 'linkDown', peer: bench.peer });
    come();
  }
  expect(ask()).toHaveLength(asked.length);
});
