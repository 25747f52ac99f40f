import { MEDIA_ANSWER_BYTES } from '../../../../shared/src/limits/storage.ts';

/** How a request of a player for a file is answered, before its bytes. */
export interface MediaAnswer {
  readonly status: 200 | 206 | 416;
  readonly headers: readonly (readonly [string, string])[];
  /** The bytes that follow: from `begin` up to, not including, `end`. */
  readonly begin: number;
  readonly end: number;
}

/**
 * Answers a request for a file of `size` bytes with the value of its `Range` header (RFC 9110 §14). What asks for several
 * ranges, or makes no sense, is answered with the whole, as the RFC allows; one that lies outside of the file with 416.
 * An answer to a range without an end is no longer than MEDIA_ANSWER_BYTES: the player asks again for what follows.
 */
export function answerMedia(range: string | null, size: number, type: string): MediaAnswer {
  const common = [
    ['accept-ranges', 'bytes'],
    ['cache-control', 'no-store'],
    ['content-type', type],
    // What a stranger made is played, and never anything else: no script in it could run, whatever it claims to be.
    ['content-security-policy', "default-src 'none'; sandbox"],
    ['x-content-type-options', 'nosniff'],
  ] as const;
  const asked = range === null ? undefined : readRange(range, size);
  if (!asked) return { status: 200, headers: [...common, ['content-length', String(size)]], begin: 0, end: size };
  const { begin, end } = asked;
  if (begin >= end) {
    return { status: 416, headers: [...common, ['content-range', `bytes */${size}`]], begin: 0, end: 0 };
  }
  return {
    status: 206,
    headers: [
      ...common,
      ['content-length', String(end - begin)],
      ['content-range', `bytes ${begin}-${end - 1}/${size}`],
    ],
    begin,
    end,
  };
}

/** The bytes that a `Range` header asks for; none when it lies outside of the file, undefined when it is not one range. */
function readRange(range: string, size: number): { readonly begin: number; readonly end: number } | undefined {
  const match = /^bytes=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(range);
  if (!match) return undefined;
  const [, first = '', last = ''] = match;
  if (first === '') {
    if (last === '') return undefined;
    return { begin: Math.max(0, size - Number(last)), end: last === '0' ? 0 : size };
  }
  const begin = Number(first);
  if (last === '') return { begin, end: Math.min(size, begin + MEDIA_ANSWER_BYTES) };
  if (Number(last) < begin) return undefined;
  return { begin, end: Math.min(size, Number(last) + 1) };
}
