import { describe, expect, test } from 'vitest';
import type { NodeId } from '../../shared/src/ids.ts';
import { Census, GRACE_MS } from './census.ts';
import type { LostPut, Operation } from './journal.ts';
import { failures } from './verdict.ts';

const [A, B, C, D] = ['1', '2', '4', '8'].map((digit) => digit.repeat(40) as NodeId) as [
  NodeId,
  NodeId,
  NodeId,
  NodeId,
];

/** Everybody in it joined at 0, so this is when they have settled. [ms] */
const SETTLED = GRACE_MS;

function censusOf(...ids: readonly NodeId[]): Census {
  const census = new Census();
  for (const id of ids) {
    census.opened(id);
    census.joined(id, 0);
  }
  return census;
}

function end(census: Census, id: NodeId, at: number): void {
  census.ending(id, at);
  census.gone(id, at);
}

/** Why each failed operation failed. */
function whys(census: Census, operations: readonly Operation[], lostPuts: readonly LostPut[] = []): string[] {
  return failures({ census, operations, lostPuts }).map(({ why }) => why);
}

describe('a lookup', () => {
  const lookup = (key: NodeId, closest: readonly NodeId[], from = SETTLED): Operation => {
    return { kind: 'lookup', asker: A, from, to: from + 10, ms: 10, key, closest, hops: 1 };
  };

  test('succeeds when it names the closest of those who live', () => {
    expect(whys(censusOf(A, B, C), [lookup(C, [C, A, B])])).toEqual([]);
  });

  test('fails when it misses the closest', () => {
    expect(whys(censusOf(A, B, C), [lookup(C, [A, B])])).toEqual([expect.stringContaining('missed 44444444')]);
  });

  test('may miss a newcomer, and may name it when it is closer', () => {
    const census = censusOf(A, B);
    census.opened(C);
    census.joined(C, SETTLED - 1);
    expect(whys(census, [lookup(C, [A, B]), lookup(C, [C, A, B])])).toEqual([]);
    expect(whys(census, [lookup(A, [C, B])])).toHaveLength(1);
  });

  test('may name for a while who left, but must name the closest of those who live behind it', () => {
    const census = censusOf(A, B, C);
    end(census, C, SETTLED - 1);
    expect(whys(census, [lookup(C, [C, A, B]), lookup(C, [A, B])])).toEqual([]);
    expect(whys(census, [lookup(C, [C, B, A])])).toEqual([expect.stringContaining('missed 11111111')]);
  });

  test('fails when it names first who has been gone for longer', () => {
    const census = censusOf(A, B, C);
    end(census, C, SETTLED);
    expect(whys(census, [lookup(C, [C, A, B], SETTLED + GRACE_MS)])).toEqual(['named 44444444, who is gone']);
  });

  test('need not find who is ended during it, but must find who is ended only after it', () => {
    const census = censusOf(A, B, C);
    end(census, C, SETTLED + 5);
    expect(whys(census, [lookup(C, [A, B])])).toEqual([]);
    const later = censusOf(A, B, C);
    end(later, C, SETTLED + 11);
    expect(whys(later, [lookup(C, [C, A, B])])).toEqual([]);
    expect(whys(later, [lookup(C, [A, B])])).toHaveLength(1);
  });

  test('fails when it names a peer that never was', () => {
    expect(whys(censusOf(A, B), [lookup(D, [D, B, A])])).toHaveLength(1);
  });

  test('that was rejected fails with the code', () => {
    expect(whys(censusOf(A, B), [{ ...lookup(B, []), error: 'timeout' }])).toEqual(['timeout']);
  });
});

describe('a get', () => {
  const put = (version: number, from: number, ttlMs = 1_000): Operation & { kind: 'put' } => {
    return { kind: 'put', asker: A, from, to: from + 10, ms: 10, key: 'k', version, ttlMs };
  };
  const get = (version: number | undefined, from: number): Operation => {
    return { kind: 'get', asker: B, from, to: from + 10, ms: 10, key: 'k', version };
  };
  const census = censusOf(A, B);

  test('returns the newest version that was acknowledged before it', () => {
    expect(whys(census, [put(1, 0), put(2, 100), get(2, 200)])).toEqual([]);
    expect(whys(census, [put(1, 0), put(2, 100), get(1, 200)])).toEqual([expect.stringContaining('version 1')]);
    expect(whys(census, [put(1, 0), get(undefined, 200)])).toEqual([expect.stringContaining('nothing')]);
  });

  test('may return the version before or the one that is being put meanwhile', () => {
    for (const version of [1, 2]) expect(whys(census, [put(1, 0), put(2, 195), get(version, 200)])).toEqual([]);
  });

  test('may return a version whose put was not acknowledged', () => {
    const lost = { key: 'k', version: 2, from: 100, ttlMs: 1_000 };
    expect(whys(census, [put(1, 0), get(2, 200)], [lost])).toEqual([]);
    const failed = { ...put(2, 100), error: 'timeout' };
    expect(whys(census, [put(1, 0), failed, get(2, 200)])).toEqual(['timeout']);
  });

  test('fails with a version that nobody put, and with one whose time is over', () => {
    expect(whys(census, [put(1, 0), get(7, 200)])).toEqual([expect.stringContaining('nobody had put')]);
    expect(whys(census, [put(1, 0), get(1, 1_100)])).toEqual([expect.stringContaining('expired')]);
    expect(whys(census, [put(1, 0), get(undefined, 1_100)])).toEqual([]);
  });
});

test('findProviders must find everybody who published and lives on', () => {
  const census = censusOf(A, B, C);
  end(census, C, SETTLED - 1);
  const publish = (asker: NodeId): Operation => ({ kind: 'publish', asker, from: 0, to: 10, ms: 10, key: 'k' });
  const find = (found: readonly NodeId[]): Operation => {
    return { kind: 'findProviders', asker: D, from: SETTLED, to: SETTLED + 10, ms: 10, key: 'k', found };
  };
  const publishes = [A, B, C].map(publish);
  expect(whys(census, [...publishes, find([A, B])])).toEqual([]);
  expect(whys(census, [...publishes, find([A, C])])).toEqual([expect.stringContaining('missed the provider 22222222')]);
});
