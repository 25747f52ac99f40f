import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex, utf8Encode } from '../../../shared/src/bytes.ts';
import { nodeIdFromBytes } from '../../../shared/src/ids.ts';
import { MAX_MAGNET_LENGTH, MAX_SELECTED_FILES, MAX_TRACKERS } from '../../../shared/src/limits/metainfo.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { formatMagnet, parseMagnet, truncateInfoHash } from './magnet.ts';
import { mutate } from './test/fuzz.ts';

const HASH = 'c9e15763f722f23e98a29decdfae341b98d53056';
const V2_HASH = 'caf1e1c30e81cb361b9ee167c4aa64228a7fa4fa9f6105232b28ad099f3a302e';

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
      value: { infoHash: HASH, infoHashV2: undefined, name: '', trackers: [], webSeeds: [], selected: undefined },
    });
  }
});

test('names, trackers and web seeds are read, whatever the order and the numbering', () => {
  const link = `magnet:?dn=A+%C3%BC%26b&tr=wss%3A%2F%2Ft.example&tr.1=ws://u.example/a&x.pe=1.2.3.4:5&xt=urn:btih:${HASH}&ws=https://w.example/f&tr=nonsense`;
  expect(parseMagnet(link)).toEqual({
    ok: true,
    value: {
      infoHash: HASH,
      infoHashV2: undefined,
      name: 'A ü&b',
      trackers: ['wss://t.example', 'ws://u.example/a'],
      webSeeds: ['https://w.example/f'],
      selected: undefined,
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
      fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }).map(toHex), { nil: undefined }),
      fc.option(
        fc.uniqueArray(fc.nat(20), { minLength: 1 }).map((indices) => indices.sort((a, b) => a - b)),
        { nil: undefined },
      ),
      (infoHash, name, trackers, webSeeds, infoHashV2, selected) => {
        const magnet = { infoHash, infoHashV2, name, trackers, webSeeds, selected };
        expect(parseMagnet(formatMagnet(magnet))).toEqual({ ok: true, value: magnet });
      },
    ),
  );
});

test('a v2 hash names a swarm by its beginning, unless a v1 hash names it', () => {
  const v1 = `xt=urn:btih:${HASH}`;
  const v2 = `XT=urn:BTMH:1220${V2_HASH.toUpperCase()}`;
  expect(parseMagnet(`magnet:?${v2}`)).toMatchObject({
    value: { infoHash: V2_HASH.slice(0, 40), infoHashV2: V2_HASH },
  });
  for (const link of [`magnet:?${v1}&${v2}`, `magnet:?${v2}&${v1}`])
    expect(parseMagnet(link)).toMatchObject({ value: { infoHash: HASH, infoHashV2: V2_HASH } });
});

test('links of ours name both hashes, and a v2-only torrent by its one', () => {
  expect(formatMagnet({ infoHash: nodeIdFromBytes(new Uint8Array(20)), infoHashV2: V2_HASH })).toBe(
    `magnet:?xt=urn:btih:${'00'.repeat(20)}&xt=urn:btmh:1220${V2_HASH}`,
  );
  expect(formatMagnet({ infoHash: truncateInfoHash(V2_HASH), infoHashV2: V2_HASH })).toBe(
    `magnet:?xt=urn:btmh:1220${V2_HASH}`,
  );
});

test('file indices and ranges of them are read (BEP 53)', () => {
  const selected = (so: string): readonly number[] | undefined => {
    const parsed = parseMagnet(`magnet:?xt=urn:btih:${HASH}&so=${so}`);
    if (!parsed.ok) throw new Error(parsed.error);
    return parsed.value.selected;
  };
  expect(selected('0,2,4,6-8')).toEqual([0, 2, 4, 6, 7, 8]);
  expect(selected('8-9,3,3,2-4')).toEqual([2, 3, 4, 8, 9]);
  for (const malformed of ['', '1,', 'a', '-1', '3-', '3-2', '1.5', '0x1', '1e3', `0-${MAX_SELECTED_FILES}`])
    expect(selected(malformed)).toBeUndefined();
  // Ranges that lie over each other select few files, but would take long to write out.
  expect(selected(Array.from({ length: 5000 }, () => `0-${MAX_SELECTED_FILES - 1}`).join(','))).toBeUndefined();
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
  expect(reason(`magnet:?xt=urn:btmh:1220${V2_HASH.slice(2)}`)).toBe('bad-info-hash');
  expect(reason(`magnet:?xt=urn:btmh:1114${HASH}`)).toBe('bad-info-hash');
  expect(reason(`magnet:?xt=urn:btih:${HASH}&dn=${'x'.repeat(MAX_MAGNET_LENGTH)}`)).toBe('too-long');
  expect(reason(` MAGNET:?XT=URN:BTIH:${HASH} `)).toBe('ok');
});

test('the number of trackers is bounded', () => {
  const trackers = Array.from({ length: 2 * MAX_TRACKERS }, (_, index) => `wss://t${index}.example`);
  const parsed = parseMagnet(`magnet:?xt=urn:btih:${HASH}${trackers.map((url) => `&tr=${url}`).join('')}`);
  expect(parsed.ok && parsed.value.trackers).toEqual(trackers.slice(0, MAX_TRACKERS));
});

test('a link is never formatted too long to be read: the last of its trackers and web seeds are left out', () => {
  const urls = Array.from({ length: MAX_TRACKERS }, (_, at) => `wss://${at}.example/${'x'.repeat(1500)}`);
  const link = formatMagnet({
    infoHash: nodeIdFromBytes(new Uint8Array(20)),
    trackers: urls,
    webSeeds: urls,
    selected: [3],
  });
  const read = parseMagnet(link);
  if (!read.ok) throw new Error(read.error);
  const { trackers, selected } = read.value;
  expect(trackers.length).toBeGreaterThan(30);
  expect([trackers, selected]).toEqual([urls.slice(0, trackers.length), [3]]);
});

test('100,000 hostile links do not throw', () => {
  const rng = seededRng(5);
  const samples = [
    `magnet:?xt=urn:btih:${HASH}&dn=%C3%BC+x&tr=wss%3A%2F%2Ft.example`,
    `magnet:?xt=urn:btih:ZHQVOY7XELZD5GFCTXWN7LRUDOMNKMCW&ws=https://w`,
    `magnet:?xt=urn:btmh:1220${V2_HASH}&so=0,2,4-6`,
  ].map(utf8Encode);
  let accepted = 0;
  for (let i = 0; i < 100_000; i++) {
    if (parseMagnet(String.fromCharCode(...mutate(rng, samples))).ok) accepted++;
  }
  expect(accepted).toBeGreaterThan(1000);
});
