import type { Clock } from '../../ports/clock.ts';
import type { PairInfo } from '../../ports/links.ts';
import { readPairStats } from './ice-stats.ts';

/**
 * How old a reading may be while the same pair is in use: of what it says only the round-trip time changes then. [ms] Each
 * makes a report of all that a connection knows: 20 links, each read every 5 s, were a fifth of what an idle tab did.
 */
const SAME_PAIR_MS = 30_000;

/** What of a peer connection is read. */
export type PairSource = Pick<RTCPeerConnection, 'getStats' | 'sctp'>;

/** Tells which pair of candidates a connection uses, with as few reports as show every change of it at once. */
export class PairReader {
  readonly #clock: Clock;
  #last:
    | { readonly at: number; readonly pair: string | undefined; readonly reading: Promise<PairInfo | undefined> }
    | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Never rejects. */
  read(connection: PairSource): Promise<PairInfo | undefined> {
    const now = this.#clock.now();
    const pair = pairInUse(connection);
    const last = this.#last;
    // A pair that cannot be told may be another one each time.
    if (pair !== undefined && last?.pair === pair && now - last.at < SAME_PAIR_MS) return last.reading;
    const reading = readStats(connection);
    this.#last = { at: now, pair, reading };
    return reading;
  }
}

/** The candidates in use; undefined before there are any, and where the browser does not say (Firefox). */
function pairInUse({ sctp }: PairSource): string | undefined {
  const pair = sctp?.transport?.iceTransport?.getSelectedCandidatePair?.();
  return pair ? `${pair.local.candidate} ${pair.remote.candidate}` : undefined;
}

async function readStats(connection: PairSource): Promise<PairInfo | undefined> {
  try {
    return readPairStats(await connection.getStats());
  } catch {
    return undefined;
  }
}
