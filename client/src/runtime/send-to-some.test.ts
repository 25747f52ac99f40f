import { expect, test } from 'vitest';
import { nodeIdFromBytes, type NodeId } from '../../../shared/src/ids.ts';
import { sendToSome } from './send-to-some.ts';

const ids = Array.from({ length: 5 }, (_, i) => nodeIdFromBytes(new Uint8Array(20).fill(i)));

async function reach(wanted: number, deaf: readonly number[], receivers = ids): Promise<[number, number[]]> {
  const tried: NodeId[] = [];
  const got = await sendToSome(receivers, wanted, (id) => {
    tried.push(id);
    return Promise.resolve(!deaf.includes(ids.indexOf(id)));
  });
  return [got, tried.map((id) => ids.indexOf(id))];
}

test('as many receivers as wanted get it, each once', async () => {
  expect(await reach(3, [])).toEqual([3, [0, 1, 2]]);
  expect(await reach(2, [], [...ids, ...ids])).toEqual([2, [0, 1]]);
});

test('another takes the place of one that does not answer', async () => {
  expect(await reach(2, [0, 1])).toEqual([2, [0, 1, 2, 3]]);
});

test('when too few are left, those that got it are counted', async () => {
  expect(await reach(9, [1, 2])).toEqual([3, [0, 1, 2, 3, 4]]);
  expect(await reach(2, [], [])).toEqual([0, []]);
});

test('fewer than one means one', async () => {
  expect(await reach(0, [])).toEqual([1, [0]]);
  expect(await reach(-3.5, [])).toEqual([1, [0]]);
});
