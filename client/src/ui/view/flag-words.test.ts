import { describe, expect, it } from 'vitest';
import { FLAG_WORDS, flagWords } from './flag-words.ts';

describe('letters of peers', () => {
  it('are said in words, small ones apart from capital ones', () => {
    expect(flagWords('DuI')).toBe(
      'you get data from it; it wants data, but you do not give to it now; it connected to you',
    );
    expect(flagWords('')).toBe('nothing goes either way');
  });

  it('each have a meaning of their own', () => {
    expect(FLAG_WORDS.map(([letter]) => letter).join('')).toBe('DdUuK?OSIXHW');
    expect(new Set(FLAG_WORDS.map(([, words]) => words)).size).toBe(FLAG_WORDS.length);
  });
});
