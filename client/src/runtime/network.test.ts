import { expect, test } from 'vitest';
import { type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import {
  CONTROL_HIGH_WATER_BYTES,
  DESKTOP_LEDGER,
  MAX_CONTROL_MESSAGE_BYTES,
  NEGATIVE_CACHE_MAX_MS,
  NEGATIVE_CACHE_MIN_MS,
  SWARM_FRAME,
} from '../../../shared/src/limits/links.ts';
import { TICK_MS, WAKE_ANSWER_MS } from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { silentLog } from '../adapters/browser/log.ts';
import { ManualClock } from '../adapters/memory/manual-clock.ts';
import { MemoryNetwork } from '../adapters/memory/memory-connector.ts';
import { PortableCrypto, generatePortableKeys } from '../adapters/portable/portable-crypto.ts';
import type { Signaling, SignalingHandler } from '../ports/signaling.ts';
import type { TabHandler, Tabs } from '../ports/tabs.ts';
import { DRAIN_TIMEOUT_MS } from './drain.ts';
import type { Link } from './links/types.ts';
import { Network } from './network.ts';

const LARGE_FRAME = Uint8Array.of(SWARM_FRAME, ...new Uint8Array(MAX_CONTROL_MESSAGE_BYTES - 1));

/** The clock of a device whose sleep only its wall clock counts. */
class SleepyClock extends ManualClock {
  sleptMs = 0;

  override wallNow(): number {
    return super.wallNow() + this.sleptMs;
  }
}

/** A server that is out of reach until a test says otherwise. */
class FarServer implements Signaling {
  handler: SignalingHandler | undefined;

  start(handler: SignalingHandler): void {
    this.handler = handler;
  }

  signal(): Promise<boolean> {
    return Promise.resolve(false);
  }

  introductions(): Promise<[]> {
    return Promise.resolve([]);
  }

  announce(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  hurry(): void {
    // It comes when the test says so.
  }

  close(): void {
    this.handler = undefined;
  }
}

/** Two networks as nodes have them, in two tabs of a browser, with a server that is far and ICE servers that the test changes. */
class Lab {
  readonly clock = new SleepyClock();
  readonly rng = seededRng(7);
  readonly wires = new MemoryNetwork(this.clock, this.rng);
  readonly connector = this.wires.connector();
  readonly events: string[] = [];
  readonly server = new FarServer();
  iceServers: readonly RTCIceServer[] = [{ urls: 'stun:one.example' }];
  readonly #tabs = new Map<NodeId, TabHandler>();
  readonly #keys = [1, 2].map(() => new PortableCrypto(generatePortableKeys())) as [PortableCrypto, PortableCrypto];
  readonly here = this.#make('here', this.#keys[0]);
  readonly there = this.#make('there', this.#keys[1]);
  readonly #stranger = contactFromKey(randomBytes(this.rng, 32));

  /** Dials a peer that nobody can carry an offer to. Returns how many connections were made so far. */
  async dial(): Promise<number> {
    void this.here.links.open(this.#stranger, 'overlay').catch(() => undefined);
    await this.clock.advance(100);
    return this.connector.made.length;
  }

  /** Links the two. */
  async link(): Promise<Link> {
    this.here.start();
    this.there.start();
    const opening = this.here.links.open(this.#keys[1].self, 'overlay');
    await this.clock.advance(1_000);
    return opening;
  }

  /** Links the two, and fills the way there: further frames wait. */
  async congest(): Promise<Link> {
    const link = await this.link();
    while (link.queuedBytes <= CONTROL_HIGH_WATER_BYTES) this.here.control.send(link.peer.id, LARGE_FRAME);
    this.events.length = 0;
    return link;
  }

  #make(name: string, crypto: PortableCrypto): Network {
    const tabs: Tabs = {
      start: (handler) => void this.#tabs.set(crypto.self.id, handler),
      deliver: async (to, bytes) => {
        this.#tabs.get(to)?.letter(bytes);
        return this.#tabs.has(to);
      },
      close: () => void this.#tabs.delete(crypto.self.id),
    };
    const parts = {
      crypto,
      clock: this.clock,
      rng: this.rng,
      log: silentLog,
      connector: name === 'here' ? this.connector : this.wires.connector(),
      ice: { current: () => this.iceServers, fresh: () => Promise.resolve(this.iceServers), hasRelay: () => false },
      signaling: name === 'here' ? this.server : undefined,
      tabs,
      relayOnly: false,
      ledger: DESKTOP_LEDGER,
      name: () => name,
    };
    const nothing = (): void => undefined;
    return new Network(parts, {
      joined: nothing,
      serverJoined: () => this.events.push(`server ${name}`),
      linkUp: nothing,
      linkDown: () => this.events.push(`down ${name}`),
      swarmFrame: () => this.events.push(`frame ${name}`),
      callLetter: nothing,
      appLetter: nothing,
      changed: nothing,
      lookup: nothing,
    });
  }
}

test('a peer that could not be reached is left alone for ten seconds, however often the ICE servers are looked at', async () => {
  const lab = new Lab();
  lab.here.start();
  expect(await lab.dial()).toBe(1);
  for (const half of [1, 2]) {
    // The same servers in a list of their own, as with every answer of a server.
    lab.iceServers = lab.iceServers.map((server) => ({ ...server }));
    await lab.clock.advance(NEGATIVE_CACHE_MIN_MS / 2 - 100);
    expect([half, await lab.dial()]).toEqual([half, 1]);
  }
  await lab.clock.advance(NEGATIVE_CACHE_MAX_MS - NEGATIVE_CACHE_MIN_MS);
  expect(await lab.dial()).toBe(2);
  lab.here.stop();
});

test('a peer that could not be reached is tried at once with other ICE servers', async () => {
  const lab = new Lab();
  lab.here.start();
  await lab.dial();
  lab.iceServers = [{ urls: 'turn:two.example' }];
  await lab.clock.advance(1_000);
  expect(await lab.dial()).toBe(2);
  lab.here.stop();
});

test('a peer that could not be reached is tried at once when the server is there again', async () => {
  const lab = new Lab();
  lab.here.start();
  expect(await lab.dial()).toBe(1);
  expect(await lab.dial()).toBe(1);
  lab.server.handler?.joined([], undefined);
  expect(await lab.dial()).toBe(2);
  lab.here.stop();
});

test('each time that the server is there is told: its tracker knows nothing of this peer then', () => {
  const lab = new Lab();
  lab.here.start();
  for (let i = 0; i < 2; i++) lab.server.handler?.joined([], undefined);
  expect(lab.events).toEqual(['server here', 'server here']);
  lab.here.stop();
});

test('a peer that leaves says so at once over a link that is full, behind what was held for it', async () => {
  const lab = new Lab();
  const link = await lab.congest();
  lab.here.control.send(link.peer.id, LARGE_FRAME);
  const before = link.queuedBytes;
  lab.here.sayBye();
  expect(link.queuedBytes).toBeGreaterThan(before + LARGE_FRAME.length);
  await lab.clock.advance(2 * lab.wires.options.latencyMs);
  expect(lab.events.filter((event) => event === 'frame there').length).toBeGreaterThan(5);
  expect(lab.events.slice(-2)).toEqual(['down there', 'down here']);
  lab.there.stop();
});

test('what a peer said last has left before it is told that it may stop', async () => {
  const lab = new Lab();
  const link = await lab.congest();
  lab.here.sayBye();
  const queued: number[] = [];
  void lab.here.whenSaid().then(() => queued.push(link.queuedBytes));
  await lab.clock.advance(0);
  expect(queued).toEqual([]);
  await lab.clock.advance(1_000);
  expect(queued).toEqual([0]);
  lab.there.stop();
});

test('a link whose queue does not empty holds nobody up for long', async () => {
  const lab = new Lab();
  await lab.congest();
  lab.wires.options.latencyMs = 60_000;
  lab.here.sayBye();
  let isOver = false;
  void lab.here.whenSaid().then(() => (isOver = true));
  await lab.clock.advance(DRAIN_TIMEOUT_MS - 1);
  expect(isOver).toBe(false);
  await lab.clock.advance(1);
  expect(isOver).toBe(true);
  lab.here.stop();
  lab.there.stop();
});

test('after a sleep that only the wall clock counted, a link whose other end is mute is given up within seconds', async () => {
  const lab = new Lab();
  await lab.link();
  lab.there.overlay.stop();
  lab.clock.sleptMs = 3_600_000;
  await lab.clock.advance(2 * TICK_MS + WAKE_ANSWER_MS);
  expect(lab.events).toContain('down here');
  for (const network of [lab.here, lab.there]) network.stop();
});
