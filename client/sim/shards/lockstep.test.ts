import { expect, test } from 'vitest';
import { DEFAULT_WORLD, type World } from '../world.ts';
import { type SmallGrowth, growInLockstep, runInLockstep } from './lockstep.fixture.ts';

const growth = (seed: number): SmallGrowth => ({ options: { ...DEFAULT_WORLD, seed }, peers: 24, settleMs: 20_000 });

const byText = (a: string, b: string): number => (a < b ? -1 : 1);

const aliveOf = (worlds: readonly World[]): World['alive'] => worlds.flatMap(({ alive }) => alive);

test.each([2, 3])('peers of %i shards find each other, join, and link across', (count) => {
  // By then nobody replaces links any more: no close is on its way.
  const worlds = growInLockstep({ ...growth(1), settleMs: 300_000 }, count);
  expect(worlds.map(({ nodes }) => nodes.size)).toEqual(worlds.map(() => 24 / count));
  const peers = aliveOf(worlds);
  expect(peers.filter(({ overlay }) => overlay.snapshot().isJoined)).toHaveLength(24);
  const shardsLinked = peers.map(
    ({ links }) => new Set([...links.values()].map(({ peerIndex }) => peerIndex % count)).size,
  );
  expect(shardsLinked).toEqual(peers.map(() => count));
  const sides = peers.flatMap(({ index, links }) =>
    [...links.values()].map(({ peerIndex }) => `${index} ${peerIndex}`),
  );
  const farSides = sides.map((side) => side.split(' ').toReversed().join(' '));
  expect(farSides.toSorted(byText)).toEqual(sides.toSorted(byText));
});

test('the same seed gives every shard the same trace, another seed another', () => {
  const digests = [3, 3, 4].map((seed) => growInLockstep(growth(seed), 2).map(({ digest }) => digest.hex));
  expect(digests[0]).toEqual(digests[1]);
  expect(digests[0]?.[0]).not.toBe(digests[2]?.[0]);
  expect(digests[0]?.[1]).not.toBe(digests[2]?.[1]);
});

test('a peer is the same in whatever shard it is', () => {
  const ids = [1, 2, 3].map((count) =>
    aliveOf(growInLockstep({ ...growth(1), settleMs: 0 }, count))
      .sort((a, b) => a.index - b.index)
      .map(({ contact }) => contact.id),
  );
  expect(ids[1]).toEqual(ids[0]);
  expect(ids[2]).toEqual(ids[0]);
});

test('a lookup ends at the closest peer, in whatever shard that is', () => {
  const worlds = growInLockstep(growth(2), 2);
  const peers = aliveOf(worlds);
  const named: (string | undefined)[] = [];
  for (const world of worlds) {
    const [asker] = world.alive;
    if (!asker) throw new Error('nobody is there');
    for (const { contact } of peers)
      world.operate(asker, { kind: 'lookup', key: contact.id, mode: 'recursive', timeoutMs: 10_000 }, (result) =>
        named.push(result.kind === 'lookup' ? result.closest[0]?.id : result.kind),
      );
  }
  runInLockstep(worlds, (worlds[0]?.now ?? 0) + 10_000);
  const wanted = peers.map(({ contact }) => contact.id);
  const texts = named.map(String).toSorted(byText);
  expect(texts).toEqual([...wanted, ...wanted].map(String).toSorted(byText));
});

test('a peer that dies is gone from the tables of the other shard too, and no frame vanishes', () => {
  const worlds = growInLockstep(growth(3), 2);
  const [first, second] = worlds as [World, World];
  const [victim] = first.alive;
  if (!victim) throw new Error('nobody is there');
  first.kill(victim);
  runInLockstep(worlds, first.now + 15_000);
  const knowing = second.alive.filter(({ overlay }) => overlay.contactOf(victim.contact.id) !== undefined);
  expect(knowing).toEqual([]);
  runInLockstep(worlds, first.now + 30_000);
  expect(second.alive.filter(({ links }) => links.has(victim.contact.id))).toEqual([]);
  for (const node of aliveOf(worlds)) node.isAlive = false;
  runInLockstep(worlds, first.now + 60_000);
  expect(first.framesUnderWay + second.framesUnderWay).toBe(0);
});
