import { describe, expect, it } from 'vitest';
import {
  MAX_COLUMNS,
  availabilityLevels,
  availabilitySentence,
  levelPath,
  storedLevels,
  storedSentence,
} from './piece-bars.ts';

const map = (stored: readonly number[], availability: readonly number[]) => ({
  count: availability.length,
  stored: new Uint8Array(stored),
  availability: new Uint8Array(availability),
});

describe('bars of pieces', () => {
  it('draw each piece while there is room, and shares of columns beyond it', () => {
    expect(storedLevels(map([0b1010_0000], [0, 0, 0]))).toEqual([4, 0, 4]);
    const many = storedLevels(map(Array<number>(200).fill(0b1111_0000), Array<number>(1600).fill(0)));
    expect(many.length).toBe(MAX_COLUMNS);
    expect(many.slice(0, 2)).toEqual([3, 2]);
  });

  it('shade a column by its rarest piece', () => {
    expect(availabilityLevels(map([0b1000_0000], [0, 1, 2, 3, 4, 5, 255]))).toEqual([0, 1, 2, 3, 3, 4, 4]);
    expect(availabilityLevels(map([0b1000_0000], [0, 0]))).toEqual([0, 'nowhere']);
    const many = Array<number>(2 * MAX_COLUMNS).fill(9);
    many[1] = 1;
    expect(availabilityLevels(map([], many)).slice(0, 2)).toEqual([1, 4]);
  });

  it('draw runs of one level as one rectangle', () => {
    expect(levelPath([4, 4, 0, 4], 4)).toBe('M0 0h2v1h-2zM3 0h1v1h-1z');
    expect(levelPath([4, 4, 0, 4], 0)).toBe('M2 0h1v1h-1z');
    expect(levelPath([], 4)).toBe('');
  });

  it('are said in words', () => {
    expect(storedSentence(map([0b1010_0000], [0, 0, 0]))).toBe('2 of 3 pieces are here');
    expect(storedSentence(map([0b1110_0000], [0, 0, 0]))).toBe('All 3 pieces are here');
    expect(storedSentence(map([0b1000_0000], [0]))).toBe('The piece is here');
    expect(availabilitySentence(map([0], [2, 3, 2, 2, 2]))).toBe('The connected peers hold 2.2 copies');
    expect(availabilitySentence(map([0], [1, 1]))).toBe('The connected peers hold 1 copy');
    expect(availabilitySentence(map([0b1100_0000], [0, 0]))).toBe('The connected peers hold no copy');
    expect(availabilitySentence(map([0b1000_0000], [0, 0, 3]))).toBe('1 missing piece is with nobody connected');
  });
});
