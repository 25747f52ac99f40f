import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Bencode, type BencodeInput, decodeBencode, encodeBencode } from './bencode.ts';
import { measureBencode } from './bencode-size.ts';

const { document } = fc.letrec<{ document: BencodeInput }>((tie) => ({
  document: fc.oneof(
    { maxDepth: 4 },
    fc.integer(),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    fc.array(tie('document')),
    fc.array(fc.tuple(fc.string({ unit: 'binary-ascii' }), tie('document'))).map((entries) => new Map(entries)),
  ),
}));

function valuesOf(value: Bencode): number {
  const inside = value.kind === 'list' ? value.items : value.kind === 'dictionary' ? [...value.entries.values()] : [];
  return inside.reduce((sum, each) => sum + valuesOf(each), 1);
}

test('any document is as large as it was measured, and no decoder counts another number of values', () => {
  fc.assert(
    fc.property(document, (input) => {
      const encoded = encodeBencode(input);
      const { bytes, values } = measureBencode(input);
      expect(bytes).toBe(encoded.length);
      const decoded = decodeBencode(encoded, values);
      expect(decoded.ok && valuesOf(decoded.value)).toBe(values);
    }),
  );
});
