import { expect, it } from 'vitest';
import { namePicture } from './pasted-picture.ts';

const now = new Date(2026, 10, 30, 9, 5, 3);

function pasted(name: string, ageMs: number): File {
  return new File(['x'], name, { type: 'image/png', lastModified: now.getTime() - ageMs });
}

it('gives a picture of the clipboard a name by the time at which it was pasted', async () => {
  const { files, name } = namePicture({ files: [pasted('image.png', 20)], name: undefined }, now);
  expect(files.map((file) => [file.name, file.type, file.lastModified])).toEqual([
    ['Picture 2026-11-30 09.05.03.png', 'image/png', now.getTime() - 20],
  ]);
  expect(await files[0]?.text()).toBe('x');
  expect(name).toBeUndefined();
});

it.each([
  ['of another name', [pasted('holiday.png', 20)]],
  ['older than the paste', [pasted('image.png', 60_000)]],
  ['beside others', [pasted('image.png', 20), pasted('b.png', 20)]],
])('leaves files as they are that are %s', (_, files) => {
  const dropped = { files, name: undefined };
  expect(namePicture(dropped, now)).toBe(dropped);
});

it('leaves a file as it is that the browser has a way back to', () => {
  const file = pasted('image.png', 20);
  const dropped = { files: [file], name: undefined, handles: new Map([[file, {} as FileSystemFileHandle]]) };
  expect(namePicture(dropped, now)).toBe(dropped);
});
