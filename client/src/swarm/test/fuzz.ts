import { utf8Encode } from '../../../../shared/src/bytes.ts';
import { type Rng, randomBelow, randomBytes } from '../../../../shared/src/machine.ts';

/** A hostile input near a good one: bytes flipped, cut, doubled, spliced with another, or plain noise. */
export function mutate(rng: Rng, samples: readonly Uint8Array[]): Uint8Array {
  const sample = samples[randomBelow(rng, samples.length)] as Uint8Array;
  const kind = randomBelow(rng, 8);
  if (kind === 0) return randomBytes(rng, randomBelow(rng, 80));
  if (kind === 1) return sample.slice(0, randomBelow(rng, sample.length + 1));
  const other = samples[randomBelow(rng, samples.length)] as Uint8Array;
  const joined = new Uint8Array(kind === 2 ? sample.length + other.length : sample.length);
  joined.set(sample);
  if (kind === 2) joined.set(other, sample.length);
  for (let flips = randomBelow(rng, 5); flips > 0 && joined.length > 0; flips--) {
    joined[randomBelow(rng, joined.length)] =
      INTERESTING[randomBelow(rng, INTERESTING.length)] ?? randomBelow(rng, 256);
  }
  if (kind !== 3) return joined;
  const at = randomBelow(rng, joined.length + 1);
  const hole = randomBelow(rng, 4);
  const shorter = new Uint8Array(Math.max(0, joined.length - hole));
  shorter.set(joined.subarray(0, Math.min(at, shorter.length)));
  if (at + hole < joined.length) shorter.set(joined.subarray(at + hole), at);
  return shorter;
}

/** Bytes that mean something in bencode or as a length, and room for random ones. */
const INTERESTING: readonly (number | undefined)[] = [
  ...utf8Encode('0123456789:-eidl/.\\'),
  0,
  1,
  127,
  128,
  255,
  ...Array.from({ length: 12 }, () => undefined),
];
