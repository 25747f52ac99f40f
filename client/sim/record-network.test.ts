import { expect, test } from 'vitest';
import type { Key, NodeId } from '../../shared/src/ids.ts';
import {
  MAX_RECORD_TTL_MS,
  MAX_STALENESS_MS,
  SYNC_MAX_MS,
  UNSOLICITED_BURST,
} from '../../shared/src/limits/records.ts';
import { ownedKey } from '../../shared/src/owned-key.ts';
import type { OverlayResult, SignedRecord } from '../src/overlay/types.ts';
import { contactNear } from './adversary.ts';
import { ask as run, item, nearestTo as near } from './asking.fixture.ts';
import { grow } from './phases.ts';
import type { OpRequest, SimNode } from './sim-node.ts';
import { signRecord } from './signing.ts';
import { randomKey } from './workload.ts';
import { DEFAULT_WORLD, EPOCH, World } from './world.ts';

/** Forty peers with few links, so that most keys are two hops away. */
function network(seed = 7, count = 40): World {
  const world = new World({ ...DEFAULT_WORLD, seed, linkTarget: 12, linkHard: 18 });
  grow(world, count, 30_000);
  return world;
}

const ask = (world: World, node: SimNode, request: OpRequest, waitMs = 12_000): OverlayResult | undefined =>
  run(world, node, request, waitMs);

function signed(world: World, author: SimNode, fields: Partial<SignedRecord> & { key: Key }): SignedRecord {
  const expiresAt = EPOCH + world.now + 3_600_000;
  return signRecord({ author: author.contact, sequence: 1, expiresAt, value: new Uint8Array([1]), ...fields });
}

/** A newcomer is a replica by then, and no digest told it yet what it lacks. [ms] */
const JOINED_MS = 4_000;

const put = (record: SignedRecord, expectedSequence?: number): OpRequest => ({ kind: 'put', record, expectedSequence });
const holders = (world: World, key: Key): number => world.alive.filter(({ overlay }) => overlay.keeps(key)).length;
const sequenceOf = (result: OverlayResult | undefined): number | undefined =>
  result?.kind === 'get' ? result.record.sequence : undefined;

test('compare-and-swap through the network: the expected version is replaced, any other is a mismatch', () => {
  const world = network();
  const key = randomKey(world.rng);
  const author = item(near(world, key), -1);
  const reader = item(near(world, key), -2);
  const version = (sequence: number): SignedRecord => signed(world, author, { key, sequence });
  expect(ask(world, author, put(version(1), 0))).toMatchObject({ kind: 'put' });
  expect(ask(world, author, put(version(3), 2))).toEqual({ kind: 'failed', code: 'cas-mismatch' });
  expect(ask(world, author, put(version(3), 0))).toEqual({ kind: 'failed', code: 'cas-mismatch' });
  expect(sequenceOf(ask(world, reader, { kind: 'get', key }))).toBe(1);
  expect(ask(world, author, put(version(3), 1))).toMatchObject({ kind: 'put' });
  expect(sequenceOf(ask(world, reader, { kind: 'get', key }))).toBe(3);
});

test('compare-and-swap holds where the peer that places a put has only just joined and lacks what is to be replaced', () => {
  const world = network();
  const key = randomKey(world.rng);
  const author = item(near(world, key), -1);
  for (const sequence of [1, 2]) ask(world, author, put(signed(world, author, { key, sequence })));
  const newcomer = world.spawn(undefined, contactNear(key, 12, 20_000, world.rng));
  world.run(world.now + JOINED_MS);
  expect([item(near(world, key), 0), newcomer.overlay.keeps(key)]).toEqual([newcomer, false]);
  const stale = put(signed(world, author, { key, sequence: 3 }), 1);
  expect(ask(world, author, stale, 2_000)).toEqual({ kind: 'failed', code: 'cas-mismatch' });
});

test('every refusal reaches the author by its code, and nothing of it is stored', () => {
  const world = network();
  const refused = (change: Partial<SignedRecord>, forge: Partial<SignedRecord> = {}): string => {
    const key = randomKey(world.rng);
    const author = item(near(world, key), -1);
    const result = ask(world, author, put({ ...signed(world, author, { key, ...change }), ...forge }));
    expect(holders(world, key)).toBe(0);
    return result?.kind === 'failed' ? result.code : 'stored';
  };
  expect(refused({ value: new Uint8Array(1_025) })).toBe('too-large');
  expect(refused({ expiresAt: EPOCH })).toBe('expired');
  expect(refused({ expiresAt: EPOCH + 2 * MAX_RECORD_TTL_MS })).toBe('expired');
  expect(refused({}, { value: new Uint8Array([2]) })).toBe('bad-signature');
  expect(refused({}, { signature: new Uint8Array(64) })).toBe('bad-signature');
}, 60_000);

test('a stranger who took the key of a location first loses it to its owner everywhere, by the put and by the next digests', () => {
  const world = network();
  const salt = new Uint8Array([7]);
  const owner = item(world.alive, 3);
  const key = ownedKey(owner.contact.id, salt);
  const squatter = item(near(world, key), -1);
  const reader = item(near(world, key), -2);
  const author = owner.contact.id;
  const authorOf = (result: OverlayResult | undefined): string | undefined =>
    result?.kind === 'get' ? result.record.author.id : undefined;
  expect(ask(world, squatter, put(signed(world, squatter, { key, sequence: 99 })))).toMatchObject({ kind: 'put' });
  expect(ask(world, reader, { kind: 'get', key, author })).toEqual({ kind: 'failed', code: 'not-found' });
  expect(authorOf(ask(world, reader, { kind: 'get', key }))).toBe(squatter.contact.id);
  expect(ask(world, owner, put(signed(world, owner, { key, salt })))).toMatchObject({ kind: 'put' });
  expect(authorOf(ask(world, reader, { kind: 'get', key, author }))).toBe(author);
  expect(ask(world, squatter, put(signed(world, squatter, { key, sequence: 100 })))).toEqual({
    kind: 'failed',
    code: 'wrong-key',
  });
  expect(ask(world, squatter, put(signed(world, squatter, { key, salt })))).toEqual({
    kind: 'failed',
    code: 'wrong-key',
  });
  world.run(world.now + SYNC_MAX_MS);
  expect(authorOf(ask(world, reader, { kind: 'get', key }))).toBe(author);
}, 60_000);

/** Without a way round the hops that hold back messages to one peer, puts failed in seeds 4, 7 and 12. */
const STRANGER_SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

test.each(STRANGER_SEEDS)('fifty puts of strangers into one neighbourhood at once all succeed (seed %i)', (seed) => {
  const world = network(seed);
  const key = randomKey(world.rng);
  const author = item(near(world, key), -1);
  const results: (string | undefined)[] = [];
  const count = UNSOLICITED_BURST + 20;
  for (let i = 0; i < count; i++) {
    const author_ = i === count - 1 ? author : item(near(world, key), -1 - (i % 20));
    const record = signed(world, author_, { key: `${key.slice(0, 34)}${String(i).padStart(6, '0')}` as NodeId });
    world.operate(author_, put(record), (result) => results.push(result.kind));
  }
  world.run(world.now + 12_000);
  expect(results).toEqual(Array.from({ length: count }, () => 'put'));
});

test('a read meets every put that was acknowledged, from any peer, as soon as it is', () => {
  const world = network();
  const key = randomKey(world.rng);
  const author = item(near(world, key), -1);
  for (let sequence = 1; sequence <= 5; sequence++) {
    let read: number | undefined;
    world.operate(author, put(signed(world, author, { key, sequence })), () => {
      const reader = item(world.alive, (7 * sequence) % 40);
      world.operate(reader, { kind: 'get', key }, (result) => (read = sequenceOf(result)));
    });
    world.run(world.now + 5_000);
    expect(read).toBe(sequence);
  }
});

test('a read gives a replica that has just joined what it lacks, before any digest does', () => {
  const keepsAfter = (isRead: boolean): boolean => {
    const world = network(21);
    const key = randomKey(world.rng);
    const author = item(near(world, key), -1);
    ask(world, author, put(signed(world, author, { key })), 60_000);
    const newcomer = world.spawn(undefined, contactNear(key, 12, 20_000, world.rng));
    world.run(world.now + JOINED_MS);
    expect(newcomer.overlay.keeps(key)).toBe(false);
    // Each read asks four of eight, and the newcomer is not among those of every one.
    const readers = isRead ? near(world, key).slice(-9, -1) : [];
    for (const reader of readers) world.operate(reader, { kind: 'get', key }, () => undefined);
    world.run(world.now + 1_000);
    return newcomer.overlay.keeps(key);
  };
  expect([keepsAfter(false), keepsAfter(true)]).toEqual([false, true]);
});

test('replicas that joined after a put have it by the next digests at the latest', () => {
  const world = network(3, 24);
  const key = randomKey(world.rng);
  ask(world, item(near(world, key), -1), put(signed(world, item(near(world, key), -1), { key })));
  const before = new Set(near(world, key).slice(0, 8));
  for (let i = 0; i < 24; i++) world.spawn();
  world.run(world.now + 30_000 + SYNC_MAX_MS);
  const now = near(world, key).slice(0, 8);
  expect(now.some((node) => !before.has(node))).toBe(true);
  expect(now.filter(({ overlay }) => !overlay.keeps(key))).toEqual([]);
}, 60_000);

test('half of the holders die at once; the record is read, and eight peers hold it again', () => {
  const world = network();
  const key = randomKey(world.rng);
  const author = item(near(world, key), -1);
  ask(world, author, put(signed(world, author, { key })));
  for (const holder of near(world, key).slice(0, 4)) world.kill(holder);
  expect(sequenceOf(ask(world, item(near(world, key), -2), { kind: 'get', key }))).toBe(1);
  world.run(world.now + 90_000 + SYNC_MAX_MS);
  const closest = near(world, key).slice(0, 8);
  expect(closest.filter(({ overlay }) => overlay.keeps(key))).toHaveLength(8);
}, 60_000);

test('a popular record is served by copies, a newer version is seen within the staleness bound, and a fresh read at once', () => {
  const world = network();
  const key = randomKey(world.rng);
  const author = item(near(world, key), -1);
  ask(world, author, put(signed(world, author, { key })), 2_000);
  const everyone = [...world.alive];
  const readAll = (): void => {
    for (const node of everyone) world.operate(node, { kind: 'get', key }, () => undefined);
    world.run(world.now + 1_000);
  };
  for (let i = 0; i < 6; i++) readAll();
  expect(everyone.reduce((sum, { overlay }) => sum + overlay.counters.copiesServed, 0)).toBeGreaterThan(0);
  ask(world, author, put(signed(world, author, { key, sequence: 2 })), 1_000);
  expect(sequenceOf(ask(world, author, { kind: 'get', key }, 1_000))).toBe(2);
  expect(sequenceOf(ask(world, item(everyone, 5), { kind: 'get', key, isFresh: true }, 2_000))).toBe(2);
  world.run(world.now + MAX_STALENESS_MS);
  const seen: (number | undefined)[] = [];
  for (const node of everyone) world.operate(node, { kind: 'get', key }, (result) => seen.push(sequenceOf(result)));
  world.run(world.now + 5_000);
  expect(seen).toEqual(everyone.map(() => 2));
}, 60_000);

test('the providers of a popular key are told by copies too; a change is seen within the staleness bound, and by a fresh read at once', () => {
  const world = network(7, 100);
  const key = randomKey(world.rng);
  const [first, second] = [item(near(world, key), -1), item(near(world, key), -2)];
  const everyone = world.alive;
  const answeredBy = new Map<NodeId, number>();
  world.onEvent = (node, event) => {
    const last = event.kind === 'trail' ? (event.path.at(-1) ?? node.contact.id) : undefined;
    if (last !== undefined) answeredBy.set(last, (answeredBy.get(last) ?? 0) + 1);
  };
  const readAll = (): (readonly NodeId[])[] => {
    const seen: (readonly NodeId[])[] = [];
    for (const node of everyone) {
      world.operate(node, { kind: 'findProviders', key }, (result) => {
        if (result.kind === 'findProviders') seen.push(result.providers.map(({ id }) => id).sort());
      });
    }
    world.run(world.now + 2_000);
    return seen;
  };
  ask(world, first, { kind: 'publish', key }, 2_000);
  for (let i = 0; i < 4; i++) expect(readAll()).toEqual(everyone.map(() => [first.contact.id]));
  const holders = new Set(
    near(world, key)
      .slice(0, 8)
      .map(({ contact }) => contact.id),
  );
  expect([...answeredBy.keys()].some((id) => !holders.has(id))).toBe(true);
  ask(world, second, { kind: 'publish', key }, 2_000);
  const fresh = ask(world, item(everyone, 5), { kind: 'findProviders', key, isFresh: true }, 2_000);
  expect(fresh?.kind === 'findProviders' && fresh.providers.map(({ id }) => id).sort()).toEqual(
    [first.contact.id, second.contact.id].sort(),
  );
  world.run(world.now + MAX_STALENESS_MS);
  expect(readAll()).toEqual(everyone.map(() => [first.contact.id, second.contact.id].sort()));
  ask(world, first, { kind: 'unpublish', key }, 2_000);
  world.run(world.now + MAX_STALENESS_MS);
  expect(readAll()).toEqual(everyone.map(() => [second.contact.id]));
}, 60_000);

test('a record outlives all eight of its holders when they leave one after another with a BYE', () => {
  const world = network();
  const key = randomKey(world.rng);
  const author = item(near(world, key), -1);
  ask(world, author, put(signed(world, author, { key })));
  for (const holder of near(world, key).slice(0, 8)) {
    world.leave(holder);
    world.run(world.now + 1_000);
  }
  expect(sequenceOf(ask(world, author, { kind: 'get', key, isFresh: true }))).toBe(1);
});

test('an announcement that was taken back does not return from replicas that missed it', () => {
  const world = network();
  const key = randomKey(world.rng);
  const provider = item(near(world, key), -1);
  ask(world, provider, { kind: 'publish', key });
  for (const holder of near(world, key).slice(0, 5)) world.kill(holder);
  world.run(world.now + 20_000);
  expect(ask(world, provider, { kind: 'unpublish', key })).toEqual({ kind: 'unpublish' });
  world.run(world.now + 2 * SYNC_MAX_MS);
  expect(holders(world, key)).toBe(0);
}, 60_000);

test('a put returns within half a second in the median and a second at p95', () => {
  const world = new World({ ...DEFAULT_WORLD, seed: 11 });
  grow(world, 120, 30_000);
  const times: number[] = [];
  for (let i = 0; i < 200; i++) {
    world.at(world.now + 100 * i, () => {
      const author = item(world.alive, i % 120);
      const start = world.now;
      world.operate(author, put(signed(world, author, { key: randomKey(world.rng) })), (result) => {
        if (result.kind === 'put') times.push(world.now - start);
      });
    });
  }
  world.run(world.now + 40_000);
  times.sort((a, b) => a - b);
  expect(times).toHaveLength(200);
  expect(item(times, 100)).toBeLessThan(500);
  expect(item(times, 190)).toBeLessThan(1_000);
}, 120_000);
