import { expect, test } from 'vitest';
import { contactFromKey } from '../../shared/src/ids.ts';
import { BUCKET_CAPACITY, REPLACEMENT_CAPACITY } from '../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../shared/src/machine.ts';
import { siblingCountFor } from '../src/overlay/link-policy.ts';
import type { BucketFill, TableEntry } from '../src/overlay/types.ts';
import {
  conservationViolations,
  linkViolations,
  openViolations,
  recordViolations,
  silence,
  tableViolations,
} from './checkers.ts';
import { inspect } from './inspect.ts';
import { grow } from './phases.ts';
import { OperationWatch } from './watch.ts';
import { randomKey } from './workload.ts';
import { DEFAULT_WORLD, World } from './world.ts';

const BOUNDS = { linkTarget: 40, linkHard: 64 };
const rng = seededRng(1);
const ID = randomKey(rng);

/** A table with one bucket of so many contacts. */
function table(fill: Partial<BucketFill>, siblings = 0): { entries: TableEntry[]; buckets: BucketFill[] } {
  const bucket = { index: 3, linked: 0, known: 0, replacements: 0, ...fill };
  const entries = Array.from({ length: bucket.linked + bucket.known }, (_, i) => ({
    contact: contactFromKey(randomBytes(rng, 32)),
    bucket: 3,
    isLinked: i < bucket.linked,
    isVirtual: false,
    isSibling: i < siblings,
    rttMs: undefined,
  }));
  return { entries, buckets: [bucket] };
}

test('a full table is within its bounds', () => {
  const full = table(
    { linked: 5, known: BUCKET_CAPACITY - 5, replacements: REPLACEMENT_CAPACITY },
    siblingCountFor(40),
  );
  expect(tableViolations(ID, full, BOUNDS)).toEqual([]);
  expect(tableViolations(ID, table({ linked: 64 }), BOUNDS)).toEqual([]);
});

test.each([
  ['a bucket with one contact too many', table({ known: BUCKET_CAPACITY + 1 }), 'holds'],
  ['known contacts beside more links than a bucket holds', table({ linked: BUCKET_CAPACITY, known: 1 }), 'holds'],
  ['one replacement too many', table({ replacements: REPLACEMENT_CAPACITY + 1 }), 'replacements'],
  ['one link too many', table({ linked: 65 }), 'links'],
  ['one sibling too many', table({ known: 20 }, siblingCountFor(40) + 1), 'siblings'],
  ['a contact in no bucket', { ...table({ known: 2 }), buckets: [] }, 'in buckets'],
])('%s is a violation', (_what, broken, word) => {
  expect(tableViolations(ID, broken, BOUNDS)).toEqual([expect.stringContaining(word)]);
});

test('a machine that believes in a link that is gone is a violation', () => {
  const world = smallWorld();
  const node = world.alive[0];
  if (!node) throw new Error('nobody is there');
  expect(linkViolations(node)).toEqual([]);
  node.links.delete([...node.links.keys()][0] ?? ID);
  expect(linkViolations(node)).toEqual([expect.stringContaining('believes')]);
});

test('when all are silent every frame was delivered or lost; one that vanished is a violation', () => {
  const world = smallWorld();
  silence(world);
  expect(conservationViolations(world.frames)).toEqual([]);
  world.frames.sent++;
  expect(conservationViolations(world.frames)).toHaveLength(1);
});

test('an operation whose answer never comes is a violation, one that still has time is not', () => {
  const world = new World({ ...DEFAULT_WORLD, seed: 2 });
  const watch = new OperationWatch(world);
  const node = world.spawn();
  node.listeners.set(node.nextOp++, () => undefined);
  world.run(15_000);
  expect(openViolations(watch.overdue())).toEqual([]);
  world.run(45_000);
  expect(openViolations(watch.overdue())).toEqual(['1 operations were never answered']);
});

test('a record that its living holder dropped is a violation, one whose holders all died is not', () => {
  expect(
    recordViolations([
      { key: ID, lost: undefined },
      { key: ID, lost: 'with its holders' },
    ]),
  ).toEqual([]);
  expect(recordViolations([{ key: ID, lost: 'by a living holder' }])).toEqual([expect.stringContaining(ID)]);
});

test('an inspection runs every checker and counts what is beyond twenty sentences', () => {
  const world = smallWorld();
  const watch = new OperationWatch(world);
  for (const node of world.alive) node.listeners.set(node.nextOp++, () => undefined);
  world.run(world.now + 60_000);
  world.frames.lost++;
  const { violations, joined } = inspect(world, { linkTarget: 0, linkHard: 1 }, watch, undefined);
  expect(joined).toBe(12);
  expect(violations[0]).toContain('links');
  expect(violations).toHaveLength(21);
  expect(violations.at(-1)).toMatch(/^and \d+ more$/);
});

function smallWorld(): World {
  const world = new World({ ...DEFAULT_WORLD, seed: 2 });
  grow(world, 12);
  return world;
}
