import { expect, test } from 'vitest';
import { grow } from './phases.ts';
import { tellProgress } from './progress.ts';
import { DEFAULT_WORLD, World } from './world.ts';

test('a run tells every second of its time how many peers there are', () => {
  const lines: string[] = [];
  const world = new World({ ...DEFAULT_WORLD, seed: 1 });
  tellProgress(world, (line) => lines.push(line));
  grow(world, 30, 1_000);
  expect(lines.map((line) => line.replace(/, after.*/, '')).slice(0, 3)).toEqual([
    "0 s of the network's time: about 0 peers",
    "1 s of the network's time: about 5 peers",
    "2 s of the network's time: about 10 peers",
  ]);
});

test('a run that tells how far it is stays the same run', () => {
  const [told, silent] = [new World({ ...DEFAULT_WORLD, seed: 1 }), new World({ ...DEFAULT_WORLD, seed: 1 })];
  tellProgress(told, () => undefined);
  for (const world of [told, silent]) grow(world, 20, 10_000);
  expect(told.digest.hex).toBe(silent.digest.hex);
});
