import { expect, test } from 'vitest';
import { grow } from './phases.ts';
import { RecordLedger } from './records.ts';
import { Truth } from './truth.ts';
import { drain } from './workload.ts';
import { DEFAULT_WORLD, World } from './world.ts';

/** A put returns at a majority of the copies; the others are there, and copies kept for reads gone, after this. [ms] */
const SETTLE_MS = 15_000;

/** A network in which one record was put, and who holds it was counted. */
function withRecord(): { world: World; ledger: RecordLedger } {
  const world = new World({ ...DEFAULT_WORLD, seed: 4 });
  grow(world, 30);
  const ledger = new RecordLedger(world);
  const [author] = world.alive;
  if (author) ledger.put(author);
  drain(world, () => ledger.tally.open);
  world.run(world.now + SETTLE_MS);
  return { world, ledger };
}

test('a record that was put is held by the eight closest peers and read by anyone', () => {
  const { world, ledger } = withRecord();
  expect(ledger.count(Truth.of(world.alive))).toEqual({ live: 1, held: 1, amongClosest: 8 });
  for (const node of world.alive) ledger.get(node);
  drain(world, () => ledger.tally.open);
  expect(ledger.tally).toMatchObject({ puts: 1, stored: 1, gets: 30, found: 30, open: 0 });
  expect(ledger.found).toBe(1);
});

test('a record whose holders all die at once is lost with them, and its readers do not find it', () => {
  const { world, ledger } = withRecord();
  ledger.count(Truth.of(world.alive));
  const { key } = ledger.records[0] ?? {};
  if (!key) throw new Error('nothing was put');
  for (const node of world.alive) if (node.overlay.keeps(key)) world.kill(node);
  expect(ledger.count(Truth.of(world.alive))).toMatchObject({ held: 0 });
  expect(ledger.records[0]?.lost).toBe('with its holders');
  const [reader] = world.alive;
  if (reader) ledger.get(reader);
  drain(world, () => ledger.tally.open);
  expect(ledger.found).toBe(0);
});

test('a record that nobody holds although its last holders live was dropped by them', () => {
  const { world, ledger } = withRecord();
  ledger.count(Truth.of(world.alive));
  const [record] = ledger.records;
  if (!record) throw new Error('nothing was put');
  for (const holder of record.holders) holder.overlay.keeps = () => false;
  for (const node of world.alive) node.overlay.keeps = () => false;
  ledger.count(Truth.of(world.alive));
  expect(record.lost).toBe('by a living holder');
});

test('a put whose author dies before the answer takes no read away from the share found', () => {
  const { world, ledger } = withRecord();
  const [author, reader] = world.alive;
  if (!author || !reader) throw new Error('nobody is there');
  ledger.get(reader);
  drain(world, () => ledger.tally.openGets);
  ledger.put(author);
  world.kill(author);
  ledger.abandon();
  expect([ledger.tally.gets, ledger.found]).toEqual([1, 1]);
});
