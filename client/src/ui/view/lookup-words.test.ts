import { describe, expect, it } from 'vitest';
import { keyFromText, keyWarning, lookupFigures, lookupProblem } from './lookup-words.ts';

const KEY = '0123456789abcdef0123456789abcdef01234567';

describe('a lookup that failed', () => {
  it('names what still works and the next thing to do', () => {
    expect(lookupProblem('timeout', '', 4, true)).toMatchObject({
      action: 'retry',
      text: expect.stringMatching(/You still have 4 links/),
    });
    expect(lookupProblem('unreachable', '', 1, true)).toMatchObject({
      action: 'retry',
      text: expect.stringMatching(/You still have 1 link;/),
    });
    expect(lookupProblem('refused', '', 2, true)).toMatchObject({
      action: 'retry',
      title: expect.stringMatching(/Too many/),
    });
  });

  it('is about being alone when there is no link, whatever the code', () => {
    for (const code of ['no-links', 'timeout', undefined])
      expect(lookupProblem(code, '', 0, true)).toMatchObject({
        action: 'open-tab',
        title: expect.stringMatching(/nobody to ask/),
      });
  });

  it('offers another tab only where one would load', () => {
    expect(lookupProblem('no-links', '', 0, false).action).toBe('retry');
  });

  it('asks for a reload, in the library’s own words, when the node itself is gone', () => {
    expect(lookupProblem('left', 'This peer has left.', 0, true)).toMatchObject({
      action: 'reload',
      text: 'This peer has left.',
    });
  });
});

describe('what is typed into the look-up box', () => {
  it('is a key when it is 40 hex digits in any case, and else a text, as it is', () => {
    expect(keyFromText(` ${KEY.toUpperCase()}\n`)).toBe(KEY);
    expect(keyFromText(' a greeting ')).toBe(' a greeting ');
    expect(keyFromText(KEY.slice(1))).toBe(KEY.slice(1));
  });

  it('is doubted when it nearly is a key', () => {
    expect(keyWarning(KEY.slice(2))).toMatch(/38 hex digits; a key has 40/);
    expect(keyWarning(KEY)).toBe('');
    expect(keyWarning('cafe')).toBe('');
    expect(keyWarning('a greeting of more than twenty letters')).toBe('');
  });
});

it('says how far and how long', () => {
  expect(lookupFigures({ hops: 1, ms: 12.4 })).toBe('1 hop · 12 ms');
  expect(lookupFigures({ hops: 0, ms: -0.2 })).toBe('0 hops · 0 ms');
});
