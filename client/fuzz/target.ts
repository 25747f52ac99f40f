import type { Rng } from '../../shared/src/machine.ts';
import { mutate } from '../src/swarm/test/fuzz.ts';

/** Something that takes what others send, and what it promises of it. */
export interface FuzzTarget {
  readonly name: string;
  /** Its part of all inputs, beside those of other targets. */
  readonly weight: number;
  /** Inputs of one round. A round is repeatable by its seed alone. */
  readonly roundInputs: number;
  /** Inputs of a round that get through on average, at least: others test the door only. */
  readonly leastAccepted: number;
  /** Feeds a round. Returns how many inputs got through. Throws when one breaks a promise. */
  round(rng: Rng): number;
}

/** A decoder fed with what is near to `samples`. `decode` tells whether it took the bytes, and throws if it must not. */
export function decoderTarget(
  name: string,
  weight: number,
  samples: readonly Uint8Array[],
  decode: (bytes: Uint8Array, rng: Rng) => boolean,
): FuzzTarget {
  const roundInputs = 200;
  return {
    name,
    weight,
    roundInputs,
    leastAccepted: 2,
    round(rng) {
      let accepted = 0;
      for (let i = 0; i < roundInputs; i++) if (decode(mutate(rng, samples), rng)) accepted++;
      return accepted;
    },
  };
}
