import { utf8Length } from '../../../shared/src/bytes.ts';
import { type BencodeInput } from './bencode.ts';

/** How large a document is. */
export interface BencodeSize {
  /** Length of its encoding. */
  readonly bytes: number;
  /** What `MAX_BENCODE_VALUES` counts: dictionary keys are none. */
  readonly values: number;
}

/** The size that `input` will have, without encoding it. What is bencoded already counts as one value. */
export function measureBencode(input: BencodeInput): BencodeSize {
  if (typeof input === 'number') return { bytes: 2 + String(input).length, values: 1 };
  if (typeof input === 'string') return { bytes: stringBytes(utf8Length(input)), values: 1 };
  if (input instanceof Uint8Array) return { bytes: stringBytes(input.length), values: 1 };
  if ('raw' in input) return { bytes: input.raw.length, values: 1 };
  let [bytes, values] = [2, 1];
  const add = (value: BencodeInput): void => {
    const size = measureBencode(value);
    bytes += size.bytes;
    values += size.values;
  };
  if (input instanceof Map) {
    for (const [key, value] of input as ReadonlyMap<string, BencodeInput>) {
      bytes += stringBytes(key.length);
      add(value);
    }
  } else for (const item of input as readonly BencodeInput[]) add(item);
  return { bytes, values };
}

/** Of a string with its length in front. */
function stringBytes(length: number): number {
  return String(length).length + 1 + length;
}
