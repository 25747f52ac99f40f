import { expect, test } from 'vitest';
import { grow } from './phases.ts';
import { Population } from './population.ts';
import { DEFAULT_WORLD, World } from './world.ts';

function peopled(): { world: World; population: Population } {
  const world = new World({ ...DEFAULT_WORLD, seed: 6 });
  grow(world, 20);
  return { world, population: new Population(world, 60) };
}

test('whoever leaves is replaced, so that the number of peers stays', () => {
  const { world, population } = peopled();
  world.run(world.now + 120_000);
  expect(population.left).toBeGreaterThan(20);
  expect(world.alive).toHaveLength(20);
});

test('those who are settled live and joined at least 15 s ago, and the truth holds exactly them', () => {
  const { world, population } = peopled();
  for (let i = 0; i < 60; i++) {
    world.run(world.now + 1_000);
    const { settled, truth } = population;
    expect(settled.every(({ isAlive }) => isAlive)).toBe(true);
    expect(
      settled.filter(({ joinedAt = world.now, bornAt }) => bornAt > 60_000 && world.now - joinedAt < 15_000),
    ).toEqual([]);
    expect(truth.size).toBe(settled.length);
    expect(settled.every(({ contact }) => truth.closest(contact.id) === contact.id)).toBe(true);
  }
  expect(population.settled.length).toBeGreaterThan(10);
});

test('after it was stopped nobody comes and nobody goes', () => {
  const { world, population } = peopled();
  population.stop();
  const before = world.alive.map(({ index }) => index);
  world.run(world.now + 300_000);
  expect(world.alive.map(({ index }) => index)).toEqual(before);
});

test('it tells how long newcomers took to join, and that none was left outside', () => {
  const { world, population } = peopled();
  world.run(world.now + 120_000);
  expect(population.joinMs.size).toBeGreaterThan(5);
  expect(population.joinMs.percentile(0.5)).toBeGreaterThan(1_000);
  expect(population.stranded).toBe(0);
});

test('a newcomer that nobody lets in is stranded after a minute', () => {
  const world = new World({ ...DEFAULT_WORLD, seed: 6 });
  grow(world, 20);
  const population = new Population(world, 300, () => world.spawn([]));
  world.run(world.now + 120_000);
  expect(population.left).toBeGreaterThan(0);
  expect(population.stranded).toBeGreaterThan(0);
});
