import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { MAX_TORRENT_FILE_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { encodeBencode } from './bencode.ts';
import { decodeTorrentFile } from './metainfo.ts';
import { outlineTorrentFile } from './torrent-outline.ts';

const HASH = new Uint8Array(32).fill(7);
const LENGTH = 16_384;

/** A torrent file of one file of one piece, in each version. */
const torrentFile = fc
  .record({
    version: fc.constantFrom('v1', 'v2', 'hybrid'),
    name: fc.string({ unit: 'grapheme', maxLength: 12 }),
    isPrivate: fc.boolean(),
    trackers: fc.array(fc.constantFrom('udp://a/1', 'wss://b/2', 'no url', 'https://c/3'), { maxLength: 4 }),
    webSeed: fc.constantFrom(undefined, 'https://d/4', 'no url'),
  })
  .map(({ version, name, isPrivate, trackers, webSeed }) => {
    const properties = new Map<string, number | Uint8Array>([['length', LENGTH]]).set('pieces root', HASH);
    const info = new Map<string, Parameters<typeof encodeBencode>[0]>([['name', name]]).set('piece length', LENGTH);
    if (isPrivate) info.set('private', 1);
    if (version !== 'v2') info.set('pieces', HASH.subarray(0, 20)).set('length', LENGTH);
    if (version !== 'v1')
      info.set('meta version', 2).set('file tree', new Map([[latin1(name), new Map([['', properties]])]]));
    const file = new Map<string, Parameters<typeof encodeBencode>[0]>([['info', info]]);
    if (trackers[0] !== undefined) file.set('announce', trackers[0]).set('announce-list', [trackers]);
    if (webSeed !== undefined) file.set('url-list', webSeed);
    return encodeBencode(file);
  });

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

test('the outline of a torrent file says what the whole of it says', () => {
  let taken = 0;
  fc.assert(
    fc.property(torrentFile, (bytes) => {
      const whole = decodeTorrentFile(bytes);
      const outline = outlineTorrentFile(bytes);
      if (!whole.ok) return;
      taken++;
      const { infoHash, infoHashV2, name, trackers, webSeeds, isPrivate } = whole.value;
      expect(outline).toEqual({
        ok: true,
        value: { infoHash, infoHashV2, name, trackers, webSeeds, isPrivate, createdBy: undefined },
      });
    }),
  );
  expect(taken).toBeGreaterThan(50);
});

test('what has no outline would be refused as a whole, too', () => {
  fc.assert(
    fc.property(torrentFile, fc.nat(), fc.nat(255), (file, at, byte) => {
      const bytes = file.slice();
      bytes[at % bytes.length] = byte;
      expect(outlineTorrentFile(bytes).ok || !decodeTorrentFile(bytes).ok).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

for (const [what, bytes, error] of [
  ['too large', new Uint8Array(MAX_TORRENT_FILE_BYTES + 1), 'too-large'],
  ['cut off', utf8Encode('d4:infod4:name1:x'), 'not-bencode'],
  ['nested without end', new Uint8Array(1_000_000).fill(0x6c), 'not-bencode'],
  ['not a dictionary', utf8Encode('4:info'), 'not-bencode'],
  ['without an info dictionary', utf8Encode('d4:info1:xe'), 'not-metainfo'],
] as const)
  test(`a file that is ${what} has no outline`, () => {
    expect(outlineTorrentFile(bytes)).toEqual({ ok: false, error });
  });

test('the program that made it is named, in so many characters', () => {
  const made = (by: string): Uint8Array =>
    utf8Encode(
      `d10:created by${by.length}:${by}4:infod6:lengthi1e4:name1:x12:piece lengthi16384e6:pieces20:${'a'.repeat(20)}ee`,
    );
  expect(outlineTorrentFile(made('Skein'))).toMatchObject({ value: { createdBy: 'Skein' } });
  expect(outlineTorrentFile(made(''))).toMatchObject({ value: { createdBy: undefined } });
  expect(outlineTorrentFile(made('x'.repeat(500)))).toMatchObject({ value: { createdBy: 'x'.repeat(100) } });
});
