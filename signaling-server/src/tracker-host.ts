import type { Contact } from '../../shared/src/ids.ts';
import type { Rng } from '../../shared/src/machine.ts';
import type { AnnounceAnswer, AnnounceRequest } from '../../shared/src/signaling/events.ts';
import { Tracker, type TrackerInput, type TrackerOutput } from './tracker.ts';

/** Gives the tracker machine the host's clock and its one timer. */
export class TrackerHost {
  readonly #tracker: Tracker;
  #timer: NodeJS.Timeout | undefined;

  constructor(rng: Rng) {
    this.#tracker = new Tracker(rng);
  }

  get swarmCount(): number {
    return this.#tracker.swarmCount;
  }

  /** The answer to an announce; undefined when the tracker is full. */
  announce(peer: Contact, address: string, request: AnnounceRequest): AnnounceAnswer | undefined {
    const [answer] = this.handle({ kind: 'announce', peer, address, ...request });
    return answer?.kind === 'peers' ? answer : undefined;
  }

  handle(input: TrackerInput): TrackerOutput[] {
    const out: TrackerOutput[] = [];
    this.#tracker.handle(input, performance.now(), out);
    this.#timer ??= this.#armed();
    return out;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A timer for the machine's next deadline. Later announces only move that deadline back, so it need not be moved. */
  #armed(): NodeJS.Timeout | undefined {
    const deadline = this.#tracker.nextDeadline();
    if (!deadline) return undefined;
    const fire = (): void => {
      this.#timer = undefined;
      this.handle({ kind: 'deadline' });
    };
    return setTimeout(fire, Math.max(0, deadline.at - performance.now()) + 1).unref();
  }
}
