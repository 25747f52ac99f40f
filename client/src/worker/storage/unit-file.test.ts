import { expect, test } from 'vitest';
import { UnitFile, type UnitHandle } from './unit-file.ts';

/** A file whose disk is full, where a browser says that it wrote `told` bytes. */
function fullFile(told: number): UnitHandle {
  return { read: () => 0, write: () => told, flush: () => {}, close: () => {} };
}

test.each([
  ['nothing', 0],
  ['a part', 10_000],
  ['more than it was given, as Firefox 153 did', 32_559],
])('a browser that says it wrote %s has a full disk', (_told, length) => {
  const file = new UnitFile(fullFile(length), undefined);
  expect(() => file.write(new Uint8Array(16_384), 0)).toThrow(expect.objectContaining({ name: 'QuotaExceededError' }));
});
