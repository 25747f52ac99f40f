import { expect, test } from 'vitest';
import { grow, measureLookups, measureUpkeep, routedFrames, startGrowth } from './phases.ts';
import { DEFAULT_WORLD, World } from './world.ts';

function grown(): World {
  const world = new World({ ...DEFAULT_WORLD, seed: 3 });
  grow(world, 20);
  return world;
}

test('a network grows to its size by joins, and nobody comes later', () => {
  const world = grown();
  expect(world.alive.filter(({ joinedAt }) => joinedAt !== undefined)).toHaveLength(20);
  world.run(world.now + 60_000);
  expect(world.nodes.size).toBe(20);
});

test('a large network grows by a tenth a second as well, although that is many peers a millisecond', () => {
  const queue: { at: number; run: () => void }[] = [];
  let born = 0;
  const world = {
    now: 0,
    at: (at: number, run: () => void) => void queue.push({ at: Math.ceil(at), run }),
    spawnNext: () => void born++,
  };
  const growthMs = startGrowth(world, 100_000);
  for (let event = queue.shift(); event; event = queue.shift()) {
    world.now = event.at;
    event.run();
  }
  expect(born).toBe(100_000);
  expect(world.now / growthMs).toBeCloseTo(1, 1);
});

test('upkeep is the sum of its types, and quiet peers send mostly pings', () => {
  const { bytesPerNodePerSecond, byType } = measureUpkeep(grown(), 60_000);
  const sum = Object.values(byType).reduce((all, each) => all + each, 0);
  expect(sum).toBeCloseTo(bytesPerNodePerSecond, 0);
  expect(byType.ping).toBeGreaterThan(0);
});

test('what a peer sent before it died or left still counts', () => {
  const world = grown();
  const before = routedFrames(world);
  const { alive } = world;
  for (const node of alive.slice(0, 5)) world.kill(node);
  for (const node of alive.slice(5, 10)) world.leave(node);
  world.run(world.now + 60_000);
  expect(world.nodes.size).toBe(10);
  expect(routedFrames(world)).toBeGreaterThanOrEqual(before);
});

test('a lookup costs at least a message and its reply for each hop', () => {
  const world = grown();
  const { tally, messagesPerLookup } = measureLookups(world, 200, measureUpkeep(world, 20_000));
  expect(tally).toMatchObject({ lookups: 200, succeeded: 200, open: 0 });
  expect(messagesPerLookup).toBeGreaterThanOrEqual(2 * tally.hops.mean - 0.2);
});
