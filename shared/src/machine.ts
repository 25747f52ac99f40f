/** Monotonic time in milliseconds, from an arbitrary origin chosen by the driver. Never wall-clock time. */
export type Millis = number;

/** When a machine next wants to be called with `{ kind: 'deadline' }`, and what for (for logs and simulator traces). */
export interface Deadline {
  readonly at: Millis;
  readonly why: string;
}

/**
 * A protocol state machine. It has no I/O, clock, randomness or promises of its own, and never throws on any input.
 * `handle` appends effects to `out` and runs to completion; the driver then carries the effects out and calls again
 * no later than `nextDeadline().at`. The same inputs at the same times give the same outputs, so the code that runs
 * in a tab also runs in a simulation.
 */
export interface Machine<Input, Output> {
  handle(input: Input, now: Millis, out: Output[]): void;
  nextDeadline(): Deadline | undefined;
}

/** A source of randomness that a machine is given. Seeded in tests and simulations, cryptographic in production. */
export interface Rng {
  /** A uniform integer in [0, 2^32). */
  nextUint32(): number;
}

/** A uniform integer in [0, bound). `bound` is at least 1 and at most 2^32. */
export function randomBelow(rng: Rng, bound: number): number {
  return Math.floor((rng.nextUint32() / 0x1_0000_0000) * bound);
}

/** A uniform number in [0, 1) with 32 bits of it random. */
export function randomUnit(rng: Rng): number {
  return rng.nextUint32() / 0x1_0000_0000;
}

/** Shuffles `items` in place (Fisher-Yates) and returns it. */
export function shuffle<T>(rng: Rng, items: T[]): T[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = randomBelow(rng, i + 1);
    const held = items[i] as T;
    items[i] = items[j] as T;
    items[j] = held;
  }
  return items;
}

/** `length` random bytes. */
export function randomBytes(rng: Rng, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 4) {
    const word = rng.nextUint32();
    for (let j = 0; j < 4 && i + j < length; j++) bytes[i + j] = (word >>> (8 * j)) & 0xff;
  }
  return bytes;
}

/** A repeatable generator for tests and simulations: sfc32 (Chris Doty-Humphrey, PractRand), seeded from one integer. */
export function seededRng(seed: number): Rng {
  let a = 0x9e3779b9 ^ seed;
  let b = 0x243f6a88 + seed;
  let c = 0xb7e15162;
  let counter = 1;
  const nextUint32 = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 15; i++) nextUint32();
  return { nextUint32 };
}
