import { expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../../shared/src/ids.ts';
import { BUCKET_CAPACITY, REPLACEMENT_CAPACITY } from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits } from '../../../shared/src/xor.ts';
import { bucketFills } from './bucket-fills.ts';
import { RoutingTable } from './routing-table.ts';

const rng = seededRng(3);
const newcomer = (): Contact => contactFromKey(randomBytes(rng, 32));
const self = newcomer();

/** `count` contacts that share exactly `bits` bits with us. */
function contactsAt(bits: number, count: number): Contact[] {
  const found: Contact[] = [];
  while (found.length < count) {
    const contact = newcomer();
    if (commonPrefixBits(self.id, contact.id) === bits) found.push(contact);
  }
  return found;
}

test('each bucket that holds somebody is counted: links, known contacts, and who waits for a place', () => {
  const table = new RoutingTable(self.id, 10);
  const far = contactsAt(0, BUCKET_CAPACITY + 3);
  for (const contact of far.slice(0, 2)) table.linkUp(contact, 1_000);
  for (const contact of far.slice(2)) table.learn(contact, 1_000, 1_000, undefined);
  for (const contact of contactsAt(2, 1)) table.learn(contact, 1_000, 1_000, undefined);
  expect(bucketFills(table.buckets)).toEqual([
    { index: 0, linked: 2, known: BUCKET_CAPACITY - 2, replacements: 3 },
    { index: 2, linked: 0, known: 1, replacements: 0 },
  ]);
});

test('an empty table has no bucket to show, and a flooded one no more replacements than its cache holds', () => {
  const table = new RoutingTable(self.id, 10);
  expect(bucketFills(table.buckets)).toEqual([]);
  for (const contact of contactsAt(0, BUCKET_CAPACITY + 2 * REPLACEMENT_CAPACITY))
    table.learn(contact, 1_000, 1_000, undefined);
  expect(bucketFills(table.buckets)).toEqual([
    { index: 0, linked: 0, known: BUCKET_CAPACITY, replacements: REPLACEMENT_CAPACITY },
  ]);
});
