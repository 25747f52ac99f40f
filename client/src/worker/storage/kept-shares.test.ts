import { expect, test } from 'vitest';
import { hashToId } from '../../../../shared/src/ids.ts';
import { reopenFiles } from './kept-files.ts';
import { readKeptShare } from './kept-shares.ts';

const ID = hashToId(Uint8Array.of(1));

test.each([
  ['nothing', undefined],
  ['a text', 'share'],
  ['no id', { torrentFile: new Uint8Array(1), files: [] }],
  ['no torrent file', { infoHash: ID, torrentFile: 'd4:infoe', files: [] }],
  ['no files', { infoHash: ID, torrentFile: new Uint8Array(1), files: 'all' }],
])('what another version of the page kept is no share: %s', (_what, value) => {
  expect(readKeptShare(value)).toBeUndefined();
});

test('a kept share is read with its padding, and a handle that is none is left out', () => {
  const files = [{ size: 1, modifiedAt: 2, handle: 'file' }, undefined, { size: 'large' }];
  expect(readKeptShare({ infoHash: ID, torrentFile: Uint8Array.of(1), files })?.files).toEqual([
    { size: 1, modifiedAt: 2, handle: undefined },
    undefined,
    undefined,
  ]);
});

test('files without a way back to them must be given again', async () => {
  expect(await reopenFiles([{ size: 1, modifiedAt: 2, handle: undefined }])).toEqual({ wait: 'files' });
});
