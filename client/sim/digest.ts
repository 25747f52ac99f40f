/** A running 64-bit fingerprint of a trace: two independent 32-bit FNV-1a hashes. Not cryptographic. */
export class Digest {
  #a = 0x811c9dc5;
  #b = 0x9747b28c;

  add(value: number): void {
    const word = value | 0;
    this.#a = Math.imul(this.#a ^ word, 0x01000193);
    this.#b = Math.imul(this.#b ^ (word + 0x5bd1e995), 0x85ebca6b);
    this.#b ^= this.#b >>> 13;
  }

  /** The fingerprint of a run whose shards have these. */
  static of(shards: readonly string[]): string {
    const [only = '', ...others] = shards;
    if (others.length === 0) return only;
    const digest = new Digest();
    for (const hex of shards)
      for (let i = 0; i < hex.length; i += 8) digest.add(Number.parseInt(hex.slice(i, i + 8), 16));
    return digest.hex;
  }

  get hex(): string {
    return [this.#a, this.#b].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }
}
