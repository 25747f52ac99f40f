import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PACK_BELOW_BYTES } from '../../../../shared/src/limits/storage.ts';
import type { StoredFile } from './types.ts';
import { Units } from './units.ts';

interface Shape {
  readonly length: number;
  readonly isPadding: boolean;
}

const shape: fc.Arbitrary<Shape> = fc.oneof(
  fc.record({ length: fc.nat(20), isPadding: fc.boolean() }),
  fc.record({
    length: fc.integer({ min: PACK_BELOW_BYTES - 2, max: PACK_BELOW_BYTES + 2 }),
    isPadding: fc.constant(false),
  }),
);

function filesOf(shapes: readonly Shape[]): StoredFile[] {
  let offset = 0;
  return shapes.map(({ length, isPadding }) => {
    const file = { length, isPadding, offset };
    offset += length;
    return file;
  });
}

test('every byte of every file has a place of its own, and padding has none', () => {
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 12 }), (shapes) => {
      const files = filesOf(shapes);
      const units = new Units(files);
      const ends = units.lengths.map(() => 0);
      for (const [index, file] of files.entries()) {
        const place = units.placeOf(index);
        const isStored = file.length > 0 && !file.isPadding;
        expect(place !== undefined).toBe(isStored);
        if (!place) continue;
        // In order and without gaps: no byte is shared and none is left over.
        expect(place.at).toBe(ends[place.unit]);
        ends[place.unit] = place.at + place.length;
        expect(place.isPacked).toBe(file.length < PACK_BELOW_BYTES);
        expect(place.isPacked || units.lengths[place.unit] === file.length).toBe(true);
      }
      expect(ends).toEqual(units.lengths);
      expect(units.lengths.reduce((sum, length) => sum + length, 0)).toBe(
        files.filter((file) => !file.isPadding).reduce((sum, { length }) => sum + length, 0),
      );
    }),
  );
});

test('spans cover a range once and in order, each file at its place', () => {
  fc.assert(
    fc.property(fc.array(shape, { minLength: 1, maxLength: 8 }), fc.nat(1000), fc.nat(2000), (shapes, from, length) => {
      const files = filesOf(shapes);
      const units = new Units(files);
      const spans = units.spans(from, length);
      const end = Math.min(from + length, units.totalLength);
      expect(spans.reduce((sum, span) => sum + span.length, 0)).toBe(Math.max(0, end - from));
      let at = from;
      for (const span of spans) {
        const index = files.findIndex((file) => file.length > 0 && at < file.offset + file.length);
        const place = units.placeOf(index);
        expect(span.unit).toBe(place?.unit);
        expect(place === undefined || span.at === place.at + at - files[index]!.offset).toBe(true);
        at += span.length;
      }
    }),
  );
});

test('10,000 files of 1 kB are one stored file, and a piece of them one span', () => {
  const units = new Units(filesOf(Array.from({ length: 10_000 }, () => ({ length: 1000, isPadding: false }))));
  expect(units.lengths).toEqual([10_000_000]);
  expect(units.spans(16_384, 16_384)).toEqual([{ unit: 0, at: 16_384, length: 16_384 }]);
});
