import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressFromText, callLink, fileLink, magnetFor, parseHashLink, sourceFromText } from './hash-link.ts';

const HASH = '0123456789abcdef0123456789abcdef01234567';
const BASE = 'https://skein.example/';

describe('share links', () => {
  it('carry any name there and back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (name) => {
        const url = new URL(fileLink(BASE, HASH, name));
        expect(parseHashLink(url.hash)).toEqual({ kind: 'file', infoHash: HASH, name });
      }),
    );
  });

  it('survive a name that ends in half a character', () => {
    expect(fileLink(BASE, HASH, 'a\ud83e')).toBe(`${BASE}#f=${HASH}&n=a%EF%BF%BD`);
  });

  it('work without a name and with capital hex digits', () => {
    expect(parseHashLink(`#f=${HASH.toUpperCase()}`)).toEqual({ kind: 'file', infoHash: HASH, name: undefined });
  });

  it.each(['', '#', '#f=', '#f=123', `#f=${HASH}0`, '#n=x', '#call=', `#call=${'x'.repeat(300)}`, '#%'])(
    'ignore %s',
    (hash) => {
      expect(parseHashLink(hash)).toBeUndefined();
    },
  );

  it('never make the reader throw', () => {
    fc.assert(
      fc.property(fc.string(), (text) => void [parseHashLink(text), sourceFromText(text), addressFromText(text)]),
    );
  });
});

describe('call links', () => {
  it('carry the address', () => {
    const url = new URL(callLink(BASE, 'amber-otter.k7f3q2'));
    expect(parseHashLink(url.hash)).toEqual({ kind: 'call', address: 'amber-otter.k7f3q2' });
  });

  it('are understood in the address box, as is a bare address', () => {
    expect(addressFromText(` ${callLink(BASE, 'amber-otter.k7')} `)).toBe('amber-otter.k7');
    expect(addressFromText(' amber-otter.k7 ')).toBe('amber-otter.k7');
  });
});

describe('the box for links', () => {
  it('takes a link of ours, a magnet link and an info-hash', () => {
    expect(sourceFromText(fileLink(BASE, HASH, 'a b.txt'))).toBe(magnetFor(HASH, 'a b.txt'));
    expect(sourceFromText(` ${magnetFor(HASH, undefined)}\n`)).toBe(`magnet:?xt=urn:btih:${HASH}`);
    expect(sourceFromText(HASH)).toBe(`magnet:?xt=urn:btih:${HASH}`);
  });

  it('takes nothing else', () => {
    expect(sourceFromText('https://example.org/file.zip')).toBeUndefined();
    expect(sourceFromText(callLink(BASE, 'x'))).toBeUndefined();
  });
});
