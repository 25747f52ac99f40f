import { expect, it } from 'vitest';
import type { ContactInfo } from '../../index.ts';
import { bucketRows } from './bucket-rows.ts';

const SELF = '0'.repeat(40);
const contact = (start: string, bucket: number, linked = false, virtual = false): ContactInfo => ({
  id: start.padEnd(40, '0'),
  name: undefined,
  bucket,
  linked,
  virtual,
  sibling: false,
  rttMs: undefined,
});

it('draws each bucket with its own contacts, linked ones first, and its free and replacement slots', () => {
  const contacts = [contact('c', 0), contact('b', 0, false, true), contact('a', 0, true), contact('4', 1, true)];
  const buckets = [
    { index: 0, linked: 1, known: 2, replacements: 4 },
    { index: 1, linked: 1, known: 0, replacements: 0 },
  ];
  const rows = bucketRows(SELF, contacts, buckets, 4);
  expect(rows.map((row) => [row.index, row.contacts.map(({ id }) => id.charAt(0)).join(''), row.free])).toEqual([
    [0, 'abc', 1],
    [1, '4', 3],
  ]);
  expect(rows.map(({ replacements }) => replacements)).toEqual([4, 0]);
});

it('draws a bucket that holds more links than k without a free slot', () => {
  const contacts = ['8', '9', 'a'].map((start) => contact(start, 0, true));
  const [row] = bucketRows(SELF, contacts, [{ index: 0, linked: 3, known: 0, replacements: 0 }], 2);
  expect(row).toMatchObject({ free: 0 });
  expect(row?.contacts).toHaveLength(3);
});
