import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressFromText, callLink, fileLink, linkIn, magnetFor, parseHashLink, sourceFromText } from './hash-link.ts';

const HASH = '0123456789abcdef0123456789abcdef01234567';
const BASE = 'https://skein.example/';

const linkTo = (name: string, webSeeds: readonly string[] = []): string =>
  fileLink(BASE, { infoHash: HASH, name, magnet: magnetFor(HASH, name, webSeeds) });

describe('share links', () => {
  it('carry any name there and back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (name) => {
        const url = new URL(fileLink(BASE, { infoHash: HASH, name, magnet: magnetFor(HASH, name) }));
        expect(parseHashLink(url.hash)).toEqual({ kind: 'file', infoHash: HASH, name, webSeeds: [] });
      }),
    );
  });

  it('survive a name that ends in half a character', () => {
    expect(linkTo('a\ud83e')).toBe(`${BASE}#f=${HASH}&n=a%EF%BF%BD`);
  });

  it('carry web seeds there and into the magnet link, whatever is in their addresses', () => {
    const seeds = ['https://a.example/x?y=1&z=a+b#c', 'http://b.example/%20ä'];
    const link = linkTo('x', ['wss://c.example', ...seeds]);
    expect(parseHashLink(new URL(link).hash)).toMatchObject({ webSeeds: seeds });
    const magnet = sourceFromText(link) ?? '';
    expect(new URL(magnet).searchParams.getAll('ws')).toEqual(seeds);
  });

  it('name a few web seeds at most, and none that make a link too long for a QR code', () => {
    const many = Array.from({ length: 9 }, (_, at) => `https://${at}.example/`);
    expect(parseHashLink(new URL(linkTo('x', many)).hash)).toMatchObject({ webSeeds: many.slice(0, 4) });
    const long = `https://long.example/${'x'.repeat(900)}`;
    const link = linkTo('x', [long, 'https://short.example/', long]);
    expect(link.length).toBeLessThan(1000);
    expect(parseHashLink(new URL(link).hash)).toMatchObject({ webSeeds: ['https://short.example/'] });
  });

  it('have no more read of them, nor anything but web addresses', () => {
    const read = parseHashLink(
      `#f=${HASH}&ws=javascript:alert(1)&ws=ftp://a.example${'&ws=https://b.example'.repeat(9)}`,
    );
    expect(read).toMatchObject({ webSeeds: Array.from({ length: 4 }, () => 'https://b.example') });
  });

  it('work without a name and with capital hex digits', () => {
    expect(parseHashLink(`#f=${HASH.toUpperCase()}`)).toEqual({
      kind: 'file',
      infoHash: HASH,
      name: undefined,
      webSeeds: [],
    });
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

  it('are links of ours wherever they are pasted, as those of files are', () => {
    expect(linkIn(callLink(BASE, 'amber-otter.k7'))).toEqual({ kind: 'call', address: 'amber-otter.k7' });
    expect(linkIn(linkTo('a.txt'))).toMatchObject({ kind: 'file', infoHash: HASH });
    expect(['https://example.org/', 'https://example.org/#top', 'amber-otter.k7'].map(linkIn)).toEqual(Array(3));
  });

  it('are understood in the address box, as is a bare address', () => {
    expect(addressFromText(` ${callLink(BASE, 'amber-otter.k7')} `)).toBe('amber-otter.k7');
    expect(addressFromText(' amber-otter.k7 ')).toBe('amber-otter.k7');
  });
});

describe('the box for links', () => {
  it('takes a link of ours, a magnet link and an info-hash of either version', () => {
    expect(sourceFromText(linkTo('a b.txt'))).toBe(magnetFor(HASH, 'a b.txt'));
    expect(sourceFromText(` ${magnetFor(HASH, undefined)}\n`)).toBe(`magnet:?xt=urn:btih:${HASH}`);
    const v2 = 'AB'.repeat(32);
    expect(sourceFromText(v2)).toBe(`magnet:?xt=urn:btmh:1220${v2.toLowerCase()}`);
    expect(sourceFromText(HASH)).toBe(`magnet:?xt=urn:btih:${HASH}`);
  });

  it('takes nothing else', () => {
    expect(sourceFromText('https://example.org/file.zip')).toBeUndefined();
    expect(sourceFromText(callLink(BASE, 'x'))).toBeUndefined();
  });
});
