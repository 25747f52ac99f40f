import { expect, test } from 'vitest';
import { contactFromKey } from '../../../shared/src/ids.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { ManualClock } from '../adapters/memory/manual-clock.ts';
import { PortableCrypto, generatePortableKeys } from '../adapters/portable/portable-crypto.ts';
import type { LookupTrace } from '../api.ts';
import { ControlQueue } from './control-queue.ts';
import type { Link, LinkManager } from './links/types.ts';
import { OverlayService } from './overlay-service.ts';

const rng = seededRng(3);
const key = contactFromKey(randomBytes(rng, 32)).id;
const left = { code: 'left' };

/** A peer without links: what it is asked for is under way until its clock moves. */
class Lab {
  readonly clock = new ManualClock();
  readonly traces: LookupTrace[] = [];
  readonly service = new OverlayService({
    crypto: new PortableCrypto(generatePortableKeys()),
    rng,
    clock: this.clock,
    links: () => this.#noLinks(),
    control: new ControlQueue(() => new Map()),
    handler: { message: nothing, joined: nothing, lookup: (trace) => void this.traces.push(trace) },
  });

  #noLinks(): LinkManager {
    throw new Error('there are no links');
  }
}

const nothing = (): void => undefined;

test.each(['stop', 'leave'] as const)(
  'what is asked for after %s is refused at once, because this peer left',
  async (end) => {
    const { service } = new Lab();
    service[end]();
    await expect(service.lookup(key, { timeoutMs: 1_000 })).rejects.toMatchObject(left);
    await expect(service.get(key)).rejects.toMatchObject(left);
    await expect(service.publish(key)).rejects.toMatchObject(left);
    await expect(service.unpublish(key)).rejects.toMatchObject(left);
    await expect(service.findProviders(key)).rejects.toMatchObject(left);
    expect(await service.route(key, 'app', new Uint8Array(1), 1_000)).toBe(false);
  },
);

test.each(['stop', 'leave'] as const)(
  'what is under way at %s ends, because this peer left, and so does its trace',
  async (end) => {
    const { service, traces } = new Lab();
    const asked = [service.lookup(key, { timeoutMs: 1_000 }), service.get(key), service.findProviders(key)];
    const routed = service.route(key, 'app', new Uint8Array(1), 1_000);
    service[end]();
    for (const each of asked) await expect(each).rejects.toMatchObject(left);
    expect(await routed).toBe(false);
    expect(traces.slice(-3).map(({ state }) => state)).toEqual(['failed', 'failed', 'failed']);
  },
);

test('a lookup that is cancelled after this peer left ended as left already', async () => {
  const { service, traces } = new Lab();
  const cancel = new AbortController();
  const looking = service.lookup(key, { timeoutMs: 1_000, signal: cancel.signal });
  service.stop();
  cancel.abort();
  await expect(looking).rejects.toMatchObject(left);
  expect(traces.map(({ state }) => state)).toEqual(['running', 'failed']);
});

test('an announcement that nobody confirmed to be gone rejects, and says that it may be found yet', async () => {
  const { service, clock } = new Lab();
  const peer = contactFromKey(randomBytes(rng, 32));
  service.linkUp({ peer, isOfferer: true } as Link);
  service.publish(key).catch(nothing);
  service.linkDown(peer.id);
  const outcome = service.unpublish(key).then(nothing, (error: unknown) => error);
  await clock.advance(1_000);
  expect(await outcome).toMatchObject({
    code: 'no-links',
    message: expect.stringContaining('may be named as a provider') as string,
  });
});
