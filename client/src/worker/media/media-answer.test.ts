import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MEDIA_ANSWER_BYTES } from '../../../../shared/src/limits/storage.ts';
import { answerMedia } from './media-answer.ts';

const SIZE = 100 * 1024 * 1024;

function header(answer: ReturnType<typeof answerMedia>, name: string): string | undefined {
  return answer.headers.find(([each]) => each === name)?.[1];
}

test('without a range the whole file is answered, and that ranges may be asked for', () => {
  const answer = answerMedia(null, SIZE, 'video/webm');
  expect(answer).toMatchObject({ status: 200, begin: 0, end: SIZE });
  expect(header(answer, 'content-length')).toBe(String(SIZE));
  expect(header(answer, 'accept-ranges')).toBe('bytes');
  expect(header(answer, 'content-type')).toBe('video/webm');
});

test.each([
  ['bytes=0-0', 0, 1],
  ['bytes=10-19', 10, 20],
  [`bytes=${SIZE - 5}-${SIZE + 5}`, SIZE - 5, SIZE],
  ['bytes=-100', SIZE - 100, SIZE],
  [`bytes=-${2 * SIZE}`, 0, SIZE],
  [`bytes=${SIZE - 1}-`, SIZE - 1, SIZE],
  ['bytes=7-', 7, 7 + MEDIA_ANSWER_BYTES],
  ['Bytes= 7 - 8 ', 7, 9],
])('%s gives bytes %i to %i (RFC 9110 §14.1.2)', (range, begin, end) => {
  const answer = answerMedia(range, SIZE, 'video/mp4');
  expect(answer).toMatchObject({ status: 206, begin, end });
  expect(header(answer, 'content-range')).toBe(`bytes ${begin}-${end - 1}/${SIZE}`);
  expect(header(answer, 'content-length')).toBe(String(end - begin));
});

test.each([`bytes=${SIZE}-`, `bytes=${SIZE + 10}-${SIZE + 20}`, 'bytes=-0'])(
  '%s lies outside of the file: 416 with its size (RFC 9110 §15.5.17)',
  (range) => {
    const answer = answerMedia(range, SIZE, 'video/mp4');
    expect(answer).toMatchObject({ status: 416, begin: 0, end: 0 });
    expect(header(answer, 'content-range')).toBe(`bytes */${SIZE}`);
  },
);

test.each(['bytes=-', 'bytes=5-3', 'bytes=1-2,5-6', 'lines=1-2', 'bytes 1-2', '', 'bytes=1e3-'])(
  '%j is not one range of bytes and is answered with the whole',
  (range) => {
    expect(answerMedia(range, SIZE, 'video/mp4')).toMatchObject({ status: 200, begin: 0, end: SIZE });
  },
);

test('what is served can be played and cannot run as a page of this origin', () => {
  const answer = answerMedia('bytes=0-', SIZE, 'video/mp4');
  expect(header(answer, 'content-security-policy')).toBe("default-src 'none'; sandbox");
  expect(header(answer, 'x-content-type-options')).toBe('nosniff');
  expect(header(answer, 'cache-control')).toBe('no-store');
});

test('of an empty file every range lies outside', () => {
  expect(answerMedia('bytes=0-', 0, 'audio/mpeg').status).toBe(416);
  expect(answerMedia(null, 0, 'audio/mpeg')).toMatchObject({ status: 200, begin: 0, end: 0 });
});

test('whatever is asked, the answer lies inside of the file and its length is what it says', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^bytes=\d{0,16}-\d{0,16}$/)), fc.nat(), (range, size) => {
      const answer = answerMedia(range, size, 'video/mp4');
      expect(answer.begin).toBeGreaterThanOrEqual(0);
      expect(answer.end).toBeLessThanOrEqual(size);
      expect(answer.end).toBeGreaterThanOrEqual(answer.begin);
      const length = answer.status === 416 ? undefined : String(answer.end - answer.begin);
      expect(header(answer, 'content-length')).toBe(length);
    }),
  );
});
