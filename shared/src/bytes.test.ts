import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Reader, Writer, binaryText, fromHex, toHex, utf8Decode, utf8Encode, utf8Length } from './bytes.ts';

test('what a writer writes a reader reads', () => {
  fc.assert(
    fc.property(
      fc.nat(255),
      fc.nat(65535),
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      fc.maxSafeNat().map((n) => n % 2 ** 48),
      fc.uint8Array({ maxLength: 200 }),
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      (u8, u16, u32, u48, bytes, text) => {
        const reader = new Reader(new Writer().u8(u8).u16(u16).u32(u32).u48(u48).bytes16(bytes).text8(text).done());
        expect([reader.u8(), reader.u16(), reader.u32(), reader.u48()]).toEqual([u8, u16, u32, u48]);
        expect(reader.bytes16()).toEqual(bytes);
        expect(reader.text8()).toBe(text);
        expect(reader.atEnd()).toBe(true);
      },
    ),
  );
});

test('a read past the end fails for good and gives zero values', () => {
  const reader = new Reader(new Uint8Array([1, 2]));
  expect(reader.u32()).toBe(0);
  expect(reader.ok).toBe(false);
  expect(reader.u8()).toBe(0);
  expect(reader.atEnd()).toBe(false);
});

test('UTF-8 agrees with the platform on every string and refuses what is malformed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = new TextEncoder().encode(text);
      expect(utf8Encode(text)).toEqual(bytes);
      expect(utf8Length(text)).toBe(bytes.length);
      expect(utf8Decode(bytes)).toBe(text.toWellFormed());
    }),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
      let expected: string | undefined;
      try {
        expected = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
      } catch {
        expected = undefined;
      }
      expect(utf8Decode(bytes)).toBe(expected);
    }),
    { numRuns: 5000 },
  );
});

test('bytes become the characters of their numbers, however many there are', () => {
  for (const length of [0, 1, 255, 1024, 1025, 100_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 7);
    expect(binaryText(bytes)).toBe(Buffer.from(bytes).toString('latin1'));
  }
});

test('hex goes both ways and odd or foreign digits are refused', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => toHex(fromHex(toHex(bytes)) as Uint8Array) === toHex(bytes)));
  expect(fromHex('abc')).toBeUndefined();
  expect(fromHex('0g')).toBeUndefined();
});
