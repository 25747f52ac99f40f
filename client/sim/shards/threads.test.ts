import { expect, test } from 'vitest';
import { DEFAULT_WORLD } from '../world.ts';
import type { ExchangeTask } from './exchange.worker.fixture.ts';
import { type SmallGrowth, growInLockstep } from './lockstep.fixture.ts';
import { runThreads } from './threads.ts';
import { bundled } from './worker-bundle.fixture.ts';

const exchangeWorker = await bundled('exchange.worker.fixture.ts');
const growWorker = await bundled('grow.worker.fixture.ts');

/** Runs exchanges in as many threads as there are rows; what each got, by exchange and sender. */
const exchanged = (task: ExchangeTask): Promise<number[][][]> =>
  runThreads(exchangeWorker, task.lengths[0]?.length ?? 0, task);

test('every shard gets what each other one has for it, exchange after exchange', async () => {
  const first = [
    [0, 10, 20],
    [30, 0, 50],
    [60, 0, 0],
  ];
  const lengths = Array.from({ length: 200 }, (_, step) => first.map((row) => row.map((length) => length * step)));
  const got = await exchanged({ lengths });
  got.forEach((ofShard, to) => {
    const expected = lengths.map((ofStep) => ofStep.map((row, from) => (from === to ? undefined : row[to])));
    const others = ofShard.map((ofStep) => ofStep.map((length, from) => (from === to ? undefined : length)));
    expect(others).toEqual(expected);
  });
});

test('what is too long for one step comes whole, and so does what follows', async () => {
  const long = 3_000_001;
  const lengths = [
    [
      [0, long],
      [2 ** 20, 0],
    ],
    [
      [0, 1],
      [2 ** 20 + 1, 0],
    ],
    [
      [0, 2],
      [3, 0],
    ],
  ];
  const [first, second] = await exchanged({ lengths });
  expect(first?.map((step) => step[1])).toEqual([2 ** 20, 2 ** 20 + 1, 3]);
  expect(second?.map((step) => step[0])).toEqual([long, 1, 2]);
});

test('when one shard fails the run fails with its reason, although the others wait for it', async () => {
  const lengths = [
    [
      [0, 1],
      [1, 0],
    ],
  ];
  await expect(exchanged({ lengths, failing: 1 })).rejects.toThrow('Shard 1 fails.');
});

test('two threads go the same way as the same shards in one thread', async () => {
  const growth: SmallGrowth = { options: { ...DEFAULT_WORLD, seed: 5 }, peers: 20, settleMs: 10_000 };
  const digests = growInLockstep(growth, 2).map(({ digest }) => digest.hex);
  expect(await runThreads(growWorker, 2, growth)).toEqual(digests);
});
