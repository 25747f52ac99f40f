import { describe, expect, it } from 'vitest';
import type { SwarmProgress } from '../../api.ts';
import { bannedSentence, downloadWord, sourcesText } from './transfer-words.ts';

const PROGRESS: SwarmProgress = {
  doneBytes: 0,
  totalBytes: 10,
  downBytesPerSecond: 0,
  upBytesPerSecond: 0,
  uploadedBytes: 0,
  ratio: undefined,
  etaMs: undefined,
  peers: 0,
  sources: 0,
  banned: [],
};

describe('words for downloads', () => {
  it('tells finding peers, getting the details and waiting for a source apart', () => {
    const finding = { state: 'finding', progress: PROGRESS } as const;
    expect(downloadWord(finding, false)).toBe('Finding peers');
    expect(downloadWord({ ...finding, progress: { ...PROGRESS, peers: 2 } }, false)).toBe('Getting the details');
    expect(downloadWord(finding, true)).toBe('Waiting for a source');
  });

  it('says when a running download has no source left', () => {
    expect(downloadWord({ state: 'downloading', progress: PROGRESS }, true)).toBe('Waiting for a source');
    expect(downloadWord({ state: 'downloading', progress: { ...PROGRESS, sources: 1 } }, true)).toBe('Downloading');
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
  });
});
