import { expect, test } from 'vitest';
import { SYNC_PARTS } from '../../../shared/src/limits/records.ts';
import { keyAt } from './record-test-kit.ts';
import { digestOf } from './sync.ts';
import type { Item } from './sync-payloads.ts';

const item = (end: string, version = 1): Item => ({ kind: 'record', key: keyAt(`a${end.padStart(39, '0')}`), version });
const changed = (a: readonly number[], b: readonly number[]): number[] =>
  a.flatMap((hash, part) => (hash === b[part] ? [] : [part]));

test('a digest depends on what is held, not on the order in which it came', () => {
  const items = [item('1'), item('21'), item('3')];
  expect(digestOf(items, 7)).toEqual(digestOf([...items].reverse(), 7));
  expect(digestOf(items, 7)).toHaveLength(SYNC_PARTS);
});

test('one version, one key or one kind changes exactly the part of its key', () => {
  const before = digestOf([item('1'), item('f')], 7);
  expect(changed(before, digestOf([item('1', 2), item('f')], 7))).toEqual([1]);
  expect(changed(before, digestOf([item('1'), item('f'), item('2f')], 7))).toEqual([15]);
  expect(changed(before, digestOf([{ ...item('1'), kind: 'providers' }, item('f')], 7))).toEqual([1]);
});

test('two exchanges hash the same items differently, so that nobody can prepare keys that cancel out', () => {
  expect(changed(digestOf([item('1')], 7), digestOf([item('1')], 8))).toEqual([1]);
});
