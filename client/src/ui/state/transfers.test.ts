import { signal } from '@preact/signals';
import { expect, test, vi } from 'vitest';
import { type Download, type DownloadOptions, type Node, SkeinError } from '../../api.ts';
import { MAX_TORRENT_FILE_BYTES } from '../../../../shared/src/limits/metainfo.ts';
import { announcement, notices } from './notices.ts';
import { node } from './session.ts';
import { magnetFor } from '../view/hash-link.ts';
import { addFiles, downloads, openFileLink, openLink, openText } from './transfers.ts';

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

const REFUSED = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);
const WEB_SEED = 'https://c.example/';

/** A page with a download that was refused and one that was not; what it asks to be downloaded. */
function pageWithDownloads(): ReturnType<typeof vi.fn> {
  const download = vi.fn(() => ({ on: vi.fn() }));
  node.value = { shares: [], downloads: [], download } as unknown as Node;
  const error = { code: 'bad-metainfo' };
  downloads.value = [{ infoHash: REFUSED, error } as Download, { infoHash: OTHER } as Download];
  return download;
}

test('an address that names a download that was refused does not ask for it again', () => {
  const download = pageWithDownloads();
  openFileLink({ infoHash: REFUSED, name: undefined, webSeeds: [] });
  expect(download).not.toHaveBeenCalled();
});

test('an address that names another download asks for it with its web seeds, whether it runs already or not', () => {
  const download = pageWithDownloads();
  openFileLink({ infoHash: OTHER, name: 'x', webSeeds: [WEB_SEED] });
  expect(download).toHaveBeenCalledWith(magnetFor(OTHER, 'x', [WEB_SEED]), expect.anything());
});

test('a person can ask for a download that was refused again', () => {
  const download = pageWithDownloads();
  openLink(magnetFor(REFUSED, undefined));
  expect(download).toHaveBeenCalledWith(magnetFor(REFUSED, undefined), expect.anything());
});

test('a torrent file that is refused for what is here already is told of, and that goes on', async () => {
  const download = vi.fn((_source: Uint8Array, options: DownloadOptions) => {
    options.onRefused?.(new SkeinError('bad-metainfo', 'It is damaged.'));
    return { on: vi.fn() };
  });
  node.value = { shares: [], downloads: [], download } as unknown as Node;
  await addFiles({ files: [new File(['x'], 'a.torrent')], name: undefined });
  expect(notices.value.at(-1)).toMatchObject({
    title: 'The torrent file could not be opened',
    text: 'It is damaged. What is here goes on as it was.',
  });
});

/** A page that takes all it is given; what it downloads. */
function greedyPage(): ReturnType<typeof vi.fn> {
  const download = vi.fn((_source: Uint8Array) => ({ on: vi.fn() }));
  const share = (): Promise<object> => Promise.resolve({ infoHash: OTHER, name: 'a\u202eb' });
  node.value = { shares: [], downloads: [], download, share } as unknown as Node;
  return download;
}

/** A file of the disk that is gone by the time it is read. */
function goneFile(name: string): File {
  const gone = new DOMException('A requested file could not be found.', 'NotFoundError');
  const arrayBuffer = (): Promise<never> => Promise.reject(gone);
  return Object.assign(new File([], name), { arrayBuffer, slice: () => ({ arrayBuffer }) });
}

test('a torrent file that cannot be read is told of, and those beside it are opened', async () => {
  const download = greedyPage();
  await addFiles({ files: [goneFile('gone.torrent'), new File(['x'], 'b.torrent')], name: undefined });
  expect(notices.value.at(-1)).toMatchObject({ title: 'The torrent file could not be opened' });
  expect(notices.value.at(-1)?.text).toMatch(/^“gone\.torrent” could not be read/);
  expect(download).toHaveBeenCalledOnce();
});

test('of something huge that calls itself a torrent no more is read than shows that it is too large', async () => {
  const download = greedyPage();
  const huge = Object.assign(new File([], 'film.torrent'), {
    slice: (begin: number, end: number) => new Blob([new Uint8Array(end - begin)]),
  });
  await addFiles({ files: [huge], name: undefined });
  expect(download.mock.calls[0]?.[0]).toHaveLength(MAX_TORRENT_FILE_BYTES + 1);
});

test('who hears the page is told that a share is ready', async () => {
  greedyPage();
  await addFiles({ files: [new File(['x'], 'ab')], name: undefined });
  expect(announcement.value).toBe('ab is shared');
});

test('a page that is no part of the network promises nobody that it will be', () => {
  node.value = undefined;
  expect(openText(REFUSED)).toBe('The page is no part of the network yet. Open the link again once it is.');
});
