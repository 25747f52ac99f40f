import { expect, test } from 'vitest';
import { utf8Encode } from '../../../../shared/src/bytes.ts';
import { readSource } from './read-source.ts';

/** A torrent file of one byte, with this name and these entries before and behind it. */
const torrentOf = (name: string, behind = ''): Uint8Array =>
  utf8Encode(
    `d4:infod6:lengthi1e${behind}4:name${name.length}:${name}12:piece lengthi16384e6:pieces20:${'a'.repeat(20)}ee`,
  );

for (const [what, bytes, message] of [
  [
    'is none',
    utf8Encode('hello'),
    'This torrent cannot be downloaded here: it is damaged, or no torrent at all. Ask its sender for another one.',
  ],
  [
    'names files in a way that is refused',
    torrentOf('..'),
    'This torrent cannot be downloaded here: it names files in a way that is not safe. Ask its sender for another one.',
  ],
  [
    'is of a version to come',
    torrentOf('x', '12:meta versioni3e'),
    'This torrent cannot be downloaded here: it is of a version that this page does not know. Ask its sender for another one.',
  ],
] as const) {
  test(`a torrent file that ${what} is refused with that reason`, () => {
    expect(() => readSource(bytes)).toThrow(expect.objectContaining({ code: 'bad-metainfo', message }));
  });
}

test('the list of files is left to the worker, however large or wrong it is', () => {
  const file = utf8Encode(
    `d4:infod5:filesld6:lengthi1e4:pathl2:..eee4:name1:x12:piece lengthi16384e6:pieces20:${'a'.repeat(20)}ee`,
  );
  expect(readSource(file)).toMatchObject({ name: 'x', request: { kind: 'metainfo', bytes: file } });
});

test('a torrent file that is right is taken', () => {
  expect(readSource(torrentOf('x'))).toMatchObject({ name: 'x', request: { kind: 'metainfo' } });
});
