import { type Bencode, type BencodeDictionary, decodeBencode, keyOf } from './bencode.ts';

const DIGIT_0 = 0x30;
const COLON = 0x3a;
const LETTER_D = 0x64;
const LETTER_E = 0x65;
const LETTER_I = 0x69;
const LETTER_L = 0x6c;

/** Most digits of a string's length. More than a torrent file can hold. */
const MAX_LENGTH_DIGITS = 9;

/**
 * The encoded values of some entries of a bencoded dictionary that is all of `bytes`; undefined when that is none. What
 * is in the other values is passed over unread: of a torrent file with a long list of files, a hundredth of the work of
 * decoding it. Total; aliases `bytes`. Takes documents that a decoder refuses.
 */
export function pickEntries(bytes: Uint8Array, wanted: readonly string[]): ReadonlyMap<string, Uint8Array> | undefined {
  if (bytes[0] !== LETTER_D) return undefined;
  const longest = Math.max(...wanted.map((key) => key.length));
  /** BOUNDED: by what is wanted. */
  const picked = new Map<string, Uint8Array>();
  let at = 1;
  while (bytes[at] !== LETTER_E) {
    const key = stringAt(bytes, at);
    const end = key && endOf(bytes, key.end);
    if (!key || end === undefined) return undefined;
    const name = key.end - key.start > longest ? '' : keyOf(bytes.subarray(key.start, key.end));
    if (wanted.includes(name)) picked.set(name, bytes.subarray(key.end, end));
    at = end;
  }
  return at === bytes.length - 1 ? picked : undefined;
}

/** Some entries of a bencoded dictionary, decoded, as a dictionary of its own; undefined when any is malformed. */
export function decodeEntries(bytes: Uint8Array, wanted: readonly string[]): BencodeDictionary | undefined {
  const picked = pickEntries(bytes, wanted);
  if (!picked) return undefined;
  const entries = new Map<string, Bencode>();
  for (const [key, value] of picked) {
    const decoded = decodeBencode(value);
    if (!decoded.ok) return undefined;
    entries.set(key, decoded.value);
  }
  return { kind: 'dictionary', entries, start: 0, end: bytes.length };
}

/** Where the value that begins at `begin` ends; undefined when it does not. */
function endOf(bytes: Uint8Array, begin: number): number | undefined {
  let at = begin;
  let depth = 0;
  do {
    const lead = bytes[at];
    if (lead === LETTER_L || lead === LETTER_D) {
      depth++;
      at++;
    } else if (lead === LETTER_E && depth > 0) {
      depth--;
      at++;
    } else {
      const end = lead === LETTER_I ? bytes.indexOf(LETTER_E, at) + 1 : (stringAt(bytes, at)?.end ?? 0);
      if (end === 0) return undefined;
      at = end;
    }
  } while (depth > 0);
  return at;
}

/** Where the bytes of the string at `at` are; undefined when there is none. */
function stringAt(bytes: Uint8Array, at: number): { readonly start: number; readonly end: number } | undefined {
  let length = 0;
  for (let next = at; next <= at + MAX_LENGTH_DIGITS; next++) {
    const byte = bytes[next] ?? 0;
    if (byte === COLON && next > at) {
      const start = next + 1;
      return length <= bytes.length - start ? { start, end: start + length } : undefined;
    }
    if (byte < DIGIT_0 || byte > DIGIT_0 + 9) return undefined;
    length = 10 * length + byte - DIGIT_0;
  }
  return undefined;
}
