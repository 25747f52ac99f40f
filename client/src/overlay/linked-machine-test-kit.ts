import type { Contact } from '../../../shared/src/ids.ts';
import { type Millis, seededRng } from '../../../shared/src/machine.ts';
import { FRAME, encodePing } from './link-frames.ts';
import { Overlay, type OverlayOptions } from './overlay.ts';
import type { OverlayInput, OverlayOutput } from './types.ts';

/** How often the links of the machine say that they live. [ms] */
const STEP_MS = 500;

/** One machine in a network where nobody else is: its links answer its pings, and nothing else. */
export class LinkedMachine {
  readonly machine: Overlay;
  now: Millis = 0;
  /** BOUNDED: by the test. */
  readonly #links: Contact[] = [];

  constructor(options: Omit<OverlayOptions, 'rng'>) {
    this.machine = new Overlay({ ...options, rng: seededRng(1) });
  }

  link(...contacts: readonly Contact[]): void {
    this.#links.push(...contacts);
    for (const peer of contacts) this.feed({ kind: 'linkUp', peer, isOutbound: false });
  }

  feed(input: OverlayInput): OverlayOutput[] {
    const out: OverlayOutput[] = [];
    this.machine.handle(input, this.now, out);
    return out;
  }

  /** What the machine does in the next `forMs`. */
  run(forMs: Millis): OverlayOutput[] {
    const out: OverlayOutput[] = [];
    const pong = encodePing(FRAME.pong, { flags: 0, sequence: 0, rttMs: 0 });
    for (const until = this.now + forMs; this.now < until;) {
      this.now += STEP_MS;
      for (const { id } of this.#links) out.push(...this.feed({ kind: 'received', from: id, bytes: pong }));
      out.push(...this.feed({ kind: 'deadline' }));
    }
    return out;
  }
}
