import { expect, test } from 'vitest';
import type { Contact, NodeId } from '../../shared/src/ids.ts';
import { SWAP_MAX_AGE_MS } from '../../shared/src/limits/overlay-links.ts';
import type { OverlayEvent, OverlayResult, SignedRecord } from '../src/overlay/types.ts';
import { ask, item, nearestTo } from './asking.fixture.ts';
import { openOperations } from './checkers.ts';
import { inspect } from './inspect.ts';
import { grow } from './phases.ts';
import { OperationWatch } from './watch.ts';
import { signRecord } from './signing.ts';
import type { OpRequest, SimNode } from './sim-node.ts';
import { Truth } from './truth.ts';
import { drain, newTally, runLookups } from './workload.ts';
import { DEFAULT_WORLD, World, type WorldOptions } from './world.ts';

const WALL = 1_700_000_000_000;

function worldOf(count: number, options: Partial<WorldOptions> = {}): World {
  const world = new World({ ...DEFAULT_WORLD, seed: 7, ...options });
  grow(world, count, 30_000);
  return world;
}

/** Runs one operation to its end. */
const result = (world: World, node: SimNode, request: OpRequest, waitMs = 30_000): OverlayResult | undefined =>
  ask(world, node, request, waitMs);

function knows(node: SimNode, id: NodeId): boolean {
  return node.overlay.snapshot().entries.some(({ contact }) => contact.id === id);
}

/** The living peer at `index`, from the end when negative. */
const at = (world: World, index: number): SimNode => item(world.alive, index);

function record(author: Contact, key: NodeId, sequence: number, value: number[]): SignedRecord {
  return signRecord({ key, author, sequence, expiresAt: WALL + 3_600_000, value: new Uint8Array(value) });
}

test('a first peer alone is not joined; a second one joins both', () => {
  const world = new World({ ...DEFAULT_WORLD, seed: 1 });
  const first = world.spawn();
  world.run(20_000);
  expect(first.overlay.snapshot().isJoined).toBe(false);
  const second = world.spawn();
  world.run(30_000);
  expect([first, second].map(({ overlay }) => overlay.snapshot().isJoined)).toEqual([true, true]);
  expect(second.overlay.snapshot().networkSize).toBe(2);
});

test.each([10, 100])(
  '%i peers join, and every lookup finds the closest peer in both modes',
  (count) => {
    const world = worldOf(count);
    expect(world.alive.filter(({ overlay }) => overlay.snapshot().isJoined)).toHaveLength(count);
    for (const mode of ['recursive', 'iterative'] as const) {
      const tally = newTally();
      runLookups(world, 200, 10_000, tally, { mode });
      expect({ mode, ...tally }).toMatchObject({ mode, lookups: 200, succeeded: 200 });
    }
    // Young peers replace links, and each signal on the way to somebody is an operation.
    world.run(world.now + SWAP_MAX_AGE_MS);
    drain(world, () => openOperations(world));
    expect(openOperations(world)).toBe(0);
    expect(inspect(world, DEFAULT_WORLD, new OperationWatch(world), undefined).violations).toEqual([]);
  },
  60_000,
);

test('ten peers link within a few dials of each other', () => {
  const world = worldOf(10);
  expect(world.alive.map(({ overlay }) => overlay.links)).toEqual(Array.from({ length: 10 }, () => 9));
  expect(world.alive.every(({ joinedAt, bornAt }) => joinedAt !== undefined && joinedAt - bornAt < 5_000)).toBe(true);
});

test('the same seed gives the same trace, another seed another', () => {
  const digests = [3, 3, 4].map((seed) => worldOf(12, { seed }).digest.hex);
  expect(digests[0]).toBe(digests[1]);
  expect(digests[0]).not.toBe(digests[2]);
});

test('with fewer links than peers the tables differ per id and nobody goes over the budget', () => {
  const world = worldOf(14, { linkTarget: 6, linkHard: 10 });
  world.run(world.now + 120_000);
  const linkSets = world.alive.map(({ links }) => [...links.keys()].sort().join());
  expect(new Set(linkSets).size).toBe(14);
  for (const { overlay } of world.alive) expect(overlay.links).toBeLessThanOrEqual(10);
  const tally = newTally();
  runLookups(world, 100, 5_000, tally);
  expect(tally.succeeded).toBe(100);
});

const SETTLING_SEEDS = Array.from({ length: 20 }, (_, i) => i + 1);

test.each(SETTLING_SEEDS)(
  'links settle (seed %i): in ten quiet minutes none is given up, and few are added',
  (seed) => {
    const world = worldOf(20, { linkTarget: 8, linkHard: 13, seed });
    world.run(world.now + 300_000);
    const before = world.alive.map(({ links }) => [...links.keys()]);
    world.run(world.now + 600_000);
    const after = world.alive.map(({ links }) => links);
    expect(before.flatMap((ids, i) => ids.filter((id) => !after[i]?.has(id)))).toEqual([]);
    const count = (links: readonly { readonly length: number }[]): number =>
      links.reduce((sum, { length }) => sum + length, 0);
    expect(count(after.map((links) => [...links.keys()])) - count(before)).toBeLessThanOrEqual(10);
  },
);

test('a peer that dies without a word is gone from every table within 15 s', () => {
  const world = worldOf(12);
  const victim = at(world, 5);
  world.kill(victim);
  world.run(world.now + 15_000);
  expect(world.alive.filter((node) => knows(node, victim.contact.id))).toEqual([]);
  world.run(world.now + 90_000);
  expect(world.alive.filter((node) => knows(node, victim.contact.id))).toEqual([]);
});

test('a third of the peers dies at once; 15 s later every lookup succeeds again', () => {
  const world = worldOf(60);
  for (const victim of world.alive.slice(10, 30)) world.kill(victim);
  world.run(world.now + 15_000);
  const tally = newTally();
  runLookups(world, 200, 5_000, tally);
  expect(tally.succeeded).toBe(200);
}, 60_000);

test('BYE takes a peer out of the tables at once and is told to the owner', () => {
  const world = worldOf(8);
  const events: OverlayEvent[] = [];
  world.onEvent = (_node, event) => events.push(event);
  const leaver = at(world, 3);
  world.leave(leaver);
  world.run(world.now + 2_000);
  expect(events.filter((event) => event.kind === 'bye' && event.peer === leaver.contact.id)).toHaveLength(7);
  expect(world.alive.some((node) => knows(node, leaver.contact.id))).toBe(false);
});

test('after the server died, two peers without a link open one by a routed signal', () => {
  const world = worldOf(16, { linkTarget: 6, linkHard: 10 });
  world.isServerUp = false;
  const [from, to] =
    world.alive.flatMap((a) =>
      world.alive.filter((b) => a !== b && !a.links.has(b.contact.id)).map((b) => [a, b] as const),
    )[0] ?? [];
  if (!from || !to) throw new Error('every peer is linked to every other');
  const request = {
    kind: 'route',
    target: to.contact.id,
    protocol: 'signal',
    payload: new Uint8Array(100),
    timeoutMs: 8_000,
  } as const;
  expect(result(world, from, request)).toMatchObject({ kind: 'route' });
  world.dial(from, to.contact);
  world.run(world.now + 5_000);
  expect(from.links.has(to.contact.id)).toBe(true);
});

test('a message arrives once although frames are lost on the way', () => {
  const world = worldOf(16, { linkTarget: 6, linkHard: 10, frameLoss: 0.03 });
  const heard: NodeId[] = [];
  world.onEvent = (node, event) => {
    if (event.kind === 'message' && event.protocol === 'app') heard.push(node.contact.id);
  };
  const target = at(world, 9).contact.id;
  let delivered = 0;
  let ended = 0;
  for (const node of world.alive) {
    if (node.contact.id === target) continue;
    world.operate(
      node,
      { kind: 'route', target, protocol: 'app', payload: new Uint8Array(9), timeoutMs: 10_000 },
      ({ kind }) => {
        ended++;
        if (kind === 'route') delivered++;
      },
    );
  }
  world.run(world.now + 12_000);
  expect(delivered).toBeGreaterThanOrEqual(14);
  expect(heard.length).toBeGreaterThanOrEqual(delivered);
  expect(heard.length).toBeLessThanOrEqual(15);
  expect(ended).toBe(15);
});

test('a message for a dead peer fails as unreachable, soon, and without a storm', () => {
  const world = worldOf(30, { linkTarget: 8, linkHard: 13 });
  const victim = at(world, 11);
  world.kill(victim);
  world.run(world.now + 15_000);
  const sentBefore = world.frames.sent;
  const started = world.now;
  let failedAt = Number.POSITIVE_INFINITY;
  let code = '';
  const payload = new Uint8Array(5);
  world.operate(
    at(world, 0),
    { kind: 'route', target: victim.contact.id, protocol: 'app', payload, timeoutMs: 30_000 },
    (given) => {
      failedAt = world.now;
      code = given.kind === 'failed' ? given.code : given.kind;
    },
  );
  world.run(started + 5_000);
  expect(code).toBe('unreachable');
  expect(failedAt - started).toBeLessThan(4_000);
  expect(world.frames.sent - sentBefore).toBeLessThan(1_500);
});

test('a payload over the limit is refused before anything is sent', () => {
  const world = worldOf(3);
  const request = {
    kind: 'route',
    target: at(world, 1).contact.id,
    protocol: 'app',
    payload: new Uint8Array(15_361),
    timeoutMs: 1_000,
  } as const;
  expect(result(world, at(world, 0), request)).toEqual({ kind: 'failed', code: 'too-large' });
});

test('operations without any link say so', () => {
  const world = new World({ ...DEFAULT_WORLD, seed: 1 });
  const lonely = world.spawn();
  const other = new World({ ...DEFAULT_WORLD, seed: 2 }).spawn();
  const key = other.contact.id;
  expect(result(world, lonely, { kind: 'lookup', key, mode: 'recursive', timeoutMs: 5_000 })).toEqual({
    kind: 'failed',
    code: 'no-links',
  });
  expect(result(world, lonely, { kind: 'lookup', key, mode: 'iterative', timeoutMs: 5_000 })).toEqual({
    kind: 'failed',
    code: 'no-links',
  });
  expect(result(world, lonely, { kind: 'get', key })).toEqual({ kind: 'failed', code: 'no-links' });
});

test('what a lonely peer published is found by those who join later', () => {
  const world = new World({ ...DEFAULT_WORLD, seed: 5 });
  const first = world.spawn();
  const key = new World({ ...DEFAULT_WORLD, seed: 9 }).spawn().contact.id;
  expect(result(world, first, { kind: 'publish', key })).toEqual({ kind: 'publish', replicas: 1 });
  for (let i = 0; i < 4; i++) world.spawn();
  world.run(world.now + 20_000);
  expect(result(world, at(world, 4), { kind: 'findProviders', key })).toMatchObject({
    providers: [{ id: first.contact.id }],
  });
});

test('a provider is found after most of the peers that held its announcement died, and not after it left itself', () => {
  const world = worldOf(40, { linkTarget: 10, linkHard: 16 });
  const key = new World({ ...DEFAULT_WORLD, seed: 77 }).spawn().contact.id;
  const publisher = item(nearestTo(world, key), -1);
  const asker = item(nearestTo(world, key), -2);
  const published = result(world, publisher, { kind: 'publish', key });
  expect(published?.kind === 'publish' ? published.replicas : 0).toBeGreaterThanOrEqual(4);
  for (const holder of nearestTo(world, key).slice(0, 6)) world.kill(holder);
  world.run(world.now + 15_000);
  expect(result(world, asker, { kind: 'findProviders', key })).toMatchObject({
    providers: [{ id: publisher.contact.id }],
  });
  expect(result(world, publisher, { kind: 'unpublish', key })).toEqual({ kind: 'unpublish' });
  expect(result(world, asker, { kind: 'findProviders', key })).toEqual({ kind: 'findProviders', providers: [] });
});

test('a provider that died is soon not named any more where every peer is linked', () => {
  const world = worldOf(10);
  const key = at(world, 0).contact.id;
  const publisher = at(world, 4);
  result(world, publisher, { kind: 'publish', key });
  world.kill(publisher);
  world.run(world.now + 12_000);
  expect(result(world, at(world, 7), { kind: 'findProviders', key })).toEqual({ kind: 'findProviders', providers: [] });
});

test('a record is read back anywhere, its newest version wins, and an older one is refused', () => {
  const world = worldOf(30, { linkTarget: 10, linkHard: 16 });
  const key = at(world, 3).contact.id;
  const author = at(world, 8).contact;
  const put = result(world, at(world, 8), { kind: 'put', record: record(author, key, 1, [1]) });
  expect(put?.kind === 'put' ? put.replicas : 0).toBeGreaterThanOrEqual(4);
  const holders = world.alive.filter(({ overlay }) => overlay.snapshot().records > 0);
  expect(
    nearestTo(world, key)
      .slice(0, 8)
      .filter((node) => !holders.includes(node)),
  ).toEqual([]);
  expect(result(world, at(world, 20), { kind: 'get', key })).toMatchObject({ record: { sequence: 1 } });
  expect(result(world, at(world, 8), { kind: 'put', record: record(author, key, 2, [2]) })).toMatchObject({
    kind: 'put',
  });
  expect(result(world, at(world, 8), { kind: 'put', record: record(author, key, 1, [1]) })).toEqual({
    kind: 'failed',
    code: 'stale-sequence',
  });
  expect(result(world, at(world, 21), { kind: 'get', key })).toMatchObject({ record: { sequence: 2 } });
  expect(result(world, at(world, 8), { kind: 'put', record: record(author, key, 3, []) })).toMatchObject({
    kind: 'put',
  });
  expect(result(world, at(world, 22), { kind: 'get', key })).toEqual({ kind: 'failed', code: 'not-found' });
});

test('another author cannot take a key over, and values over the limit are refused', () => {
  const world = worldOf(10);
  const key = at(world, 3).contact.id;
  const mine = record(at(world, 1).contact, key, 1, [1]);
  expect(result(world, at(world, 1), { kind: 'put', record: mine })).toMatchObject({ kind: 'put' });
  expect(result(world, at(world, 2), { kind: 'put', record: record(at(world, 2).contact, key, 9, [9]) })).toEqual({
    kind: 'failed',
    code: 'wrong-key',
  });
  const long = record(
    at(world, 1).contact,
    key,
    2,
    Array.from({ length: 1_025 }, () => 0),
  );
  expect(result(world, at(world, 1), { kind: 'put', record: long })).toEqual({ kind: 'failed', code: 'too-large' });
});

test('a record that its author did not sign as it is, is refused and kept by nobody', () => {
  const world = worldOf(12);
  const key = at(world, 3).contact.id;
  const author = at(world, 1);
  const forged = { ...record(author.contact, key, 1, [1]), value: new Uint8Array([2]) };
  expect(result(world, at(world, 2), { kind: 'put', record: forged })).toMatchObject({ kind: 'failed' });
  expect(world.alive.filter(({ overlay }) => overlay.keeps(key))).toEqual([]);
  expect(result(world, author, { kind: 'put', record: record(author.contact, key, 1, [1]) })).toMatchObject({
    kind: 'put',
  });
  expect(world.alive.filter(({ overlay }) => overlay.keeps(key)).length).toBeGreaterThanOrEqual(8);
});

test('records outlive the peers that leave one after another', () => {
  const world = worldOf(24, { linkTarget: 10, linkHard: 16 });
  const key = new World({ ...DEFAULT_WORLD, seed: 78 }).spawn().contact.id;
  const author = item(nearestTo(world, key), -1);
  result(world, author, { kind: 'put', record: record(author.contact, key, 1, [7]) });
  for (let i = 0; i < 12; i++) {
    world.leave(item(nearestTo(world, key), 0));
    world.run(world.now + 20_000);
  }
  expect(result(world, author, { kind: 'get', key })).toMatchObject({ kind: 'get', record: { sequence: 1 } });
}, 60_000);

test('two islands that get one link between them become one', () => {
  const world = new World({ ...DEFAULT_WORLD, seed: 21, linkTarget: 10, linkHard: 16 });
  const islands = [0, 1].map(() => {
    const founder = world.spawn([]);
    const others: SimNode[] = [];
    for (let i = 0; i < 11; i++) {
      others.push(world.spawn([founder.contact]));
      world.run(world.now + 1_000);
    }
    return [founder, ...others];
  });
  world.run(world.now + 30_000);
  world.isServerUp = true;
  const bridge = item(item(islands, 0), 4);
  const far = item(item(islands, 1), 6);
  world.connect(bridge, far);
  world.run(world.now + 90_000);
  const tally = newTally();
  runLookups(world, 200, 10_000, tally);
  expect(tally.succeeded).toBeGreaterThanOrEqual(198);
}, 60_000);

test('every message is delivered, lost with its link, or under way', () => {
  const world = worldOf(20);
  for (const victim of world.alive.slice(0, 5)) world.kill(victim);
  world.run(world.now + 60_000);
  expect(world.framesUnderWay).toBeGreaterThanOrEqual(0);
  expect(world.framesUnderWay).toBeLessThan(500);
});

test('the checker agrees with sorting about who is closest', () => {
  const world = worldOf(30);
  const truth = new Truth(world.alive.map(({ contact }) => contact.id));
  const strangers = new World({ ...DEFAULT_WORLD, seed: 99 });
  for (let i = 0; i < 50; i++) {
    const key = strangers.spawn().contact.id;
    expect(truth.closest(key)).toBe(item(nearestTo(world, key), 0).contact.id);
  }
});
