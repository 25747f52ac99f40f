/** Digits of an id or key. */
const ID_DIGITS = 40;

/** The XOR distance of two ids. [40 hex digits] A digit that is not hex counts as 0. */
export function xorDistance(a: string, b: string): string {
  let distance = '';
  for (let i = 0; i < ID_DIGITS; i++) distance += (digit(a, i) ^ digit(b, i)).toString(16);
  return distance;
}

/** How many bits two ids have in common at their start. [bits, 0..160] */
export function sharedBits(a: string, b: string): number {
  const distance = xorDistance(a, b);
  const zeros = distance.search(/[^0]/);
  return zeros < 0 ? 4 * ID_DIGITS : 4 * zeros + Math.clz32(digit(distance, zeros)) - 28;
}

/** Bits of a prefix that are written out; longer ones show their end. */
const SHOWN_BITS = 7;

/** The prefix that all ids in bucket `index` of `self` begin with, in bits: what they share with it, and the bit that differs. */
export function bucketPrefix(self: string, index: number): { readonly shared: string; readonly differs: string } {
  let shared = '';
  for (let bit = Math.max(0, index - SHOWN_BITS); bit < index; bit++) shared += bitOf(self, bit);
  return { shared: index > SHOWN_BITS ? `…${shared}` : shared, differs: String(1 - bitOf(self, index)) };
}

function bitOf(id: string, index: number): number {
  return (digit(id, index >> 2) >> (3 - (index & 3))) & 1;
}

function digit(id: string, index: number): number {
  const value = Number.parseInt(id.charAt(index), 16);
  return Number.isNaN(value) ? 0 : value;
}
