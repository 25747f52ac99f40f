import type { NodeId } from '../../shared/src/ids.ts';
import { isCloser } from '../../shared/src/xor.ts';
import type { Instant } from './journal.ts';

/**
 * How long the others may take to learn of a newcomer or of a death. [ms] The project's own promise: a tab that was
 * killed is gone from every table within 15 s. In the simulator a newcomer counts as settled after the same time.
 */
export const GRACE_MS = 15_000;

/** `unknown`: nobody here had that id. `leaving`: it ended lately, or is about to. */
export type Standing = 'unknown' | 'newcomer' | 'settled' | 'leaving' | 'gone';

interface Life {
  readonly joinedAt?: Instant;
  /** From when on it may be gone, and when it surely was. */
  readonly endingAt?: Instant;
  readonly goneAt?: Instant;
}

/** Who lived when: what the harness knows and no tab does. */
export class Census {
  /** BOUNDED: by the tabs that a run opens. */
  readonly #lives = new Map<NodeId, Life>();

  /** A tab has this id; whether it can be found yet is another matter. */
  opened(id: NodeId): void {
    this.#lives.set(id, {});
  }

  joined(id: NodeId, at: Instant): void {
    this.#lives.set(id, { ...this.#lives.get(id), joinedAt: at });
  }

  /** The tab is about to be closed or killed. */
  ending(id: NodeId, at: Instant): void {
    this.#lives.set(id, { ...this.#lives.get(id), endingAt: at });
  }

  /** The browser says that it is no more. */
  gone(id: NodeId, at: Instant): void {
    this.#lives.set(id, { ...this.#lives.get(id), goneAt: at });
  }

  /** What others could know of a peer all the while between `from` and `to`. */
  standing(id: NodeId, from: Instant, to: Instant): Standing {
    const life = this.#lives.get(id);
    if (!life) return 'unknown';
    const { joinedAt, endingAt, goneAt } = life;
    if (goneAt !== undefined && from - goneAt >= GRACE_MS) return 'gone';
    if (endingAt !== undefined && endingAt <= to) return 'leaving';
    return joinedAt === undefined || from - joinedAt < GRACE_MS ? 'newcomer' : 'settled';
  }

  /** Those whom everybody must be able to find between `from` and `to`. */
  settled(from: Instant, to: Instant): NodeId[] {
    return [...this.#lives.keys()].filter((id) => this.standing(id, from, to) === 'settled');
  }
}

/** The one of `ids` closest to `key`. */
export function nearest(key: NodeId, ids: readonly NodeId[]): NodeId | undefined {
  return ids.reduce<NodeId | undefined>(
    (best, id) => (best === undefined || isCloser(key, id, best) ? id : best),
    undefined,
  );
}
