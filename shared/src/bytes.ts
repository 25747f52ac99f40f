/** Bytes on the wire: big-endian, read by a `Reader` that never throws and written by a `Writer` that grows. */

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += HEX[bytes[i] as number];
  return text;
}

/** The bytes that `text` names in hex digits of either case, or undefined when it is not whole bytes of hex. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    const high = hexDigit(text.charCodeAt(2 * i));
    const low = hexDigit(text.charCodeAt(2 * i + 1));
    if (high < 0 || low < 0) return undefined;
    bytes[i] = (high << 4) | low;
  }
  return bytes;
}

/** The value 0..15 of an ASCII hex digit given as a character code, or -1. */
export function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD. Written here because machines see no TextEncoder. */
export function utf8Encode(text: string): Uint8Array {
  const bytes = new Uint8Array(utf8Length(text));
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.codePointAt(i) as number;
    if (code < 0x80) {
      bytes[at++] = code;
      continue;
    }
    if (code > 0xffff) i++;
    else if (isSurrogate(code)) code = 0xfffd;
    const extra = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    // As many ones as there are bytes; the array drops what is above.
    bytes[at++] = (0xff << (7 - extra)) | (code >> (6 * extra));
    for (let shift = 6 * (extra - 1); shift >= 0; shift -= 6) bytes[at++] = 0x80 | ((code >> shift) & 63);
  }
  return bytes;
}

/** How many bytes `utf8Encode` makes of `text`. */
export function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i) as number;
    if (code < 0x80) continue;
    if (code > 0xffff) i++;
    // A pair of surrogates is two units and four bytes.
    length += code < 0x800 ? 1 : 2;
  }
  return length;
}

/**
 * The text whose characters are these bytes, U+0000 to U+00FF. In parts: one made character by character is a tree of
 * strings in memory, thirty times as large.
 */
export function binaryText(bytes: Uint8Array): string {
  if (bytes.length <= TEXT_PART) return Reflect.apply(String.fromCharCode, undefined, bytes);
  let text = '';
  for (let at = 0; at < bytes.length; at += TEXT_PART) text += binaryText(bytes.subarray(at, at + TEXT_PART));
  return text;
}

/** Characters made at once. Engines take that many arguments. */
const TEXT_PART = 1024;

function isSurrogate(code: number): boolean {
  return code >= 0xd800 && code <= 0xdfff;
}

/** The text of well-formed UTF-8, or undefined: overlong forms, surrogates and truncation are refused (RFC 3629 §3). */
export function utf8Decode(bytes: Uint8Array): string | undefined {
  let ascii = 0;
  while (ascii < bytes.length && (bytes[ascii] as number) < 0x80) ascii++;
  if (ascii === bytes.length) return binaryText(bytes);
  let text = binaryText(bytes.subarray(0, ascii));
  for (let i = ascii; i < bytes.length;) {
    const lead = bytes[i] as number;
    const extra = lead < 0x80 ? 0 : lead >> 5 === 6 ? 1 : lead >> 4 === 14 ? 2 : lead >> 3 === 30 ? 3 : -1;
    if (extra < 0 || i + extra >= bytes.length) return undefined;
    let code = extra === 0 ? lead : lead & (0x3f >> extra);
    for (let j = 1; j <= extra; j++) {
      const next = bytes[i + j] as number;
      if (next >> 6 !== 2) return undefined;
      code = (code << 6) | (next & 63);
    }
    const least = [0, 0x80, 0x800, 0x10000][extra] as number;
    if (code < least || code > 0x10ffff || isSurrogate(code)) return undefined;
    text += String.fromCodePoint(code);
    i += extra + 1;
  }
  return text;
}

/**
 * Reads fields off a byte array. It never throws: after the first read past the end `ok` is false for good and every
 * read gives a zero value, so a decoder reads all fields and then asks `atEnd()` once. Sub-arrays alias the input.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #ok = true;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** False once any read went past the end. */
  get ok(): boolean {
    return this.#ok;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Offset of the next unread byte, for error reports. */
  get offset(): number {
    return this.#at;
  }

  /** True when every read was in bounds and nothing is left over. */
  atEnd(): boolean {
    return this.#ok && this.#at === this.#bytes.length;
  }

  u8(): number {
    return this.#integer(1);
  }

  u16(): number {
    return this.#integer(2);
  }

  u32(): number {
    return this.#integer(4);
  }

  /** An unsigned 48-bit integer: the widest that is exact in a double and still has room to add. */
  u48(): number {
    return this.#integer(6);
  }

  bytes(length: number): Uint8Array {
    return this.#take(length) ? this.#bytes.subarray(this.#at - length, this.#at) : new Uint8Array(0);
  }

  hex(length: number): string {
    return toHex(this.bytes(length));
  }

  /** Bytes behind an 8-bit length. */
  bytes8(): Uint8Array {
    return this.bytes(this.u8());
  }

  /** Bytes behind a 16-bit length. */
  bytes16(): Uint8Array {
    return this.bytes(this.u16());
  }

  /** Well-formed UTF-8 behind an 8-bit length; malformed text makes the whole read fail. */
  text8(): string {
    const text = utf8Decode(this.bytes8());
    if (text === undefined) this.#ok = false;
    return text ?? '';
  }

  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  #integer(length: number): number {
    if (!this.#take(length)) return 0;
    let value = 0;
    for (let i = this.#at - length; i < this.#at; i++) value = value * 0x100 + (this.#bytes[i] as number);
    return value;
  }

  #take(length: number): boolean {
    if (!this.#ok || length > this.remaining) {
      this.#ok = false;
      return false;
    }
    this.#at += length;
    return true;
  }
}

/** Builds a byte array field by field. Values are the caller's own and trusted to fit; they are masked, not checked. */
export class Writer {
  #bytes: Uint8Array;
  #at = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(Math.max(16, capacity));
  }

  u8(value: number): this {
    this.#reserve(1);
    this.#bytes[this.#at++] = value & 0xff;
    return this;
  }

  u16(value: number): this {
    return this.u8(value >>> 8).u8(value);
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value);
  }

  u48(value: number): this {
    return this.u16(Math.floor(value / 0x1_0000_0000)).u32(value % 0x1_0000_0000);
  }

  bytes(value: Uint8Array): this {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
    return this;
  }

  /** The bytes that a hex string of even length names. Only for our own, already checked, ids. */
  hex(value: string): this {
    this.#reserve(value.length >> 1);
    for (let i = 0; i + 1 < value.length; i += 2) {
      this.#bytes[this.#at++] = (hexDigit(value.charCodeAt(i)) << 4) | hexDigit(value.charCodeAt(i + 1));
    }
    return this;
  }

  bytes8(value: Uint8Array): this {
    return this.u8(value.length).bytes(value);
  }

  bytes16(value: Uint8Array): this {
    return this.u16(value.length).bytes(value);
  }

  text8(value: string): this {
    return this.bytes8(utf8Encode(value));
  }

  /** The bytes written so far, in an array of their own. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#at);
  }

  #reserve(extra: number): void {
    if (this.#at + extra <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(2 * this.#bytes.length, this.#at + extra));
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}
