import { RateLimiterMemory } from 'rate-limiter-flexible';

/** How many events of a class are taken within a window, from one socket and from one address. */
export interface Allowance {
  readonly perSocket: number;
  readonly perAddress: number;
  /** [s] */
  readonly windowSeconds: number;
}

/**
 * What is limited. connect: new sockets. join: proofs of a key. introductions, signal, tracker: those requests.
 * http: requests that are computed for each asker. fault: everything refused, before the socket is closed.
 */
export type EventClass = 'connect' | 'join' | 'introductions' | 'signal' | 'tracker' | 'http' | 'fault';

export type Allowances = Readonly<Record<EventClass, Allowance>>;

/**
 * An address may be a school: thirty tabs that all open at once, send a hundred signals each and announce their whole
 * libraries stay below every number here. One may announce a full library and leave it in a window. A single socket that reaches its own cannot use up those of its neighbours.
 */
export const ALLOWANCES: Allowances = {
  connect: { perSocket: 1, perAddress: 1_200, windowSeconds: 60 },
  join: { perSocket: 20, perAddress: 600, windowSeconds: 10 },
  introductions: { perSocket: 30, perAddress: 900, windowSeconds: 10 },
  signal: { perSocket: 400, perAddress: 8_000, windowSeconds: 10 },
  tracker: { perSocket: 2_500, perAddress: 12_000, windowSeconds: 10 },
  http: { perSocket: 1, perAddress: 600, windowSeconds: 60 },
  fault: { perSocket: 200, perAddress: 1_000_000, windowSeconds: 10 },
};

interface Pair {
  readonly sockets: RateLimiterMemory;
  readonly addresses: RateLimiterMemory;
}

/** Counts events. Counters live for their window: their number is bounded by the sockets of a window. */
export class RateLimits {
  readonly #pairs: Readonly<Record<EventClass, Pair>>;

  constructor(changes: Partial<Allowances> = {}) {
    const of = (name: EventClass): Pair => {
      const { perSocket, perAddress, windowSeconds } = changes[name] ?? ALLOWANCES[name];
      return {
        sockets: new RateLimiterMemory({ points: perSocket, duration: windowSeconds }),
        addresses: new RateLimiterMemory({ points: perAddress, duration: windowSeconds }),
      };
    };
    this.#pairs = {
      connect: of('connect'),
      join: of('join'),
      introductions: of('introductions'),
      signal: of('signal'),
      tracker: of('tracker'),
      http: of('http'),
      fault: of('fault'),
    };
  }

  /** Counts an event of a socket. The address pays only for what the socket's own allowance lets through. */
  async takeSocket(name: EventClass, socketId: string, address: string): Promise<boolean> {
    const { sockets, addresses } = this.#pairs[name];
    return (await take(sockets, socketId)) && (await take(addresses, address));
  }

  /** Counts an event that has no socket yet. */
  takeAddress(name: EventClass, address: string): Promise<boolean> {
    return take(this.#pairs[name].addresses, address);
  }
}

function take(limiter: RateLimiterMemory, key: string): Promise<boolean> {
  return limiter.consume(key).then(
    () => true,
    () => false,
  );
}
