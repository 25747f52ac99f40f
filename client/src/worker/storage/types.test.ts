import { expect, test } from 'vitest';
import { toStorageError } from './types.ts';

/** What Firefox 153 throws when a file is made longer than there is room: an object that is no Error. */
const FIREFOX_FULL = { name: 'NS_ERROR_FILE_NO_DEVICE_SPACE', message: '', result: 2152857616 };

test.each([
  ['by the standard', new DOMException('no room', 'QuotaExceededError')],
  ['by Firefox', FIREFOX_FULL],
])('a full disk is known as it is told %s', (_by, error) => {
  expect(toStorageError(error).code).toBe('storage-full');
});

test.each([
  ['the words of an error', new DOMException('it is open', 'NoModificationAllowedError'), '(it is open)'],
  ['the name of what has no words', { name: 'NS_ERROR_FAILURE', message: '' }, '(NS_ERROR_FAILURE)'],
  ['what is no error at all', 'a string', '(a string)'],
  ['nothing', undefined, '(undefined)'],
])('storage that failed otherwise is told with %s', (_with, error, words) => {
  expect(toStorageError(error)).toMatchObject({ code: 'storage-failed', message: expect.stringContaining(words) });
});
