import { hexDigit } from './bytes.ts';
import type { Contact, NodeId } from './ids.ts';

/** Number of bits in an id. Also the number of buckets a full table could have. */
export const ID_BITS = 160;

/**
 * Compares the XOR distances of `a` and `b` to `target`: negative when `a` is closer, 0 when the ids are equal.
 * The first digit in which `a` and `b` differ decides, so almost every call reads only a few characters.
 */
export function compareDistance(target: NodeId, a: NodeId, b: NodeId): number {
  for (let i = 0; i < 40; i++) {
    const digitA = a.charCodeAt(i);
    const digitB = b.charCodeAt(i);
    if (digitA === digitB) continue;
    const wanted = hexDigit(target.charCodeAt(i));
    return (hexDigit(digitA) ^ wanted) - (hexDigit(digitB) ^ wanted);
  }
  return 0;
}

/** As `compareDistance` for two contacts; `prefix` is that of `target`. */
export function compareContacts(target: NodeId, prefix: number, a: Contact, b: Contact): number {
  const distanceA = (a.prefix ^ prefix) >>> 0;
  const distanceB = (b.prefix ^ prefix) >>> 0;
  return distanceA === distanceB ? compareDistance(target, a.id, b.id) : distanceA - distanceB;
}

/** True when `a` is strictly closer to `target` than `b` is. */
export function isCloser(target: NodeId, a: NodeId, b: NodeId): boolean {
  return compareDistance(target, a, b) < 0;
}

/** Length of the common prefix of two ids: the index of the bucket of `b` in the table of `a`. [bits, 0..160] */
export function commonPrefixBits(a: NodeId, b: NodeId): number {
  for (let i = 0; i < 40; i++) {
    const difference = hexDigit(a.charCodeAt(i)) ^ hexDigit(b.charCodeAt(i));
    if (difference !== 0) return 4 * i + Math.clz32(difference) - 28;
  }
  return ID_BITS;
}

/** True when bit `index` of the ids differs, the first bit being 0. */
export function differsAt(a: NodeId, b: NodeId, index: number): boolean {
  const digit = index >> 2;
  return (((hexDigit(a.charCodeAt(digit)) ^ hexDigit(b.charCodeAt(digit))) >> (3 - (index & 3))) & 1) === 1;
}

/** The XOR of two ids as a fraction of the id space, in [0, 1). Exact to 52 bits: enough to estimate density. */
export function distanceFraction(a: NodeId, b: NodeId): number {
  let fraction = 0;
  let weight = 1 / 16;
  for (let i = 0; i < 13; i++) {
    fraction += (hexDigit(a.charCodeAt(i)) ^ hexDigit(b.charCodeAt(i))) * weight;
    weight /= 16;
  }
  return fraction;
}
