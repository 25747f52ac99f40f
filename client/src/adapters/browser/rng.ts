import type { Rng } from '../../../../shared/src/machine.ts';

/** Words fetched at once. [32-bit words] One call for 1 kB costs about as much as one for 4 bytes. */
const POOL_WORDS = 256;

const pool = new Uint32Array(POOL_WORDS);
let at = POOL_WORDS;

/** Cryptographic randomness for the machines. A word leaves the pool when it is given out. */
export const browserRng: Rng = {
  nextUint32() {
    if (at === POOL_WORDS) {
      globalThis.crypto.getRandomValues(pool);
      at = 0;
    }
    const word = pool[at] as number;
    pool[at++] = 0;
    return word;
  },
};
