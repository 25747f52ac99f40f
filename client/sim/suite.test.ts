import { expect, test } from 'vitest';
import { runSuite } from './suite.ts';

const SUITE = { seeds: 3, runs: [['growth', '--nodes', '10'], ['storm']] };

test('a suite runs every command with every seed, one after another', async () => {
  const done: string[] = [];
  await runSuite(SUITE, { seed: 5, seeds: 2, jobs: 1 }, async (args) => {
    await Promise.resolve();
    done.push(args.join(' '));
  });
  expect(done).toEqual([
    'growth --nodes 10 --seed 5 --json',
    'growth --nodes 10 --seed 6 --json',
    'storm --seed 5 --json',
    'storm --seed 6 --json',
  ]);
});

test('no more runs are under way than it may start at the same time', async () => {
  let running = 0;
  let most = 0;
  await runSuite(SUITE, { seed: 1, seeds: 5, jobs: 2 }, async () => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running--;
  });
  expect(most).toBe(2);
});

test('a run that fails ends the suite with its reason', async () => {
  const failing = runSuite(SUITE, { seed: 1, seeds: 1, jobs: 1 }, () => Promise.reject(new Error('no report')));
  await expect(failing).rejects.toThrow('no report');
});
