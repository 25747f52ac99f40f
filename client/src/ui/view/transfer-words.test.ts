import { describe, expect, it } from 'vitest';
import { SkeinError, type SwarmProgress } from '../../api.ts';
import {
  bannedSentence,
  downloadWord,
  noFilesText,
  ratioText,
  sourcesText,
  trackerText,
  troubleAction,
  wantedBytes,
  shareWord,
  webSeedText,
} from './transfer-words.ts';

const PROGRESS: SwarmProgress = {
  doneBytes: 0,
  totalBytes: 10,
  leftBytes: 10,
  downBytesPerSecond: 0,
  upBytesPerSecond: 0,
  uploadedBytes: 0,
  ratio: undefined,
  etaMs: undefined,
  peers: 0,
  sources: 0,
  webSeeds: [],
  banned: [],
};

describe('words for downloads', () => {
  it('tells finding peers, getting the details and waiting for a source apart', () => {
    const finding = { state: 'finding', progress: PROGRESS, isPaused: false } as const;
    expect(downloadWord(finding, false)).toBe('Finding peers');
    expect(downloadWord({ ...finding, progress: { ...PROGRESS, peers: 2 } }, false)).toBe('Getting the details');
    expect(downloadWord(finding, true)).toBe('Waiting for a source');
  });

  it('says when a running download has no source left', () => {
    const running = { state: 'downloading', progress: PROGRESS, isPaused: false } as const;
    expect(downloadWord(running, true)).toBe('Waiting for a source');
    expect(downloadWord({ ...running, progress: { ...PROGRESS, sources: 1 } }, true)).toBe('Downloading');
  });

  it('does not wait for a source while a web seed gives', () => {
    const seed = { url: 'https://a.example/', downBytesPerSecond: 0, downloadedBytes: 0 };
    const withSeed = (state: 'fetching' | 'resting'): string => {
      const progress = { ...PROGRESS, webSeeds: [{ ...seed, state }] };
      return downloadWord({ state: 'downloading', progress, isPaused: false }, true);
    };
    expect(withSeed('fetching')).toBe('Downloading');
    expect(withSeed('resting')).toBe('Waiting for a source');
  });

  it('says of one that is done whether others get it', () => {
    const done = { state: 'done', progress: PROGRESS } as const;
    expect(downloadWord({ ...done, isPaused: false }, true)).toBe('Done');
    expect(downloadWord({ ...done, isPaused: true }, true)).toBe('Done, not shared');
  });

  it('shows a ratio once something was given', () => {
    expect(ratioText(PROGRESS)).toBe('');
    expect(ratioText({ ratio: 0.5, uploadedBytes: 5 })).toBe('ratio 0.50');
  });

  it('counts what is wanted, not what is skipped', () => {
    expect(wantedBytes({ doneBytes: 3, leftBytes: 4 })).toBe(7);
  });

  it('says that a torrent file would help while the list of files may come, and not once it was refused', () => {
    expect(noFilesText(undefined)).toContain('.torrent file');
    expect(noFilesText('storage-full')).toContain('.torrent file');
    for (const code of ['bad-metainfo', 'internal'] as const) expect(noFilesText(code)).not.toContain('.torrent file');
  });

  it('asks for a fresh page when the code broke, and for another try when storage failed', () => {
    expect(troubleAction('internal')).toBe('reload');
    expect(troubleAction('storage-full')).toBe('resume');
  });

  it('has a torrent that was refused opened again', () => {
    expect(troubleAction('bad-metainfo')).toBe('open');
  });

  it('counts sources only while something is missing', () => {
    const progress = { ...PROGRESS, peers: 2, sources: 1 };
    expect(sourcesText(progress, false)).toBe('1 source · 2 peers');
    expect(sourcesText(progress, true)).toBe('2 peers');
  });

  it('names peers that were dropped for bad data, each once', () => {
    const otter = { id: 'a'.repeat(40), name: 'Amber Otter' };
    expect(bannedSentence([])).toBeUndefined();
    expect(bannedSentence([otter, otter])).toMatch(/^Amber Otter sent bad data and was dropped\./);
    expect(bannedSentence([otter, { id: 'b'.repeat(40), name: undefined }])).toMatch(
      /^Amber Otter and bbbbbbbb sent bad data and were dropped\./,
    );
    expect(bannedSentence([{ id: 'b'.repeat(40), name: '\u202e' }])).toMatch(/^bbbbbbbb sent bad data/);
  });

  it('of many peers that were dropped names the first three and counts the others', () => {
    const many = Array.from({ length: 200 }, (_, at) => ({ id: 'a'.repeat(40), name: `peer ${at}` }));
    expect(bannedSentence(many)).toMatch(/^peer 0, peer 1, peer 2 and 197 others sent bad data and were dropped\./);
    expect(bannedSentence(many.slice(0, 4))).toMatch(/^peer 0, peer 1, peer 2 and 1 other sent/);
    expect(bannedSentence(many.slice(0, 3))).toMatch(/^peer 0, peer 1 and peer 2 sent/);
  });
});

it('a share says whether it gives, gives each piece once, cannot go on, or waits for its person', () => {
  const share = { isPaused: false, waitsFor: undefined, isSuperSeeding: false, error: undefined };
  expect(shareWord(share)).toBe('Sharing');
  expect(shareWord({ ...share, isSuperSeeding: true })).toBe('Super-seeding');
  expect(shareWord({ ...share, isSuperSeeding: true, isPaused: true })).toBe('Paused');
  const error = new SkeinError('storage-failed', 'A shared file can no longer be read.');
  expect(shareWord({ ...share, isPaused: true, error })).toBe('Stopped');
  expect(shareWord({ ...share, isPaused: true, waitsFor: 'files' })).toMatch(/Drop the files again/);
});

it('a web seed says what it does and gave, and counts beside the peers while it gives', () => {
  const seed = { url: 'https://a.example/', downBytesPerSecond: 2_000_000, downloadedBytes: 3_000_000 };
  expect(webSeedText({ ...seed, state: 'fetching' })).toBe('gives 2.0 MB/s, 3.0 MB so far');
  expect(webSeedText({ ...seed, downloadedBytes: 0, state: 'resting' })).toMatch(/asked again later$/);
  expect(webSeedText({ ...seed, state: 'banned' })).toMatch(/bad data.*3.0 MB so far/);
  const progress = { peers: 2, sources: 1, webSeeds: [{ ...seed, state: 'fetching' as const }] };
  expect(sourcesText(progress, false)).toBe('1 source · 2 peers · 1 web seed');
  expect(sourcesText({ ...progress, webSeeds: [{ ...seed, state: 'idle' }] }, false)).toBe('1 source · 2 peers');
});

it('says behind a tracker what comes of asking it, nothing where it is not asked, and why where it cannot be', () => {
  const tracker = { url: 'wss://a.example', state: 'idle', reason: undefined } as const;
  expect(trackerText(tracker)).toBe('');
  expect(trackerText({ ...tracker, url: 'udp://a.example' })).toBe(' · browsers cannot ask it');
  expect(trackerText({ ...tracker, state: 'answered' })).toBe(' · asked');
  expect(trackerText({ ...tracker, state: 'failed' })).toBe(' · does not answer, is asked again later');
  expect(trackerText({ ...tracker, state: 'failed', reason: 'not here' })).toBe(' · refuses: not here');
});
