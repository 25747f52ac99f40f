import { expect, test } from 'vitest';
import {
  MAX_READ_PEERS,
  MAX_READ_VERSIONS,
  REPLICATION,
  STAND_INS,
  STAND_IN_DEPTHS,
} from '../../../shared/src/limits/records.ts';
import { ownedRecordOf, person, recordOf } from './record-test-kit.ts';
import { Versions } from './versions.ts';

test('the newest version with a good signature wins, however many holders gave an older one', () => {
  const versions = new Versions();
  for (let i = 0; i < 3; i++) versions.add(recordOf({ sequence: 4 }), true);
  versions.add(recordOf({ sequence: 5 }), true);
  const forged = recordOf({ sequence: 9 });
  expect(versions.add(forged)).toBe(true);
  versions.judge(forged, false);
  expect(versions.newest()?.sequence).toBe(5);
});

test('a version is checked once; until then it does not count', () => {
  const versions = new Versions();
  const record = recordOf();
  expect([versions.add(record), versions.add(recordOf())]).toEqual([true, false]);
  expect(versions.newest()).toBeUndefined();
  versions.judge(record, true);
  expect(versions.newest()).toBe(record);
});

test('between two authors, and between two values of one number, what more holders gave wins', () => {
  const versions = new Versions();
  versions.add(recordOf({ author: person(2), sequence: 99 }), true);
  for (let i = 0; i < 2; i++) versions.add(recordOf(), true);
  expect(versions.newest()?.author.id).toBe(person(1).id);
  for (let i = 0; i < 3; i++) versions.add(recordOf({ value: new Uint8Array([7]) }), true);
  expect(versions.newest()?.value).toEqual(new Uint8Array([7]));
});

test('more versions than holders may be asked are not kept', () => {
  const versions = new Versions();
  for (let i = 1; i <= MAX_READ_VERSIONS + 5; i++) versions.add(recordOf({ sequence: i }), true);
  expect(versions.newest()?.sequence).toBe(MAX_READ_VERSIONS);
});

test('the version of the key’s owner wins over any other, however many holders gave that', () => {
  const versions = new Versions();
  const mine = ownedRecordOf({ sequence: 1 });
  for (let i = 0; i < 3; i++) versions.add(recordOf({ key: mine.key, author: person(2), sequence: 9 }), true);
  versions.add(mine, true);
  expect(versions.newest()).toBe(mine);
});

test('versions whose signatures are bad take no place from the real one, however many came before it', () => {
  const versions = new Versions();
  for (let i = 1; i <= MAX_READ_VERSIONS; i++) {
    const forged = recordOf({ sequence: 100 + i });
    versions.add(forged);
    versions.judge(forged, false);
  }
  const real = recordOf();
  expect(versions.add(real)).toBe(true);
  versions.judge(real, true);
  expect(versions.newest()).toBe(real);
});

test('there is a place for what each peer of a wide search answers, even while no signature is checked yet', () => {
  const versions = new Versions();
  const others = MAX_READ_PEERS + REPLICATION + STAND_IN_DEPTHS * STAND_INS - 1;
  for (let i = 1; i <= others; i++) versions.add(recordOf({ sequence: 100 + i }));
  const real = recordOf();
  expect(versions.add(real)).toBe(true);
  versions.judge(real, true);
  expect(versions.newest()).toBe(real);
});

test('a version for which there is no place is not checked', () => {
  const versions = new Versions();
  for (let i = 1; i <= MAX_READ_VERSIONS; i++) versions.add(recordOf({ sequence: i }), true);
  expect(versions.add(recordOf({ sequence: 0 }))).toBe(false);
});
