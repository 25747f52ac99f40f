import { expect, test } from 'vitest';
import { mediaPath, parseMediaPath } from './messages.ts';

const INFO_HASH = 'ab'.repeat(20);

test('an address of a file names it again, whatever the file is called', () => {
  for (const name of ['film.mp4', 'größe & ?#/%2f.webm', '..'])
    expect(parseMediaPath(mediaPath(INFO_HASH, 12, name))).toEqual({ infoHash: INFO_HASH, index: 12 });
});

test.each([
  '',
  'media/',
  `media/${INFO_HASH}/1`,
  `media/${INFO_HASH}/1/a/b`,
  `media/${INFO_HASH}/-1/a`,
  `media/${INFO_HASH.slice(1)}/1/a`,
  `media/${INFO_HASH}/12345678/a`,
  `x/media/${INFO_HASH}/1/a`,
  'assets/index.js',
])('%j is no address of a file', (path) => {
  expect(parseMediaPath(path)).toBeUndefined();
});
