import { expect, it } from 'vitest';
import { isBlank, plainText } from './plain-text.ts';

it('what would turn the text around a name is taken out of it', () => {
  expect(plainText('holiday\u202egpj.exe')).toBe('holidaygpj.exe');
  expect(plainText('\u2067amber\u2069 \u200fotter\u061c')).toBe('amber otter');
});

it('a name is one line', () => {
  expect(plainText(' amber\r\n\tot\u2028ter\u0000\u009b')).toBe('amber ot ter');
});

it('letters that a language joins or keeps apart, signs of many parts, and half a sign stay as they are', () => {
  for (const text of ['می\u200cخواهم', '👩‍👩‍👧 family', 'שלום', 'e\u0301', '\ud83d']) expect(plainText(text)).toBe(text);
});

it.each(['', ' ', '\u200b\u200d', '\u3164', '\u2800\u115f', '\ufe0f\u2060\u00ad'])('%j shows nothing', (text) => {
  expect(isBlank(text)).toBe(true);
});

it.each(['a', '🦊', 'ـ', '٠', '-'])('%j shows something', (text) => {
  expect(isBlank(text)).toBe(false);
});
