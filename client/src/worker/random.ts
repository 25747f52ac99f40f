import type { Rng } from '../../../shared/src/machine.ts';

/** Words drawn from the browser at once. */
const POOL_WORDS = 256;

/** Cryptographic randomness for machines. */
export class CryptoRng implements Rng {
  readonly #pool = new Uint32Array(POOL_WORDS);
  #left = 0;

  nextUint32(): number {
    if (this.#left === 0) {
      crypto.getRandomValues(this.#pool);
      this.#left = POOL_WORDS;
    }
    this.#left--;
    return this.#pool[this.#left] as number;
  }
}
