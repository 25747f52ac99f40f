import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalBytes, utf8Encode } from '../../../shared/src/bytes.ts';
import { MAX_BENCODE_DEPTH } from '../../../shared/src/limits/metainfo.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { type BencodeInput, decodeBencode, decodeBencodePrefix, encodeBencode, toInput } from './bencode.ts';
import { mutate } from './test/fuzz.ts';

const text = (value: string): Uint8Array => utf8Encode(value);
const code = (value: string): string => {
  const result = decodeBencode(text(value));
  return result.ok ? 'ok' : result.error.code;
};

const key = fc.string({ unit: fc.nat(255).map((byte) => String.fromCharCode(byte)), maxLength: 8 });
const input: fc.Arbitrary<BencodeInput> = fc.letrec<{ value: BencodeInput }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.maxSafeInteger(),
    fc.uint8Array({ maxLength: 20 }),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(fc.tuple(key, tie('value')), { maxLength: 5 }).map((entries) => new Map(entries)),
  ),
})).value;

test('the examples of BEP 3 decode', () => {
  for (const [document, value] of [
    ['4:spam', text('spam')],
    ['0:', text('')],
    ['i3e', 3],
    ['i-3e', -3],
    ['i0e', 0],
    ['l4:spam4:eggse', [text('spam'), text('eggs')]],
    [
      'd3:cow3:moo4:spam4:eggse',
      new Map([
        ['cow', text('moo')],
        ['spam', text('eggs')],
      ]),
    ],
    ['d4:spaml1:a1:bee', new Map([['spam', [text('a'), text('b')]]])],
  ] as const) {
    const result = decodeBencode(text(document));
    expect(result.ok && toInput(result.value)).toEqual(value);
  }
});

test('what is encoded decodes to the same value, and encodes to the same bytes again', () => {
  fc.assert(
    fc.property(input, (value) => {
      const bytes = encodeBencode(value);
      const decoded = decodeBencode(bytes);
      expect(decoded.ok && encodeBencode(toInput(decoded.value))).toEqual(bytes);
    }),
  );
});

test('every form but the canonical one is refused with its reason', () => {
  expect(code('')).toBe('truncated');
  expect(code('i3')).toBe('truncated');
  expect(code('5:spam')).toBe('truncated');
  expect(code('l')).toBe('truncated');
  expect(code('x')).toBe('syntax');
  expect(code('i3x')).toBe('syntax');
  expect(code('di1ei2ee')).toBe('syntax');
  expect(code('ie')).toBe('not-canonical');
  expect(code('i-0e')).toBe('not-canonical');
  expect(code('i03e')).toBe('not-canonical');
  expect(code('04:spam')).toBe('not-canonical');
  expect(code('i9007199254740991e')).toBe('ok');
  expect(code('i9007199254740992e')).toBe('integer-range');
  expect(code('99999999999999999999:a')).toBe('integer-range');
  expect(code('d1:b0:1:a0:e')).toBe('key-order');
  expect(code('d1:a0:1:a0:e')).toBe('key-order');
  expect(code('i3ei4e')).toBe('trailing');
});

test('nesting and the number of values are bounded', () => {
  expect(code('l'.repeat(MAX_BENCODE_DEPTH) + 'e'.repeat(MAX_BENCODE_DEPTH))).toBe('ok');
  expect(code('l'.repeat(MAX_BENCODE_DEPTH + 1) + 'e'.repeat(MAX_BENCODE_DEPTH + 1))).toBe('too-deep');
  expect(code('l'.repeat(1_000_000))).toBe('too-deep');
  expect(decodeBencode(text(`l${'0:'.repeat(9)}e`), 10).ok).toBe(true);
  expect(decodeBencode(text(`l${'0:'.repeat(10)}e`), 10)).toMatchObject({ error: { code: 'too-many-values' } });
});

test('byte ranges name a value within its document, and a prefix leaves the rest alone', () => {
  const document = text('d4:infod1:ai1eee tail');
  const prefix = decodeBencodePrefix(document);
  if (!prefix.ok || prefix.value.kind !== 'dictionary') throw new Error('no dictionary');
  const info = prefix.value.entries.get('info');
  expect(document.slice(info?.start, info?.end)).toEqual(text('d1:ai1ee'));
  expect(document.slice(prefix.value.end)).toEqual(text(' tail'));
});

test('100,000 hostile documents do not throw, and those that decode are canonical', () => {
  const rng = seededRng(3);
  const samples = [
    'd3:cow3:moo4:spaml1:a1:bee',
    'li-12ei0ed0:0:ee',
    '11:hello world',
    'd1:ad1:bd1:cleeee',
    'i123456789012e',
  ].map(text);
  let accepted = 0;
  for (let i = 0; i < 100_000; i++) {
    const bytes = mutate(rng, samples);
    const result = decodeBencode(bytes);
    if (!result.ok) continue;
    accepted++;
    if (!equalBytes(encodeBencode(toInput(result.value)), bytes)) throw new Error('accepted another form');
  }
  expect(accepted).toBeGreaterThan(1000);
});
