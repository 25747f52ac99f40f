import { Writer, binaryText, utf8Encode, utf8Length } from '../../../shared/src/bytes.ts';
import { MAX_BENCODE_DEPTH, MAX_BENCODE_VALUES } from '../../../shared/src/limits/metainfo.ts';
import { type Result, err, ok } from '../../../shared/src/result.ts';

/** A decoded value (BEP 3). `start` and `end` are its byte range in the document, so that it can be hashed as it came. */
export type Bencode = BencodeInteger | BencodeBytes | BencodeList | BencodeDictionary;

interface Ranged {
  readonly start: number;
  readonly end: number;
}

export interface BencodeInteger extends Ranged {
  readonly kind: 'integer';
  /** A safe integer: larger ones are refused. */
  readonly value: number;
}

export interface BencodeBytes extends Ranged {
  readonly kind: 'bytes';
  /** Aliases the document. */
  readonly value: Uint8Array;
}

export interface BencodeList extends Ranged {
  readonly kind: 'list';
  readonly items: readonly Bencode[];
}

export interface BencodeDictionary extends Ranged {
  readonly kind: 'dictionary';
  /** Keys are the key's bytes as characters U+0000 to U+00FF, so no byte is lost. BOUNDED: by `maxValues`. */
  readonly entries: ReadonlyMap<string, Bencode>;
}

/** Why a document was refused. */
export type BencodeErrorCode =
  /** The document ends within a value. */
  | 'truncated'
  /** A byte that cannot stand there. */
  | 'syntax'
  /** An integer or a length in a form other than the one form BEP 3 allows: leading zeros, `-0`, empty. */
  | 'not-canonical'
  /** An integer beyond 2^53. */
  | 'integer-range'
  /** A dictionary key that is out of order or there twice. */
  | 'key-order'
  | 'too-deep'
  | 'too-many-values'
  /** Bytes behind the end of the document. */
  | 'trailing';

export interface BencodeError {
  readonly code: BencodeErrorCode;
  readonly offset: number;
}

/** Decodes a document that is one value and nothing else. Total: never throws. Strings alias `bytes`. */
export function decodeBencode(bytes: Uint8Array, maxValues = MAX_BENCODE_VALUES): Result<Bencode, BencodeError> {
  const prefix = decodeBencodePrefix(bytes, maxValues);
  if (prefix.ok && prefix.value.end !== bytes.length) return err({ code: 'trailing', offset: prefix.value.end });
  return prefix;
}

/** Decodes the value that `bytes` begin with; what follows it, from `end` on, is the caller's (BEP 9 data messages). */
export function decodeBencodePrefix(bytes: Uint8Array, maxValues = MAX_BENCODE_VALUES): Result<Bencode, BencodeError> {
  const parser = new Parser(bytes, maxValues);
  const value = parser.value(0);
  if (!value) return err({ code: parser.code ?? 'syntax', offset: parser.at });
  return ok(value);
}

/**
 * What can be encoded. Strings become UTF-8, dictionaries are Maps whose keys are bytes as characters U+0000 to
 * U+00FF, and `raw` stands for bytes that are bencoded already.
 */
export type BencodeInput =
  | number
  | string
  | Uint8Array
  | readonly BencodeInput[]
  | ReadonlyMap<string, BencodeInput>
  | { readonly raw: Uint8Array };

/** Encodes our own value. Numbers must be safe integers. Dictionary keys are put in order. */
export function encodeBencode(input: BencodeInput): Uint8Array {
  const writer = new Writer(256);
  write(writer, input);
  return writer.done();
}

/** The same value as input for the encoder: `encodeBencode(toInput(decoded))` gives the document back. */
export function toInput(value: Bencode): BencodeInput {
  switch (value.kind) {
    case 'integer':
    case 'bytes':
      return value.value;
    case 'list':
      return value.items.map(toInput);
    case 'dictionary':
      return new Map([...value.entries].map(([key, entry]) => [key, toInput(entry)]));
  }
}

/** The entry as bytes, or undefined when it is missing or of another kind. */
export function bytesOf(dictionary: BencodeDictionary, key: string): Uint8Array | undefined {
  const entry = dictionary.entries.get(key);
  return entry?.kind === 'bytes' ? entry.value : undefined;
}

/** The entry as an integer, or undefined when it is missing or of another kind. */
export function integerOf(dictionary: BencodeDictionary, key: string): number | undefined {
  const entry = dictionary.entries.get(key);
  return entry?.kind === 'integer' ? entry.value : undefined;
}

/** The entry as a list, or undefined when it is missing or of another kind. */
export function listOf(dictionary: BencodeDictionary, key: string): readonly Bencode[] | undefined {
  const entry = dictionary.entries.get(key);
  return entry?.kind === 'list' ? entry.items : undefined;
}

/** The entry as a dictionary, or undefined when it is missing or of another kind. */
export function dictionaryOf(dictionary: BencodeDictionary, key: string): BencodeDictionary | undefined {
  const entry = dictionary.entries.get(key);
  return entry?.kind === 'dictionary' ? entry : undefined;
}

const DIGIT_0 = 0x30;
const COLON = 0x3a;
const MINUS = 0x2d;
const LETTER_D = 0x64;
const LETTER_E = 0x65;
const LETTER_I = 0x69;
const LETTER_L = 0x6c;

/** Recursive descent; the depth is bounded, so the stack is. A failed read returns undefined and leaves `code`. */
class Parser {
  at = 0;
  code: BencodeErrorCode | undefined;
  readonly #bytes: Uint8Array;
  #valuesLeft: number;

  constructor(bytes: Uint8Array, maxValues: number) {
    this.#bytes = bytes;
    this.#valuesLeft = maxValues;
  }

  value(depth: number): Bencode | undefined {
    if (--this.#valuesLeft < 0) return this.#fail('too-many-values');
    const start = this.at;
    const lead = this.#bytes[start];
    if (lead === undefined) return this.#fail('truncated');
    if (isDigit(lead)) return this.#string();
    if (lead === LETTER_I) return this.#integer();
    if (lead !== LETTER_L && lead !== LETTER_D) return this.#fail('syntax');
    if (depth >= MAX_BENCODE_DEPTH) return this.#fail('too-deep');
    this.at++;
    return lead === LETTER_L ? this.#list(start, depth) : this.#dictionary(start, depth);
  }

  #list(start: number, depth: number): Bencode | undefined {
    const items: Bencode[] = [];
    while (this.#bytes[this.at] !== LETTER_E) {
      const item = this.value(depth + 1);
      if (!item) return undefined;
      items.push(item);
    }
    this.at++;
    return { kind: 'list', items, start, end: this.at };
  }

  #dictionary(start: number, depth: number): Bencode | undefined {
    const entries = new Map<string, Bencode>();
    let previous: string | undefined;
    while (this.#bytes[this.at] !== LETTER_E) {
      const keyStart = this.at;
      const end = this.#stringEnd();
      if (end === undefined) return undefined;
      const key = keyOf(this.#bytes.subarray(this.at, end));
      this.at = end;
      if (previous !== undefined && key <= previous) {
        this.at = keyStart;
        return this.#fail('key-order');
      }
      previous = key;
      const entry = this.value(depth + 1);
      if (!entry) return undefined;
      entries.set(key, entry);
    }
    this.at++;
    return { kind: 'dictionary', entries, start, end: this.at };
  }

  #string(): BencodeBytes | undefined {
    const start = this.at;
    const end = this.#stringEnd();
    if (end === undefined) return undefined;
    const value = this.#bytes.subarray(this.at, end);
    this.at = end;
    return { kind: 'bytes', value, start, end };
  }

  /** Goes to the first byte of the string that is here, and says where that ends. */
  #stringEnd(): number | undefined {
    const lead = this.#bytes[this.at];
    if (lead === undefined) return this.#fail('truncated');
    if (!isDigit(lead)) return this.#fail('syntax');
    const length = this.#digits(COLON);
    if (length === undefined) return undefined;
    return length > this.#bytes.length - this.at ? this.#fail('truncated') : this.at + length;
  }

  #integer(): BencodeInteger | undefined {
    const start = this.at++;
    const isNegative = this.#bytes[this.at] === MINUS;
    if (isNegative) this.at++;
    const magnitude = this.#digits(LETTER_E);
    if (magnitude === undefined) return undefined;
    if (isNegative && magnitude === 0) return this.#fail('not-canonical');
    return { kind: 'integer', value: isNegative ? -magnitude : magnitude, start, end: this.at };
  }

  /** Decimal digits without leading zeros up to and over `end`. */
  #digits(end: number): number | undefined {
    const start = this.at;
    let value = 0;
    for (;;) {
      const byte = this.#bytes[this.at];
      if (byte === undefined) return this.#fail('truncated');
      if (byte === end) break;
      if (!isDigit(byte)) return this.#fail('syntax');
      value = value * 10 + (byte - DIGIT_0);
      if (value > Number.MAX_SAFE_INTEGER) return this.#fail('integer-range');
      this.at++;
    }
    const digits = this.at - start;
    if (digits === 0 || (digits > 1 && this.#bytes[start] === DIGIT_0)) return this.#fail('not-canonical');
    this.at++;
    return value;
  }

  #fail(code: BencodeErrorCode): undefined {
    this.code ??= code;
    return undefined;
  }
}

function write(writer: Writer, input: BencodeInput): void {
  if (typeof input === 'number')
    writer
      .u8(LETTER_I)
      .bytes(utf8Encode(String(input)))
      .u8(LETTER_E);
  else if (typeof input === 'string') writeBytes(writer, utf8Encode(input));
  else if (input instanceof Uint8Array) writeBytes(writer, input);
  else if (input instanceof Map) writeDictionary(writer, input as ReadonlyMap<string, BencodeInput>);
  else if ('raw' in input) writer.bytes(input.raw);
  else {
    writer.u8(LETTER_L);
    for (const item of input as readonly BencodeInput[]) write(writer, item);
    writer.u8(LETTER_E);
  }
}

function writeDictionary(writer: Writer, dictionary: ReadonlyMap<string, BencodeInput>): void {
  writer.u8(LETTER_D);
  for (const key of [...dictionary.keys()].sort(compareKeys)) {
    writeBytes(writer, keyBytes(key));
    write(writer, dictionary.get(key) as BencodeInput);
  }
  writer.u8(LETTER_E);
}

function writeBytes(writer: Writer, bytes: Uint8Array): void {
  writer
    .bytes(utf8Encode(String(bytes.length)))
    .u8(COLON)
    .bytes(bytes);
}

function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function isDigit(byte: number): boolean {
  return byte >= DIGIT_0 && byte <= DIGIT_0 + 9;
}

/** The dictionary key that stands for `bytes`. */
export function keyOf(bytes: Uint8Array): string {
  return binaryText(bytes);
}

/** The dictionary key that stands for `text` in UTF-8: text of ASCII alone is its own key. */
export function textKey(text: string): string {
  return utf8Length(text) === text.length ? text : keyOf(utf8Encode(text));
}

/** The bytes that a dictionary key stands for. */
export function keyBytes(key: string): Uint8Array {
  const bytes = new Uint8Array(key.length);
  for (let i = 0; i < key.length; i++) bytes[i] = key.charCodeAt(i);
  return bytes;
}
