import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import type { Millis, Rng } from '../../../shared/src/machine.ts';
import { TimerTable } from '../../../shared/src/timer-table.ts';
import { ContactCache } from './contact-cache.ts';
import { Counters } from './counters.ts';
import type { LinkState } from './entry.ts';
import type { OverlayEvent, OverlayOutput } from './types.ts';
import { Waiting } from './waiting.ts';

/** Something that set a timer for itself. */
export interface Timed {
  onTimer(): void;
}

/**
 * What all parts of one overlay machine share: who we are, the instant being handled, where effects go, timers,
 * randomness and counters. `now` and `out` are set by the machine at the start of each input.
 */
export class Core {
  readonly self: Contact;
  readonly rng: Rng;
  readonly contacts: ContactCache;
  readonly timers = new TimerTable<Timed>();
  readonly counters = new Counters();
  readonly waiting = new Waiting();
  /** The instant being handled, in whole milliseconds: small integers, which hundreds of contacts hold without a heap number each. */
  now: Millis = 0;
  out: OverlayOutput[] = [];
  /** Wall-clock time minus monotonic time, from the newest `wallClock` command. [ms] */
  wallOffset = 0;
  /** Until this instant silence is our own doing: the loop stood still and answers may wait in our queue. */
  graceUntil: Millis = 0;

  constructor(self: Contact, rng: Rng, contacts: ContactCache) {
    this.self = self;
    this.rng = rng;
    this.contacts = contacts;
  }

  get wallNow(): number {
    return this.now + this.wallOffset;
  }

  send(to: NodeId, bytes: Uint8Array): void {
    this.counters.sent(bytes);
    this.out.push({ kind: 'send', to, bytes });
  }

  /** The peer at the other end of `link` answered `rttMs` after it was asked. */
  measured({ rtt }: LinkState, rttMs: Millis): void {
    rtt.sample(rttMs);
    this.waiting.sample(rttMs, rtt.least ?? rttMs, this.now);
  }

  emit(event: OverlayEvent): void {
    this.out.push({ kind: 'emit', event });
  }
}
