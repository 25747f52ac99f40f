import { expect, test } from 'vitest';
import type { NodeId } from '../../shared/src/ids.ts';
import type { OverlayResult } from '../src/overlay/types.ts';
import { grow } from './phases.ts';
import type { OpRequest } from './sim-node.ts';
import { DEFAULT_WORLD, World } from './world.ts';

const KEY = 'c0ffee'.padEnd(40, '7') as NodeId;

/** Runs one operation of one of 24 peers; returns its result and the way of each answer. */
function watched(request: OpRequest): {
  result: OverlayResult | undefined;
  trails: (readonly NodeId[])[];
} {
  const world = new World({ ...DEFAULT_WORLD, seed: 11, linkTarget: 6, linkHard: 10 });
  grow(world, 24, 30_000);
  const self = world.alive[5];
  if (!self) throw new Error('nobody is there');
  const trails: (readonly NodeId[])[] = [];
  let result: OverlayResult | undefined;
  let op: number | undefined;
  world.onEvent = (node, event) => {
    if (event.kind !== 'trail' || node !== self) return;
    op ??= event.op;
    expect(event.op).toBe(op);
    // Links change later: a way begins with one of its own time.
    expect(node.links.has(event.path[0] as NodeId)).toBe(true);
    trails.push(event.path);
  };
  world.operate(self, request, (given) => (result = given));
  world.run(world.now + 30_000);
  return { result, trails };
}

for (const mode of ['recursive', 'iterative'] as const) {
  test(`the ${mode} lookup tells the way of each answer, each from a link of ours on, and its own way among them`, () => {
    const { result, trails } = watched({ kind: 'lookup', key: KEY, mode, timeoutMs: 10_000 });
    if (result?.kind !== 'lookup') throw new Error(`ended as ${result?.kind}`);
    expect(trails.length).toBeGreaterThan(0);
    expect(trails.map((path) => path.at(-1))).toContain(result.path.at(-1));
  });
}

test('a read of a key that nobody holds tells where it asked', () => {
  const { result, trails } = watched({ kind: 'get', key: KEY });
  expect(result).toEqual({ kind: 'failed', code: 'not-found' });
  expect(trails.length).toBeGreaterThan(0);
});
