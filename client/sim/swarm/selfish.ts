import { HANDSHAKE_BYTES, MESSAGE } from '../../src/swarm/wire.ts';

/** Messages by which a peer offers something. */
const OFFERS: ReadonlySet<number> = new Set([MESSAGE.unchoke, MESSAGE.allowedFast, MESSAGE.suggest]);

/** Takes the offers out of what a machine sends, so that its peer takes and never gives. */
export class SelfishFilter {
  #held = new Uint8Array(0);
  #isGreeted = false;

  /** What of `bytes` may go on. Messages that are not whole yet are held back. */
  pass(bytes: Uint8Array): Uint8Array {
    const all = joined([this.#held, bytes]);
    const kept: Uint8Array[] = [];
    let at = 0;
    for (let length = this.#lengthAt(all, at); at + length <= all.length; length = this.#lengthAt(all, at)) {
      const isOffer = this.#isGreeted && length > 4 && OFFERS.has(all[at + 4] as number);
      if (!isOffer) kept.push(all.subarray(at, at + length));
      this.#isGreeted = true;
      at += length;
    }
    this.#held = all.slice(at);
    return joined(kept);
  }

  /** Length of the message at `at`; more than there is when that cannot be told. */
  #lengthAt(bytes: Uint8Array, at: number): number {
    if (!this.#isGreeted) return HANDSHAKE_BYTES;
    if (at + 4 > bytes.length) return bytes.length + 1;
    return 4 + new DataView(bytes.buffer, bytes.byteOffset + at).getUint32(0);
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
