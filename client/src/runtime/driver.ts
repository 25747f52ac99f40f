import type { Machine } from '../../../shared/src/machine.ts';
import type { Clock } from '../ports/clock.ts';

/**
 * Runs one machine: feeds it inputs one at a time, carries out its outputs, and keeps the one host timer that its
 * next deadline needs. An input that an output causes waits in a queue, so `handle` is never entered twice.
 */
export class Driver<Input extends { readonly kind: string }, Output> {
  readonly #machine: Machine<Input | { readonly kind: 'deadline' }, Output>;
  readonly #clock: Clock;
  readonly #carryOut: (output: Output) => void;
  /** BOUNDED: drained before `push` returns; each input causes finitely many more. */
  readonly #queue: (Input | { readonly kind: 'deadline' })[] = [];
  #isRunning = false;
  #isStopped = false;
  #cancelTimer: (() => void) | undefined;
  #timerAt: number | undefined;

  constructor(
    machine: Machine<Input | { readonly kind: 'deadline' }, Output>,
    clock: Clock,
    carryOut: (output: Output) => void,
  ) {
    this.#machine = machine;
    this.#clock = clock;
    this.#carryOut = carryOut;
  }

  push(input: Input | { readonly kind: 'deadline' }): void {
    if (this.#isStopped) return;
    this.#queue.push(input);
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      const out: Output[] = [];
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        this.#machine.handle(next, this.#clock.now(), out);
        for (const output of out) this.#carryOut(output);
        out.length = 0;
      }
    } finally {
      this.#isRunning = false;
    }
    this.#schedule();
  }

  /** Takes no further input and drops the timer. */
  stop(): void {
    this.#isStopped = true;
    this.#queue.length = 0;
    this.#cancelTimer?.();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const deadline = this.#machine.nextDeadline();
    if (deadline?.at === this.#timerAt) return;
    this.#cancelTimer?.();
    this.#timerAt = deadline?.at;
    this.#cancelTimer = deadline && this.#clock.setTimer(deadline.at, () => this.#fire());
  }

  #fire(): void {
    this.#timerAt = undefined;
    this.push({ kind: 'deadline' });
  }
}
