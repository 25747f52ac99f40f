import { describe, expect, it } from 'vitest';
import type { CallEndReason } from '../../api.ts';
import { callWord, endSentence, failWord, missedTitle, offerSentence, remoteMutedSentence } from './call-words.ts';

const END_REASONS: readonly CallEndReason[] = [
  'hung-up',
  'declined',
  'busy',
  'cancelled',
  'no-answer',
  'answered-elsewhere',
  'not-found',
  'unreachable',
  'media-failed',
  'no-path',
  'connection-lost',
  'error',
];

describe('words for calls', () => {
  it('counts the seconds of ringing', () => {
    const call = { direction: 'outgoing', state: 'ringing', endReason: undefined, path: undefined } as const;
    expect(callWord(call, 7_400)).toBe('Ringing… 0:07');
  });

  it('names whose calls were missed, and of more than three the first two', () => {
    const names = ['Ann', 'Bob', 'Cyd', 'Dan', 'Eve'];
    expect([1, 2, 3, 4, 5].map((count) => missedTitle(names.slice(0, count)))).toEqual([
      'You missed a call from Ann',
      'You missed calls from Ann and Bob',
      'You missed calls from Ann, Bob and Cyd',
      'You missed calls from Ann, Bob and others',
      'You missed calls from Ann, Bob and others',
    ]);
  });

  it('does not call an answered call ringing while the caller has not heard of it', () => {
    const call = { direction: 'incoming', state: 'ringing', endReason: undefined, path: undefined } as const;
    expect(callWord(call, 0)).toBe('Connecting…');
  });

  it.each([
    [undefined, 'Connecting…'],
    ['direct', 'In call'],
    ['turn', 'In call'],
  ] as const)('says of an answered call whose media has the path %s: %s', (path, word) => {
    const call = { direction: 'outgoing', state: 'established', endReason: undefined, path } as const;
    expect(callWord(call, 0)).toBe(word);
  });

  it('has a different word and a sentence for each way a call can end', () => {
    const words = END_REASONS.map((reason) =>
      callWord({ direction: 'outgoing', state: 'ended', endReason: reason, path: undefined }, 0),
    );
    expect(new Set(words).size).toBe(END_REASONS.length);
    for (const reason of END_REASONS) expect(endSentence(reason, 'Amber Otter')).toMatch(/\.$/);
  });

  it('says why a call could not be placed', () => {
    expect(failWord('not-found')).toBe('Not found');
    expect(failWord('no-links')).toBe('Cannot be reached');
    expect(failWord('bad-argument')).toBe('Not an address');
    expect(failWord('internal')).toBe('Call failed');
  });

  it('says what is offered', () => {
    expect(offerSentence({ audio: true, video: true })).toContain('video');
    expect(offerSentence({ audio: true, video: false })).toContain('talk');
    expect(offerSentence({ audio: false, video: false })).toContain('without');
  });

  it('says what the other side has switched off, and nothing otherwise', () => {
    expect(remoteMutedSentence({ audio: false, video: false })).toBeUndefined();
    expect(remoteMutedSentence({ audio: true, video: false })).toContain('microphone');
    expect(remoteMutedSentence({ audio: false, video: true })).toContain('camera');
  });
});
