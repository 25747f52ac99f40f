import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { nodeIdFromBytes } from '../../../shared/src/ids.ts';
import { MAX_MAGNET_LENGTH, MAX_TRACKERS } from '../../../shared/src/limits/swarm.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { formatMagnet, parseMagnet } from './magnet.ts';
import { mutate } from './test/fuzz.ts';

const HASH = 'c9e15763f722f23e98a29decdfae341b98d53056';

test('hex of either case and base32 name the same info-hash', () => {
  // The base32 form was made with Python's base64.b32encode.
  for (const topic of [
    HASH,
    HASH.toUpperCase(),
    'ZHQVOY7XELZD5GFCTXWN7LRUDOMNKMCW',
    'ZHQVOY7XELZD5GFCTXWN7LRUDOMNKMCW'.toLowerCase(),
  ]) {
    expect(parseMagnet(`magnet:?xt=urn:btih:${topic}`)).toEqual({
      ok: true,
      value: { infoHash: HASH, name: '', trackers: [], webSeeds: [] },
    });
  }
});

test('names, trackers and web seeds are read, whatever the order and the numbering', () => {
  const link = `magnet:?dn=A+%C3%BC%26b&tr=wss%3A%2F%2Ft.example&tr.1=ws://u.example/a&x.pe=1.2.3.4:5&xt=urn:btih:${HASH}&ws=https://w.example/f&tr=nonsense`;
  expect(parseMagnet(link)).toEqual({
    ok: true,
    value: {
      infoHash: HASH,
      name: 'A ü&b',
      trackers: ['wss://t.example', 'ws://u.example/a'],
      webSeeds: ['https://w.example/f'],
    },
  });
});

test('what is formatted parses to the same', () => {
  const url = fc.webUrl({ withQueryParameters: true, withFragments: true });
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 20, maxLength: 20 }).map(nodeIdFromBytes),
      fc.string({ unit: 'grapheme', maxLength: 30 }).map((name) => name.replace(/\p{Cc}/gu, '').trim()),
      fc.uniqueArray(url, { maxLength: 5 }),
      fc.uniqueArray(url, { maxLength: 5 }),
      (infoHash, name, trackers, webSeeds) => {
        const magnet = { infoHash, name, trackers, webSeeds };
        expect(parseMagnet(formatMagnet(magnet))).toEqual({ ok: true, value: magnet });
      },
    ),
  );
});

test('a link without a usable info-hash is refused with its reason', () => {
  const reason = (link: string): string => {
    const result = parseMagnet(link);
    return result.ok ? 'ok' : result.error;
  };
  expect(reason('https://example.org')).toBe('not-magnet');
  expect(reason('magnet:?dn=x')).toBe('no-info-hash');
  expect(reason('magnet:?xt=urn:sha1:abc')).toBe('no-info-hash');
  expect(reason(`magnet:?xt=urn:btih:${HASH}0`)).toBe('bad-info-hash');
  expect(reason('magnet:?xt=urn:btih:')).toBe('bad-info-hash');
  expect(reason(`magnet:?xt=urn:btih:${HASH}&dn=${'x'.repeat(MAX_MAGNET_LENGTH)}`)).toBe('too-long');
  expect(reason(` MAGNET:?XT=URN:BTIH:${HASH} `)).toBe('ok');
});

test('the number of trackers is bounded', () => {
  const trackers = Array.from({ length: 2 * MAX_TRACKERS }, (_, index) => `wss://t${index}.example`);
  const parsed = parseMagnet(`magnet:?xt=urn:btih:${HASH}${trackers.map((url) => `&tr=${url}`).join('')}`);
  expect(parsed.ok && parsed.value.trackers).toEqual(trackers.slice(0, MAX_TRACKERS));
});

test('100,000 hostile links do not throw', () => {
  const rng = seededRng(5);
  const samples = [
    `magnet:?xt=urn:btih:${HASH}&dn=%C3%BC+x&tr=wss%3A%2F%2Ft.example`,
    `magnet:?xt=urn:btih:ZHQVOY7XELZD5GFCTXWN7LRUDOMNKMCW&ws=https://w`,
  ].map(utf8Encode);
  let accepted = 0;
  for (let i = 0; i < 100_000; i++) {
    if (parseMagnet(String.fromCharCode(...mutate(rng, samples))).ok) accepted++;
  }
  expect(accepted).toBeGreaterThan(1000);
});
