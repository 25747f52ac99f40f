import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatBytes, formatEta, formatRate, formatRatio, formatRtt, formatTimer, percentOf } from './format.ts';
import { plural } from './plural.ts';

describe('sizes and rates', () => {
  it.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1536, '1.5 kB'],
    [99_949, '99.9 kB'],
    [99_950, '100 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [12_345_678, '12.3 MB'],
    [5e15, '5.0 PB'],
  ])('reads %d bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it('never shows more than 8 characters up to a petabyte, so that columns keep still', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 9e14, noNaN: true }), (bytes) => {
        expect(formatBytes(bytes).length).toBeLessThanOrEqual(8);
      }),
    );
  });

  it('treats a negative size as nothing', () => {
    expect(formatBytes(-5)).toBe('0 B');
  });

  it('reads a rate per second', () => {
    expect(formatRate(2_500_000)).toBe('2.5 MB/s');
  });
});

describe('percent', () => {
  it('is 100 only when everything is done', () => {
    fc.assert(
      fc.property(fc.nat(1e9), fc.integer({ min: 1, max: 1e9 }), (done, total) => {
        const percent = percentOf(Math.min(done, total), total, false);
        expect(percent).toBeGreaterThanOrEqual(0);
        expect(percent).toBeLessThan(100);
      }),
    );
    expect(percentOf(10, 10, true)).toBe(100);
  });

  it('is 0 while the size is unknown and 100 for a finished empty file', () => {
    expect(percentOf(0, 0, false)).toBe(0);
    expect(percentOf(0, 0, true)).toBe(100);
  });
});

describe('times', () => {
  it.each([
    [undefined, ''],
    [Number.POSITIVE_INFINITY, ''],
    [0, '1 s left'],
    [8_200, '9 s left'],
    [125_000, '2 min 5 s left'],
    [600_000, '10 min left'],
    [4_320_000, '1 h 12 min left'],
    [90_000_000, 'more than a day left'],
  ])('reads %s ms to go as "%s"', (ms, text) => {
    expect(formatEta(ms)).toBe(text);
  });

  it.each([
    [-1, '0:00'],
    [7_900, '0:07'],
    [750_000, '12:30'],
    [3_723_000, '1:02:03'],
  ])('shows a clock of %d ms as %s', (ms, text) => {
    expect(formatTimer(ms)).toBe(text);
  });

  it('rounds a round-trip time and leaves an unknown one empty', () => {
    expect(formatRtt(11.6)).toBe('12 ms');
    expect(formatRtt(undefined)).toBe('');
  });
});

describe('plural', () => {
  it('says one peer, and no or many peers', () => {
    expect([0, 1, 2].map((n) => plural(n, 'peer'))).toEqual(['0 peers', '1 peer', '2 peers']);
    expect(plural(2, 'person', 'people')).toBe('2 people');
  });
});

describe('ratios', () => {
  it.each([
    [undefined, ''],
    [0, '0.00'],
    [0.424, '0.42'],
    [1.25, '1.3'],
    [12.4, '12'],
  ])('reads %s as "%s"', (ratio, text) => {
    expect(formatRatio(ratio)).toBe(text);
  });
});
