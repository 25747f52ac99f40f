import type { NodeId } from '../../../../shared/src/ids.ts';
import {
  MAX_NEGATIVE_ENTRIES,
  NEGATIVE_CACHE_CAP_MS,
  NEGATIVE_CACHE_MAX_MS,
  NEGATIVE_CACHE_MIN_MS,
} from '../../../../shared/src/limits/links.ts';
import type { Millis } from '../../../../shared/src/machine.ts';
import type { LinkErrorCode } from './types.ts';

/** A failure that is still too fresh to try again. */
export interface RecentFailure {
  readonly code: LinkErrorCode;
  readonly detail: string;
  readonly until: Millis;
}

/** Failures that a second try a moment later would only repeat, longer each time. */
const GROWING: ReadonlySet<LinkErrorCode> = new Set(['ice-failed', 'handshake-refused']);

/** Failures that say nothing about the peer. */
const FORGIVEN: ReadonlySet<LinkErrorCode> = new Set(['local', 'superseded', 'not-needed']);

/** Remembers which peers could not be linked to, so that they are not dialled again at once. */
export class NegativeCache {
  readonly #random: () => number;
  /** BOUNDED: by MAX_NEGATIVE_ENTRIES, oldest failure out. */
  readonly #entries = new Map<NodeId, RecentFailure & { readonly failures: number }>();

  /** `random` gives numbers in [0, 1). */
  constructor(random: () => number) {
    this.#random = random;
  }

  get size(): number {
    return this.#entries.size;
  }

  find(peer: NodeId, now: Millis): RecentFailure | undefined {
    const entry = this.#entries.get(peer);
    return entry && entry.until > now ? entry : undefined;
  }

  add(peer: NodeId, code: LinkErrorCode, detail: string, now: Millis): void {
    if (FORGIVEN.has(code)) return;
    const isGrowing = GROWING.has(code);
    const failures = isGrowing ? (this.#entries.get(peer)?.failures ?? 0) + 1 : 0;
    const base = NEGATIVE_CACHE_MIN_MS + this.#random() * (NEGATIVE_CACHE_MAX_MS - NEGATIVE_CACHE_MIN_MS);
    const pause = Math.min(NEGATIVE_CACHE_CAP_MS, base * 2 ** Math.max(0, failures - 1));
    this.#entries.delete(peer);
    this.#entries.set(peer, { code, detail, until: now + pause, failures });
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_NEGATIVE_ENTRIES) break;
      this.#entries.delete(oldest);
    }
  }

  /** The peer was reached after all, or came to us. */
  forget(peer: NodeId): void {
    this.#entries.delete(peer);
  }

  /** There are other ways for an offer now than when those failed to which none was brought. Where one was, and no path was found, that says more. */
  forgive(): void {
    for (const [peer, { failures }] of this.#entries) if (failures === 0) this.#entries.delete(peer);
  }

  clear(): void {
    this.#entries.clear();
  }
}
