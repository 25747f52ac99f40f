import { SPARE_UPLOAD_SHARE } from '../../../shared/src/limits/swarm.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import { Choker } from './choker.ts';
import type { Effects } from './effects.ts';
import type { PeerKey } from './peer-key.ts';
import type { PeerSession } from './peer-session.ts';
import type { Uploader } from './uploader.ts';

/** What is left of the best rate after a second: half after a minute. */
const BEST_RATE_DECAY = 0.99;

/** Carries the choker's decisions out: who gets a slot is unchoked, who loses it is choked and its requests refused. */
export class Slots {
  readonly #choker = new Choker();
  readonly #effects: Effects;
  readonly #uploader: Uploader;
  readonly #sessions: ReadonlyMap<PeerKey, PeerSession>;
  #hasChanged = false;
  /** The best upload rate of late. [bytes/s] */
  #bestRate = 0;

  constructor(effects: Effects, uploader: Uploader, sessions: ReadonlyMap<PeerKey, PeerSession>) {
    this.#effects = effects;
    this.#uploader = uploader;
    this.#sessions = sessions;
  }

  /** The peer began to be interested. */
  admit(session: PeerSession, now: Millis): void {
    this.#choker.admit(session, this.#sessions.values(), now);
    this.#hasChanged = true;
  }

  /** A slot may have become free. */
  refill(now: Millis): void {
    this.#choker.refill(this.#sessions.values(), now);
    this.#hasChanged = true;
  }

  /** Lends slots that their holders do not use, while the line has room. Once a second. */
  lend(isSeed: boolean, now: Millis): void {
    const rate = this.#uploader.meter.perSecond(now);
    this.#bestRate = Math.max(rate, this.#bestRate * BEST_RATE_DECAY);
    if (rate > SPARE_UPLOAD_SHARE * this.#bestRate) return;
    this.#choker.lend(this.#sessions.values(), isSeed, now);
    this.#hasChanged = true;
  }

  /** Ranks everyone by the round that ends now. */
  rechoke(isSeed: boolean, now: Millis): void {
    this.#choker.rechoke(this.#sessions.values(), isSeed, now);
    this.#hasChanged = true;
  }

  /** Nobody is served any more. */
  clear(): void {
    for (const session of this.#sessions.values()) {
      session.slot = 'none';
      this.#uploader.clear(session);
    }
    this.#hasChanged = true;
  }

  /** Tells the peers what changed. Once at the end of each call. */
  apply(): void {
    if (!this.#hasChanged) return;
    this.#hasChanged = false;
    for (const session of this.#sessions.values()) this.#applyTo(session);
  }

  #applyTo(session: PeerSession): void {
    const isChoked = session.slot === 'none';
    if (session.amChoking === isChoked || session.phase !== 'up') return;
    session.amChoking = isChoked;
    if (isChoked) {
      this.#effects.write(session).choke();
      this.#uploader.choke(session);
    } else this.#effects.write(session).unchoke();
  }
}
