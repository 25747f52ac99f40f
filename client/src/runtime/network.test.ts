import { expect, test } from 'vitest';
import { contactFromKey } from '../../../shared/src/ids.ts';
import { DESKTOP_LEDGER, NEGATIVE_CACHE_MAX_MS, NEGATIVE_CACHE_MIN_MS } from '../../../shared/src/limits/links.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { silentLog } from '../adapters/browser/log.ts';
import { ManualClock } from '../adapters/memory/manual-clock.ts';
import { MemoryNetwork } from '../adapters/memory/memory-connector.ts';
import { PortableCrypto, generatePortableKeys } from '../adapters/portable/portable-crypto.ts';
import { Network } from './network.ts';

/** A network as a node has it, without a server, whose list of ICE servers the test changes. */
class Lab {
  readonly clock = new ManualClock();
  readonly rng = seededRng(7);
  readonly connector = new MemoryNetwork(this.clock, this.rng).connector();
  iceServers: readonly RTCIceServer[] = [{ urls: 'stun:one.example' }];
  readonly network = new Network(
    {
      crypto: new PortableCrypto(generatePortableKeys()),
      clock: this.clock,
      rng: this.rng,
      log: silentLog,
      connector: this.connector,
      ice: {
        current: () => this.iceServers,
        fresh: () => Promise.resolve(this.iceServers),
        hasRelay: () => false,
      },
      signaling: undefined,
      tabs: undefined,
      relayOnly: false,
      ledger: DESKTOP_LEDGER,
      name: () => 'amber otter',
    },
    {
      joined: () => undefined,
      linkUp: () => undefined,
      linkDown: () => undefined,
      swarmFrame: () => undefined,
      callLetter: () => undefined,
      appLetter: () => undefined,
      changed: () => undefined,
      lookup: () => undefined,
    },
  );
  readonly stranger = contactFromKey(randomBytes(this.rng, 32));

  /** Dials a peer that nobody can carry an offer to. Returns how many connections were made so far. */
  async dial(): Promise<number> {
    void this.network.links.open(this.stranger, 'overlay').catch(() => undefined);
    await this.clock.advance(100);
    return this.connector.made.length;
  }
}

test('a peer that could not be reached is left alone for ten seconds, however often the ICE servers are looked at', async () => {
  const lab = new Lab();
  lab.network.start();
  expect(await lab.dial()).toBe(1);
  for (const half of [1, 2]) {
    // The same servers in a list of their own, as with every answer of a server.
    lab.iceServers = lab.iceServers.map((server) => ({ ...server }));
    await lab.clock.advance(NEGATIVE_CACHE_MIN_MS / 2 - 100);
    expect([half, await lab.dial()]).toEqual([half, 1]);
  }
  await lab.clock.advance(NEGATIVE_CACHE_MAX_MS - NEGATIVE_CACHE_MIN_MS);
  expect(await lab.dial()).toBe(2);
  lab.network.stop();
});

test('a peer that could not be reached is tried at once with other ICE servers', async () => {
  const lab = new Lab();
  lab.network.start();
  await lab.dial();
  lab.iceServers = [{ urls: 'turn:two.example' }];
  await lab.clock.advance(1_000);
  expect(await lab.dial()).toBe(2);
  lab.network.stop();
});
