import { expect, test } from 'vitest';
import { MIN_LINKS_PER_BUCKET } from '../../shared/src/limits/overlay-links.ts';
import { BUCKET_CAPACITY } from '../../shared/src/limits/overlay.ts';
import { seededRng } from '../../shared/src/machine.ts';
import { fillMachine } from './filled-machine.ts';
import { measureForwarding } from './forwarding.ts';
import { measureIdling } from './idling.ts';

test('a filled machine has its links, and knows as many contacts of each bucket as the network has, at most k', () => {
  const { machine, peers } = fillMachine(seededRng(1), 10_000, 40);
  expect(peers).toHaveLength(40);
  expect(machine.links).toBe(40);
  const { entries } = machine.snapshot();
  // Of 10,000 ids about 5,000 differ from ours in the first bit, 2,500 share one, and so on.
  for (let bucket = 0; bucket < 7; bucket++) {
    const inBucket = entries.filter((entry) => entry.bucket === bucket);
    expect(inBucket).toHaveLength(BUCKET_CAPACITY);
    expect(inBucket.filter(({ isLinked }) => isLinked).length).toBeGreaterThanOrEqual(MIN_LINKS_PER_BUCKET);
  }
});

test('what is measured as forwarding is forwarded', () => {
  expect(measureForwarding(2_000, () => 0).forwarded).toBeGreaterThan(1_900);
});

test('a machine that is measured idle keeps all its links, because its neighbours answer', () => {
  expect(measureIdling(120, () => 0).links).toBe(40);
});
