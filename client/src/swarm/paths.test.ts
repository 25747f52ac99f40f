import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { MAX_PATH_SEGMENTS } from '../../../shared/src/limits/metainfo.ts';
import { type Path, areDistinct, distinctPaths, isSafeSegment, safePaths, safeSegment } from './paths.ts';

const name = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.constantFrom('..', '.', '', 'a/b', 'a\\b', 'x\0', 'C:', 'c:', '\ud800', 'é'.repeat(200), '𝄞'.repeat(80)),
  fc.constantFrom('a', 'A', 'b', 'a.txt', 'A.TXT', 'a (2).txt', 'é', 'e\u0301', 'É'),
);
const paths = fc.array(fc.array(name, { maxLength: 3 }), { maxLength: 12 });

/** What a file system that does not tell case or composition apart makes of a path. */
const folded = (path: Path): Path => path.map((segment) => segment.normalize('NFC').toLowerCase());

test('names that climb, split, hide, name a drive or are too long are unsafe, and made safe once and for all', () => {
  for (const text of ['', '.', '..', '/', 'a/b', '..\\a', 'a\0', 'C:', 'z:', 'x'.repeat(256), 'é'.repeat(128)])
    expect(isSafeSegment(text)).toBe(false);
  for (const text of ['...', 'a:b', 'x'.repeat(255), 'é'.repeat(127), ' ', 'COM1'])
    expect(isSafeSegment(text)).toBe(true);
  fc.assert(
    fc.property(name, (text) => {
      const safe = safeSegment(text);
      expect(isSafeSegment(safe)).toBe(true);
      expect(safeSegment(safe)).toBe(safe);
      expect(new TextDecoder().decode(utf8Encode(safe))).toBe(safe);
    }),
  );
});

test('safe paths clash nowhere, not even where case and composition do not count', () => {
  fc.assert(
    fc.property(paths, (given) => {
      const safe = safePaths(given);
      expect(safe.length).toBe(given.length);
      expect(safe.every((path) => path.length > 0 && path.every(isSafeSegment))).toBe(true);
      expect(areDistinct(safe.map(folded))).toBe(true);
      expect(safePaths(safe)).toEqual(safe);
    }),
  );
});

test('names that do not clash are kept, and one that does gets the first number that is free', () => {
  const kept = [['a'], ['b', 'a'], ['b', 'c']];
  expect(distinctPaths(kept)).toEqual(kept);
  expect(distinctPaths([['a.txt'], ['A.txt'], ['a (2).txt'], ['a.TXT']])).toEqual([
    ['a.txt'],
    ['A (2).txt'],
    ['a (2) (2).txt'],
    ['a (3).TXT'],
  ]);
});

test('the files of a folder whose name is a file stay together', () => {
  expect(distinctPaths([['a'], ['A', 'x'], ['a', 'y'], ['a', 'X']])).toEqual([
    ['a'],
    ['A (2)', 'x'],
    ['A (2)', 'y'],
    ['A (2)', 'X (2)'],
  ]);
});

test('paths are distinct unless one is there twice or is the folder of another', () => {
  expect(areDistinct([['a'], ['A'], ['b', 'a'], ['b', 'b']])).toBe(true);
  expect(areDistinct([['a'], ['b'], ['a']])).toBe(false);
  expect(areDistinct([['a'], ['a', 'b']])).toBe(false);
  expect(areDistinct([['a', 'b'], ['a']])).toBe(false);
});

test('50,000 names that clash are numbered one after the other', () => {
  const clashing = Array.from({ length: 50_000 }, (_, i) =>
    Array.from('abcdefghijklmnop')
      .map((letter, bit) => (i & (1 << bit) ? letter.toUpperCase() : letter))
      .join(''),
  );
  const numbered = distinctPaths(clashing.map((each) => [each]));
  expect(numbered.at(-1)).toEqual([`${clashing.at(-1)} (50000)`]);
});

test('deep paths keep their last folders', () => {
  const deep = Array.from({ length: 100 }, (_, i) => `${i}`);
  expect(safePaths([deep])).toEqual([deep.slice(-MAX_PATH_SEGMENTS)]);
});
