import { getRandomValues } from 'node:crypto';
import type { Rng } from '../../shared/src/machine.ts';

/** Words drawn from the system at once: one call a word would be most of the cost. */
const POOL_WORDS = 256;

/** Cryptographic randomness in the form that machines take. */
export function systemRng(): Rng {
  const pool = new Uint32Array(POOL_WORDS);
  let next = POOL_WORDS;
  return {
    nextUint32() {
      if (next >= POOL_WORDS) {
        getRandomValues(pool);
        next = 0;
      }
      return pool[next++] ?? 0;
    },
  };
}
