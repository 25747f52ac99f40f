import { signal } from '@preact/signals';
import { expect, test, vi } from 'vitest';
import type { Node } from '../../index.ts';
import { node } from './session.ts';
import { addFiles } from './transfers.ts';

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
