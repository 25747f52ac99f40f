import { BoundedMap } from '../../../shared/src/bounded-map.ts';
import type { Key } from '../../../shared/src/ids.ts';
import {
  LINK_STORES_PER_SECOND,
  LINK_STORE_BURST,
  MAX_STORE_RATES,
  UNSOLICITED_BURST,
  UNSOLICITED_PER_SECOND,
} from '../../../shared/src/limits/records.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { Forward } from './forward.ts';
import { type Bringer, bringerOf } from './shares.ts';
import type { WriteToken, WriteTokens } from './write-tokens.ts';

/** A budget that is spent bit by bit and grows back steadily: a token bucket. */
export class Allowance {
  readonly #burst: number;
  readonly #perSecond: number;
  #left: number;
  #countedAt: Millis;

  constructor(burst: number, perSecond: number, now: Millis) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#left = burst;
    this.#countedAt = now;
  }

  /** Takes `amount`; false when less is left. */
  take(now: Millis, amount = 1): boolean {
    this.#left = Math.min(this.#burst, this.#left + ((now - this.#countedAt) / 1000) * this.#perSecond);
    this.#countedAt = now;
    if (this.#left < amount) return false;
    this.#left -= amount;
    return true;
  }
}

/** Allowances that are all alike, one for each of whoever came lately. */
export class Allowances<Whose> extends BoundedMap<Whose, Allowance> {
  readonly #burst: number;
  readonly #perSecond: number;

  /** `capacity`: how many are remembered. */
  constructor(capacity: number, burst: number, perSecond: number) {
    super(capacity);
    this.#burst = burst;
    this.#perSecond = perSecond;
  }

  /** Takes `amount` of that of `whose`; false when less is left. */
  take(whose: Whose, now: Millis, amount = 1): boolean {
    const allowance = this.get(whose) ?? new Allowance(this.#burst, this.#perSecond, now);
    this.set(whose, allowance);
    return allowance.take(now, amount);
  }
}

/**
 * Who may have something stored here: every link has a rate for what is its peer's own, and another for what comes over it
 * with a good token. Linked peers have proven who they are and need none. Strangers need one as soon as more of them write
 * without than a quiet network explains, as IKE asks for cookies and QUIC for a retry under load only; so an ordinary put
 * costs no extra round trip. What they send without is charged to none of the links: whoever passes it on has not chosen it.
 */
export class Admission {
  readonly #tokens: WriteTokens;
  readonly #rates = new Allowances<Bringer>(MAX_STORE_RATES, LINK_STORE_BURST, LINK_STORES_PER_SECOND);
  readonly #unsolicited = new Allowance(UNSOLICITED_BURST, UNSOLICITED_PER_SECOND, 0);
  /** Of peers that are not linked, by the link over which they came. */
  readonly #comparisons = new Allowances<Bringer | undefined>(
    MAX_STORE_RATES,
    UNSOLICITED_BURST,
    UNSOLICITED_PER_SECOND,
  );

  constructor(tokens: WriteTokens) {
    this.#tokens = tokens;
  }

  judge(
    forward: Pick<Forward, 'from' | 'origin'>,
    key: Key,
    token: WriteToken | undefined,
    now: Millis,
  ): 'ok' | 'quota' | 'bad-token' {
    const { from, origin } = forward;
    const isKnown = from === origin.id || (token !== undefined && this.#tokens.accepts(token, origin.id, key, now));
    if (!isKnown) return this.#unsolicited.take(now) ? 'ok' : 'bad-token';
    return this.#isWithinRate(bringerOf(forward), now) ? 'ok' : 'quota';
  }

  /** Whether what is held may be compared with what the origin holds: a question that carries no token. */
  judgeSync({ from, origin }: Pick<Forward, 'from' | 'origin'>, now: Millis): boolean {
    return from === origin.id ? this.#isWithinRate(from, now) : this.#comparisons.take(from, now);
  }

  #isWithinRate(from: Bringer | undefined, now: Millis): boolean {
    return from === undefined || this.#rates.take(from, now);
  }
}
