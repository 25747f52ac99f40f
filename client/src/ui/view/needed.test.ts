import { describe, expect, it } from 'vitest';
import { dependentPeers, neededSentence } from './needed.ts';

describe('peers that need this tab', () => {
  const leecher = { isInterested: true, progress: 0.4 };

  it('are those that want something, as long as nobody else has everything', () => {
    expect(dependentPeers([], [])).toBe(0);
    expect(dependentPeers([leecher, leecher, { isInterested: false, progress: 0.9 }], [])).toBe(2);
    expect(dependentPeers([leecher, { isInterested: false, progress: 1 }], [])).toBe(0);
  });

  it('are none while a web seed has everything, too, unless it is known not to give it', () => {
    for (const state of ['idle', 'fetching'] as const) expect(dependentPeers([leecher], [{ state }])).toBe(0);
    for (const state of ['resting', 'failed', 'banned'] as const)
      expect(dependentPeers([leecher], [{ state }])).toBe(1);
    expect(dependentPeers([leecher], [{ state: 'failed' }, { state: 'idle' }])).toBe(0);
  });

  it('are counted in a sentence', () => {
    expect(neededSentence(0)).toBeUndefined();
    expect(neededSentence(1)).toMatch(/^Someone has no other source/);
    expect(neededSentence(3)).toMatch(/^3 peers have no other source/);
  });
});
