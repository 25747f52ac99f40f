import { expect, test } from 'vitest';
import {
  MAX_BYTES_PER_AUTHOR,
  MAX_RECORDS,
  MAX_RECORDS_PER_AUTHOR,
  MAX_RECORD_TTL_MS,
  MAX_SEQUENCE_FLOORS,
} from '../../../shared/src/limits/records.ts';
import { RECORD_HEADER_BYTES } from './record-payloads.ts';
import { RecordStore } from './record-store.ts';
import type { SignedRecord } from './types.ts';
import { WALL, idAt, keyAt, ownedRecordOf, person, recordOf } from './record-test-kit.ts';

const self = idAt('00');
const storeFor = (capacity?: number, replicaOf: readonly string[] = []): RecordStore =>
  new RecordStore(self, (key) => replicaOf.includes(key), capacity);

test('a higher sequence number replaces a lower one; a lower one is stale and changes nothing (BEP 44: 302)', () => {
  const store = storeFor();
  expect(store.put(recordOf({ sequence: 5 }), WALL)).toBe('ok');
  expect(store.put(recordOf({ sequence: 6, value: new Uint8Array([6]) }), WALL)).toBe('ok');
  expect(store.put(recordOf({ sequence: 5 }), WALL)).toBe('stale-sequence');
  expect(store.get(keyAt('aa'), WALL)?.record.sequence).toBe(6);
});

test('the same version again is no error; another value under the same number is stale', () => {
  const store = storeFor();
  store.put(recordOf(), WALL);
  expect(store.put(recordOf(), WALL)).toBe('ok');
  expect(store.put(recordOf({ value: new Uint8Array([2]) }), WALL)).toBe('stale-sequence');
});

test('compare-and-swap replaces exactly the expected version (BEP 44: 301)', () => {
  const store = storeFor();
  store.put(recordOf({ sequence: 5 }), WALL);
  expect(store.put(recordOf({ sequence: 9 }), WALL, 4)).toBe('cas-mismatch');
  expect(store.put(recordOf({ sequence: 9 }), WALL, 0)).toBe('cas-mismatch');
  expect(store.get(keyAt('aa'), WALL)?.record.sequence).toBe(5);
  expect(store.put(recordOf({ sequence: 9 }), WALL, 5)).toBe('ok');
});

test('where nothing is stored any expectation holds, and a repeated put meets its own version', () => {
  const store = storeFor();
  expect(store.put(recordOf({ sequence: 9 }), WALL, 5)).toBe('ok');
  expect(store.put(recordOf({ sequence: 9 }), WALL, 5)).toBe('ok');
});

test('a version with a shorter life than the one it replaced does not let that come back', () => {
  const store = storeFor();
  const [soon, late] = [WALL + 60_000, WALL + 7_200_000];
  const first = recordOf({ sequence: 1, expiresAt: late });
  store.put(first, WALL);
  expect(store.put(recordOf({ sequence: 2, expiresAt: soon }), WALL)).toBe('ok');
  store.expire(soon);
  expect(store.size).toBe(0);
  expect(store.put(first, soon)).toBe('stale-sequence');
  expect(store.put(recordOf({ sequence: 2, expiresAt: late }), soon)).toBe('ok');
  expect(store.put(recordOf({ sequence: 1, expiresAt: late + 1 }), late)).toBe('ok');
});

test('several shorter versions in a row leave the newest number behind, until the longest life is over', () => {
  const store = storeFor();
  const put = (sequence: number, expiresAt: number, at = WALL): string =>
    store.put(recordOf({ sequence, expiresAt }), at);
  put(1, WALL + 9_000);
  put(2, WALL + 3_000);
  put(3, WALL + 1_000);
  expect([put(1, WALL + 9_000, WALL + 1_000), put(2, WALL + 3_000, WALL + 1_000)]).toEqual([
    'stale-sequence',
    'stale-sequence',
  ]);
  expect(put(2, WALL + 60_000, WALL + 8_999)).toBe('stale-sequence');
  expect(put(2, WALL + 60_000, WALL + 9_000)).toBe('ok');
});

test('the number that an author left behind binds nobody else, and a version that was taken back leaves none', () => {
  const store = storeFor();
  const expiresAt = WALL + 1_000;
  store.put(recordOf({ sequence: 5 }), WALL);
  store.put(recordOf({ sequence: 9, expiresAt }), WALL);
  expect(store.put(recordOf({ author: person(2), sequence: 1 }), expiresAt)).toBe('ok');
  const other = storeFor();
  other.put(recordOf({ sequence: 5 }), WALL);
  other.put(recordOf({ sequence: 9, expiresAt }), WALL);
  other.retract(recordOf({ sequence: 9, expiresAt }));
  expect(other.put(recordOf({ sequence: 6 }), WALL)).toBe('ok');
});

test('numbers left behind are bounded, and a neighbour that leaves many displaces those of no other', () => {
  const store = storeFor();
  const short = WALL + 1_000;
  const leave = (index: number, from: string): SignedRecord => {
    const fields = { key: keyAt((0x1000 + index).toString(16)), author: person(index % 200) };
    store.put(recordOf(fields), WALL, undefined, from);
    store.put(recordOf({ ...fields, sequence: 2, expiresAt: short }), WALL, undefined, from);
    return recordOf(fields);
  };
  const mine = leave(0, 'honest');
  for (let i = 1; i <= MAX_SEQUENCE_FLOORS + 5; i++) leave(i, 'flood');
  const late = leave(MAX_SEQUENCE_FLOORS + 6, 'honest');
  store.expire(short);
  expect([store.put(mine, short), store.put(late, short)]).toEqual(['stale-sequence', 'stale-sequence']);
});

test('a key belongs to its author until the record expires', () => {
  const store = storeFor();
  const expiresAt = WALL + 1_000;
  store.put(recordOf({ expiresAt }), WALL);
  expect(store.put(recordOf({ author: person(2), sequence: 99 }), WALL)).toBe('wrong-key');
  expect(store.put(recordOf({ author: person(2) }), expiresAt)).toBe('ok');
});

test('the owner of a key takes it from whoever came first, and is never displaced (BEP 44: 203)', () => {
  const store = storeFor();
  const mine = ownedRecordOf({ sequence: 1 });
  const squatter = recordOf({ key: mine.key, author: person(2), sequence: 99 });
  expect(store.put(squatter, WALL)).toBe('ok');
  expect(store.put(mine, WALL, 5)).toBe('ok');
  expect(store.get(mine.key, WALL)?.record).toEqual(mine);
  expect(store.put({ ...squatter, sequence: 100 }, WALL)).toBe('wrong-key');
  expect(store.put(recordOf({ key: mine.key, author: mine.author, sequence: 100 }), WALL)).toBe('wrong-key');
  expect(store.put(ownedRecordOf({ sequence: 2 }), WALL)).toBe('ok');
});

test('a key is only its owner’s: another author, another salt or another key with it is a wrong key', () => {
  const mine = ownedRecordOf();
  const wrong = [{ author: person(2) }, { salt: new Uint8Array([1]) }, { key: keyAt('aa') }];
  expect(wrong.map((change) => storeFor().put({ ...mine, ...change }, WALL))).toEqual(wrong.map(() => 'wrong-key'));
});

test('what an owner displaces is given back to the quota of whoever wrote it', () => {
  const store = storeFor();
  const mine = ownedRecordOf();
  for (let i = 1; i < MAX_RECORDS_PER_AUTHOR; i++)
    store.put(recordOf({ key: keyAt(i.toString(16).padStart(4, '0')), author: person(2) }), WALL);
  store.put(recordOf({ key: mine.key, author: person(2) }), WALL);
  const another = recordOf({ key: keyAt('bb'), author: person(2) });
  expect(store.put(another, WALL)).toBe('quota');
  store.put(mine, WALL);
  expect(store.put(another, WALL)).toBe('ok');
});

test('a value over 1024 bytes is too large (BEP 44: 205); one of 1024 is not', () => {
  expect(storeFor().put(recordOf({ value: new Uint8Array(1_025) }), WALL)).toBe('too-large');
  expect(storeFor().put(recordOf({ value: new Uint8Array(1_024) }), WALL)).toBe('ok');
});

test('a record that is over, or lives longer than allowed, is not kept', () => {
  const store = storeFor();
  expect(store.put(recordOf({ expiresAt: WALL }), WALL)).toBe('expired');
  expect(store.put(recordOf({ expiresAt: WALL + MAX_RECORD_TTL_MS + 1 }), WALL)).toBe('expired');
  expect([store.size, store.bytes]).toEqual([0, 0]);
});

test('an author has 64 records at one holder; a new version of one of them is no further record', () => {
  const store = storeFor();
  for (let i = 0; i < MAX_RECORDS_PER_AUTHOR; i++) store.put(recordOf({ key: keyAt(`a${i + 100}`) }), WALL);
  expect(store.put(recordOf({ key: keyAt('b') }), WALL)).toBe('quota');
  expect(store.put(recordOf({ key: keyAt('a100'), sequence: 2 }), WALL)).toBe('ok');
  expect(store.put(recordOf({ key: keyAt('b'), author: person(2) }), WALL)).toBe('ok');
  store.delete(keyAt('a100'));
  expect(store.put(recordOf({ key: keyAt('b1') }), WALL)).toBe('ok');
});

test('an author has 64 KiB at one holder', () => {
  const store = storeFor();
  const value = new Uint8Array(1_024);
  const fitting = Math.floor(MAX_BYTES_PER_AUTHOR / (RECORD_HEADER_BYTES + 1_024));
  for (let i = 0; i < fitting; i++) expect(store.put(recordOf({ key: keyAt(`a${i + 100}`), value }), WALL)).toBe('ok');
  expect(store.put(recordOf({ key: keyAt('b'), value }), WALL)).toBe('quota');
});

test('however small records are, there are so many at one holder and no more', () => {
  const store = storeFor();
  const put = (i: number): string => {
    const author = person(Math.floor(i / MAX_RECORDS_PER_AUTHOR));
    return store.put(recordOf({ key: keyAt(`a${i + 100_000}`), author }), WALL);
  };
  for (let i = 0; i < MAX_RECORDS; i++) put(i);
  expect(store.size).toBe(MAX_RECORDS);
  put(MAX_RECORDS);
  expect(store.size).toBe(MAX_RECORDS);
});

const ROOM_FOR_TWO = 2 * (RECORD_HEADER_BYTES + 1);

test('a full store gives up its farthest record for a nearer one, and refuses a farther one', () => {
  const store = storeFor(ROOM_FOR_TWO);
  store.put(recordOf({ key: keyAt('4') }), WALL);
  store.put(recordOf({ key: keyAt('8') }), WALL);
  expect(store.put(recordOf({ key: keyAt('f') }), WALL)).toBe('quota');
  expect(store.put(recordOf({ key: keyAt('1') }), WALL)).toBe('ok');
  expect(Array.from(store.values(), ({ record }) => record.key)).toEqual([keyAt('4'), keyAt('1')]);
  expect(store.bytes).toBe(ROOM_FOR_TWO);
});

test('a record that finds no room costs none of the others its place', () => {
  const small = recordOf({ key: keyAt('ff'), author: person(1), value: new Uint8Array(1) });
  const kept = recordOf({ key: keyAt('0f'), author: person(2), value: new Uint8Array(100) });
  const store = storeFor(2 * RECORD_HEADER_BYTES + 101, [kept.key]);
  expect([store.put(small, WALL), store.put(kept, WALL)]).toEqual(['ok', 'ok']);
  const large = recordOf({ key: keyAt('01'), author: person(3), value: new Uint8Array(60) });
  expect(store.put(large, WALL)).toBe('quota');
  expect([...store.values()].map(({ record }) => record)).toEqual([small, kept]);
});

test('whoever floods a full store with keys near its holder evicts nothing that the holder is a replica of', () => {
  const store = storeFor(ROOM_FOR_TWO, [keyAt('4'), keyAt('8')]);
  store.put(recordOf({ key: keyAt('4') }), WALL);
  store.put(recordOf({ key: keyAt('8') }), WALL);
  for (let i = 0; i < 100; i++) {
    const flood = recordOf({ key: keyAt(`000${i + 100}`), author: person(i) });
    expect(store.put(flood, WALL)).toBe('quota');
  }
  expect(Array.from(store.values(), ({ record }) => record.key)).toEqual([keyAt('4'), keyAt('8')]);
});

test('a neighbour that filled the store keeps nobody out: its newest records give way, down to an equal share', () => {
  const store = storeFor(
    10 * (ROOM_FOR_TWO / 2),
    Array.from({ length: 20 }, (_, i) => keyAt(`${i + 10}`)),
  );
  const put = (i: number, from: string): string =>
    store.put(recordOf({ key: keyAt(`${i + 10}`), author: person(i) }), WALL, undefined, from);
  for (let i = 0; i < 10; i++) expect(put(i, 'flood')).toBe('ok');
  expect(put(10, 'flood')).toBe('quota');
  expect([11, 12, 13, 14, 15, 16].map((i) => put(i, 'honest'))).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'quota']);
  expect(put(10, 'flood')).toBe('quota');
  expect(Array.from(store.values(), ({ record }) => record.author.id)).toEqual(
    [0, 1, 2, 3, 4, 11, 12, 13, 14, 15].map((i) => person(i).id),
  );
});

test('a new version keeps the place of its key: it is not the newest for having been put again', () => {
  const store = storeFor(ROOM_FOR_TWO + ROOM_FOR_TWO / 2, [keyAt('1'), keyAt('2'), keyAt('3'), keyAt('4')]);
  for (const key of ['1', '2', '3']) store.put(recordOf({ key: keyAt(key) }), WALL, undefined, 'a');
  store.put(recordOf({ key: keyAt('1'), sequence: 2 }), WALL, undefined, 'a');
  expect(store.put(recordOf({ key: keyAt('4') }), WALL, undefined, 'b')).toBe('ok');
  expect(Array.from(store.values(), ({ record }) => record.key)).toEqual([keyAt('1'), keyAt('2'), keyAt('4')]);
});

test('what expires gives its room back', () => {
  const store = storeFor(ROOM_FOR_TWO);
  store.put(recordOf({ key: keyAt('4'), expiresAt: WALL + 10 }), WALL);
  store.put(recordOf({ key: keyAt('8') }), WALL);
  store.expire(WALL + 10);
  expect([store.size, store.bytes]).toEqual([1, ROOM_FOR_TWO / 2]);
});

test('a version that the other replicas refused is taken back, a later one is not', () => {
  const store = storeFor();
  store.put(recordOf({ sequence: 2 }), WALL);
  store.retract(recordOf({ sequence: 1 }));
  expect(store.size).toBe(1);
  store.retract(recordOf({ sequence: 2 }));
  expect(store.size).toBe(0);
});
