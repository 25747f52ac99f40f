import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Layout } from './layout.ts';

function filesOf(lengths: readonly number[]): { length: number; offset: number }[] {
  let offset = 0;
  return lengths.map((length) => {
    const file = { length, offset };
    offset += length;
    return file;
  });
}

/** Every byte as [file, offset in the file], one after the other. */
function bruteForce(lengths: readonly number[]): [number, number][] {
  return lengths.flatMap((length, file) => Array.from({ length }, (_, at): [number, number] => [file, at]));
}

const lengths = fc.array(fc.oneof(fc.constant(0), fc.nat(40)), { minLength: 1, maxLength: 12 });

test('spans name exactly the bytes that a walk over all files names', () => {
  fc.assert(
    fc.property(lengths, fc.nat(300), fc.nat(300), (sizes, offset, length) => {
      const spans = new Layout(filesOf(sizes)).spans(offset, length);
      const named = spans.flatMap(({ file, at, length: n }) => Array.from({ length: n }, (_, i) => [file, at + i]));
      expect(named).toEqual(bruteForce(sizes).slice(offset, offset + length));
      expect(spans.every((span) => span.length > 0)).toBe(true);
    }),
  );
});

test('the pieces of a file are those that hold one of its bytes', () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 1, max: 50 }), (sizes, pieceLength) => {
      const layout = new Layout(filesOf(sizes));
      const bytes = bruteForce(sizes);
      sizes.forEach((size, file) => {
        const first = bytes.findIndex(([owner]) => owner === file);
        const last = bytes.findLastIndex(([owner]) => owner === file);
        const expected =
          size === 0 ? undefined : { first: Math.floor(first / pieceLength), last: Math.floor(last / pieceLength) };
        expect(layout.pieces(file, pieceLength)).toEqual(expected);
      });
    }),
  );
});

test('nothing at all has a layout too', () => {
  expect(new Layout([]).totalLength).toBe(0);
  expect(new Layout([]).spans(0, 10)).toEqual([]);
  expect(new Layout(filesOf([0, 0])).spans(0, 1)).toEqual([]);
});
