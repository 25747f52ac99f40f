import { HANDSHAKE_BYTES, HASH_RANGE_BYTES, MESSAGE } from '../../src/swarm/wire.ts';

/** What goes on in the place of a message: another one, or nothing. */
export type Rewrite = (message: Uint8Array) => Uint8Array | undefined;

/** Messages by which a peer offers something. */
const OFFERS: ReadonlySet<number> = new Set([MESSAGE.unchoke, MESSAGE.allowedFast, MESSAGE.suggest]);

/** Length and id of a message, in front of what it says. [bytes] */
const HEAD_BYTES = 5;

/** Takes and never gives: it unchokes nobody. */
export const selfish: Rewrite = (message) => (OFFERS.has(message[4] as number) ? undefined : message);

/** Answers no request for hashes. */
export const silentOnHashes: Rewrite = (message) => (message[4] === MESSAGE.hashes ? undefined : message);

/** Refuses every hash. */
export const refusingHashes: Rewrite = (message) => {
  if (message[4] !== MESSAGE.hashes) return message;
  const refusal = message.slice(0, HEAD_BYTES + HASH_RANGE_BYTES);
  refusal.set([0, 0, 0, refusal.length - 4, MESSAGE.hashReject]);
  return refusal;
};

/** Rewrites what a machine sends, other than blocks, so that its peer is one that does not play fair. */
export class WireFilter {
  readonly #rewrite: Rewrite;
  #held = new Uint8Array(0);
  #isGreeted = false;

  constructor(rewrite: Rewrite) {
    this.#rewrite = rewrite;
  }

  /** What goes on in the place of `bytes`. Messages that are not whole yet are held back. */
  pass(bytes: Uint8Array): Uint8Array {
    const all = joined([this.#held, bytes]);
    const kept: Uint8Array[] = [];
    let at = 0;
    for (let length = this.#lengthAt(all, at); at + length <= all.length; length = this.#lengthAt(all, at)) {
      const message = all.subarray(at, at + length);
      const sent = this.#isGreeted && length >= HEAD_BYTES ? this.#rewrite(message) : message;
      if (sent) kept.push(sent);
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
