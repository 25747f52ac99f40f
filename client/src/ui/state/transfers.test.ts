import { signal } from '@preact/signals';
import { expect, test, vi } from 'vitest';
import type { Download, Node } from '../../index.ts';
import { node } from './session.ts';
import { addFiles, downloads, openInfoHash } from './transfers.ts';

vi.mock('./session.ts', () => ({ node: signal() }));

for (const [names, becomes] of [
  [['a.torrent'], 'downloads'],
  [['A.TORRENT', 'b.Torrent'], 'downloads'],
  [['a.torrent', 'film.mp4'], 'a share'],
  [['torrent'], 'a share'],
] as const) {
  test(`${names.join(' and ')} become ${becomes}`, async () => {
    const [share, download] = [vi.fn(() => Promise.resolve({ infoHash: '' })), vi.fn(() => ({ on: vi.fn() }))];
    node.value = { shares: [], downloads: [], share, download } as unknown as Node;
    await addFiles({ files: names.map((name) => new File(['x'], name)), name: undefined });
    expect(download).toHaveBeenCalledTimes(becomes === 'downloads' ? names.length : 0);
    expect(share).toHaveBeenCalledTimes(becomes === 'downloads' ? 0 : 1);
  });
}

test('an address that names a download in the list does not ask for it again', () => {
  const download = vi.fn(() => ({ on: vi.fn() }));
  node.value = { shares: [], downloads: [], download } as unknown as Node;
  downloads.value = [{ infoHash: 'a'.repeat(40) } as Download];
  openInfoHash('a'.repeat(40), undefined);
  expect(download).not.toHaveBeenCalled();
  openInfoHash('b'.repeat(40), undefined);
  expect(download).toHaveBeenCalledOnce();
});
