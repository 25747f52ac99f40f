import { describe, expect, it } from 'vitest';
import { limitFromText, limitToText, limitsText, readLimits, writeLimits } from './limits.ts';

describe('speed limits', () => {
  it('are entered in kB/s, and an empty field, 0 or more than anybody has means none', () => {
    expect(limitFromText('500')).toBe(500_000);
    expect(limitFromText('0.5')).toBe(500);
    expect(limitFromText('1e9')).toBe(1e12);
    for (const text of ['1.5', '1,5', ' 1,50 ']) expect(limitFromText(text)).toBe(1500);
    for (const text of ['', ' ', '0', '0.0', '1e30']) expect(limitFromText(text)).toBeUndefined();
    expect(limitToText(500_000)).toBe('500');
    expect(limitToText(undefined)).toBe('');
  });

  it('are not lifted by what is no number, or by so small a one that it rounds to none', () => {
    for (const text of ['-3', '-0.001', 'much', '1,500', '1,5,5', '1 000']) expect(limitFromText(text)).toBe('invalid');
    expect(limitFromText('0.0001')).toBe(1);
  });

  it('are said in one line', () => {
    expect(limitsText({})).toBe('');
    expect(limitsText({ down: 500_000, up: 20_000 })).toBe('↓ 500 kB/s · ↑ 20.0 kB/s');
  });

  it('come back as they were kept, and nonsense as none', () => {
    for (const limits of [
      { down: 1, up: 2_000_000 },
      { down: undefined, up: 5 },
      { down: undefined, up: undefined },
    ])
      expect(readLimits(writeLimits(limits))).toEqual(limits);
    for (const text of [undefined, '', 'null', '{"down":-1,"up":"5"}'])
      expect(readLimits(text)).toEqual({ down: undefined, up: undefined });
  });
});
