import { expect, test, vi } from 'vitest';
import { contactFromKey, hashToId } from '../../../shared/src/ids.ts';
import { MAX_CHANNELS_PER_LINK, MAX_SWARM_FRAME_BYTES } from '../../../shared/src/limits/storage.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { ManualClock } from '../adapters/memory/manual-clock.ts';
import { fixedIceConfig } from './ice-config.ts';
import { LazySwarm } from './lazy-swarm.ts';
import type { Link } from './links/types.ts';
import { decodeSwarmFrame, encodeSwarmFrame } from './swarm/control.ts';
import type { SwarmHost } from './swarm/host.ts';
import * as code from './swarm/service.ts';
import { FakeWorker } from './swarm/test/fake-worker.ts';

const infoHash = hashToId(new Uint8Array([1]));
const magnet = `magnet:?xt=urn:btih:${infoHash}&dn=thing`;

/** Longer than anything here waits. [ms] */
const LONG_MS = 60_000;

/** A swarm whose code comes, or fails to, when the test says so. */
class Bench {
  readonly clock = new ManualClock();
  readonly worker = new FakeWorker();
  readonly handler = { share: vi.fn(), download: vi.fn(), nothingKept: vi.fn() };
  /** Ids of the channels refused, in order. Nothing is shared here, so every OPEN is. BOUNDED: by the test. */
  readonly refused: number[] = [];
  /** Attempts to fetch the code. BOUNDED: by the test. */
  readonly attempts: { come(): void; fail(): void }[] = [];
  readonly swarm: LazySwarm;

  constructor() {
    const host: SwarmHost = {
      self: contactFromKey(new Uint8Array(32).fill(1)).id,
      clock: this.clock,
      log: { log: () => undefined },
      storage: 'memory',
      rng: seededRng(1),
      ice: fixedIceConfig([]),
      relayOnly: false,
      loadStrangers: () => Promise.reject(new Error('nobody is strange here')),
      links: () => new Map(),
      openLink: () => Promise.reject(new Error('unreachable')),
      resolve: () => Promise.resolve(undefined),
      releaseLink: () => undefined,
      findProviders: () => Promise.resolve([]),
      trackerPeers: () => Promise.resolve(undefined),
      trackerLeave: () => undefined,
      publish: () => undefined,
      unpublish: () => undefined,
      sendControl: (_link, bytes) => {
        const frame = decodeSwarmFrame(bytes);
        if (frame.ok && frame.value.kind === 'REFUSE') this.refused.push(frame.value.id);
      },
      nameOf: () => undefined,
      loadMediaStreams: () => Promise.reject(new Error('nobody plays here')),
      createWorker: () => this.worker as unknown as Worker,
    };
    const fetch = (): Promise<typeof code> =>
      new Promise((resolve, reject) => {
        this.attempts.push({ come: () => resolve(code), fail: () => reject(new TypeError('not fetched')) });
      });
    this.swarm = new LazySwarm(host, this.handler, fetch);
  }

  /** A link that the other side offered, with keys made of `seed`. */
  link(seed: number): Link {
    const peer = contactFromKey(new Uint8Array(32).fill(seed));
    const link = {
      peer,
      name: '',
      isOfferer: false,
      clockAheadMs: 0,
      path: 'direct',
      rttMs: 1,
      network: undefined,
      queuedBytes: 0,
    } as const;
    return { ...link, send: () => 'sent', openChannel: () => ({}) as RTCDataChannel };
  }

  /** The peer asks for a channel. */
  asks(link: Link, id: number): void {
    this.swarm.receiveControl(link, encodeSwarmFrame({ kind: 'OPEN', id, infoHash }));
  }

  /** Lets the newest attempt succeed. */
  async codeComes(): Promise<void> {
    this.attempts.at(-1)?.come();
    await this.clock.advance(0);
  }
}

test('what peers ask before the code is here is answered in order once it is', async () => {
  const bench = new Bench();
  void bench.swarm.start();
  const link = bench.link(2);
  for (const id of [16, 20, 18]) bench.asks(link, id);
  expect(bench.refused).toEqual([]);
  await bench.codeComes();
  expect(bench.refused).toEqual([16, 20, 18]);
  bench.asks(link, 22);
  expect(bench.refused).toEqual([16, 20, 18, 22]);
});

test('of one link no more is held than it may ask for at once, however much it sends', async () => {
  const bench = new Bench();
  void bench.swarm.start();
  const [greedy, modest] = [bench.link(2), bench.link(3)];
  for (let n = 0; n < MAX_CHANNELS_PER_LINK + 5; n++) bench.asks(greedy, 16 + 2 * n);
  bench.asks(modest, 16);
  await bench.codeComes();
  expect(bench.refused.length).toBe(MAX_CHANNELS_PER_LINK + 1);
  expect(bench.refused.at(-1)).toBe(16);
});

test('a frame longer than any of the swarm is not held', async () => {
  const bench = new Bench();
  void bench.swarm.start();
  const link = bench.link(2);
  const longest = encodeSwarmFrame({ kind: 'OPEN', id: 16, infoHash });
  expect(longest.length).toBe(MAX_SWARM_FRAME_BYTES);
  for (let n = 0; n < MAX_CHANNELS_PER_LINK; n++) bench.swarm.receiveControl(link, new Uint8Array([...longest, 0]));
  bench.asks(link, 18);
  await bench.codeComes();
  expect(bench.refused).toEqual([18]);
});

test('what was asked on a link that is gone is dropped, also when another took its place', async () => {
  const bench = new Bench();
  void bench.swarm.start();
  const [closed, replaced] = [bench.link(2), bench.link(3)];
  bench.asks(closed, 16);
  bench.swarm.linkDown(closed.peer.id);
  bench.asks(replaced, 18);
  bench.asks(bench.link(3), 20);
  await bench.codeComes();
  expect(bench.refused).toEqual([20]);
});

test('start resolves when downloads work, and the node hears of them', async () => {
  const bench = new Bench();
  const started = vi.fn();
  void bench.swarm.start().then(started);
  await bench.clock.advance(1);
  expect(started).not.toHaveBeenCalled();
  await bench.codeComes();
  expect(started).toHaveBeenCalled();
  const download = bench.swarm.download(magnet);
  expect(bench.handler.download).toHaveBeenCalledWith(download);
  expect(bench.swarm.downloads).toEqual([download]);
});

test('start does not wait for ever: until the code comes a download is told to try again, a share and limits wait', async () => {
  const bench = new Bench();
  const started = bench.swarm.start();
  await bench.clock.advance(LONG_MS);
  await started;
  expect(() => bench.swarm.download(magnet)).toThrow(expect.objectContaining({ code: 'not-ready' }));
  void bench.swarm.share([new File(['x'], 'x')]);
  bench.swarm.setLimits({ up: 1000 });
  expect(bench.attempts.length).toBe(1);
  await bench.codeComes();
  expect(bench.worker.requests.map(({ kind }) => kind)).toEqual(['start', 'setLimits', 'share']);
  expect(bench.swarm.download(magnet).infoHash).toBe(infoHash);
});

test('files keep within the limits that a person set and within what a call leaves them, whichever is less', async () => {
  const bench = new Bench();
  const started = bench.swarm.start();
  await bench.codeComes();
  await started;
  bench.swarm.setLimits({ down: 5000, up: 1000 });
  bench.swarm.transfers?.cap({ up: 2000, down: Infinity });
  bench.swarm.transfers?.cap({ up: 500, down: 4000 });
  bench.swarm.setLimits({});
  bench.swarm.transfers?.cap({});
  bench.swarm.transfers?.cap({});
  const told = bench.worker.requests.flatMap((request) => (request.kind === 'setLimits' ? [request.limits] : []));
  expect(told).toEqual([
    { down: 5000, up: 1000 },
    { down: 5000, up: 1000 },
    { down: 4000, up: 500 },
    { down: 4000, up: 500 },
    { down: undefined, up: undefined },
  ]);
  expect(bench.swarm.limits).toEqual({});
});

test('code that did not come is asked for again, and what peers asked meanwhile still waits for it', async () => {
  const bench = new Bench();
  const started = bench.swarm.start();
  bench.asks(bench.link(2), 16);
  bench.attempts[0]?.fail();
  await started;
  await bench.clock.advance(LONG_MS);
  expect(bench.attempts.length).toBe(2);
  await bench.codeComes();
  expect(bench.refused).toEqual([16]);
  await bench.clock.advance(LONG_MS);
  expect(bench.attempts.length).toBe(2);
});

test('a share asks for the code at once, and says so when it does not come', async () => {
  const bench = new Bench();
  const started = bench.swarm.start();
  bench.attempts[0]?.fail();
  await started;
  const share = bench.swarm.share([new File(['x'], 'x')]);
  expect(bench.attempts.length).toBe(2);
  bench.attempts[1]?.fail();
  await expect(share).rejects.toMatchObject({ code: 'internal' });
});

test('a node that left before the code came starts nothing and asks no more', async () => {
  const bench = new Bench();
  const started = bench.swarm.start();
  await bench.swarm.close();
  await bench.codeComes();
  await started;
  expect(bench.worker.requests).toEqual([]);
  await bench.clock.advance(LONG_MS);
  expect(bench.attempts.length).toBe(1);
});
