import type { InfoHash } from '../swarm/types.ts';
import { type LimitUser, divideLimit } from './limit-shares.ts';
import type { RateLimits } from './protocol.ts';

/** A torrent whose rates can be limited. */
export interface LimitedTorrent {
  /** What comes in and goes out now. [bytes/s] */
  rates(): { readonly down: number; readonly up: number };
  setLimits(limits: RateLimits): void;
}

/** How often a common limit is divided anew. [ms] Rates are averages over some seconds: sooner would see nothing new. */
const DIVIDE_MS = 1_000;

/** Keeps every torrent within its own limits and all of them together within the common ones. */
export class Limiter {
  readonly #torrents: () => Iterable<readonly [InfoHash, LimitedTorrent]>;
  /** BOUNDED: by the torrents of this tab; `remove` takes them out. */
  readonly #own = new Map<InfoHash, RateLimits>();
  #common: RateLimits = {};
  #timer: ReturnType<typeof setInterval> | undefined;

  /** `torrents` gives all that run, by info-hash. */
  constructor(torrents: () => Iterable<readonly [InfoHash, LimitedTorrent]>) {
    this.#torrents = torrents;
  }

  /** Sets the limits of all torrents together, or of one. */
  setLimits(infoHash: InfoHash | undefined, limits: RateLimits): void {
    if (infoHash === undefined) this.#common = limits;
    else this.#own.set(infoHash, limits);
    const isCommon = this.#common.down !== undefined || this.#common.up !== undefined;
    if (isCommon) this.#timer ??= setInterval(() => this.apply(), DIVIDE_MS);
    else this.stop();
    this.apply();
  }

  /** The torrent is gone. */
  remove(infoHash: InfoHash): void {
    this.#own.delete(infoHash);
  }

  /** Gives every torrent its part; after one was added, at once. */
  apply(): void {
    const torrents = [...this.#torrents()];
    const rates = torrents.map(([, torrent]) => torrent.rates());
    const down = this.#divide('down', torrents, rates);
    const up = this.#divide('up', torrents, rates);
    torrents.forEach(([, torrent], at) => torrent.setLimits({ down: down[at], up: up[at] }));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #divide(
    way: 'down' | 'up',
    torrents: readonly (readonly [InfoHash, LimitedTorrent])[],
    rates: readonly { readonly down: number; readonly up: number }[],
  ): (number | undefined)[] {
    const users = torrents.map(([infoHash], at): LimitUser => ({
      bytesPerSecond: rates[at]?.[way] ?? 0,
      limit: this.#own.get(infoHash)?.[way],
    }));
    const total = this.#common[way];
    return total === undefined ? users.map(({ limit }) => limit) : divideLimit(total, users);
  }
}
