import { expect, test } from 'vitest';
import type { Deadline, Machine, Millis } from '../../../shared/src/machine.ts';
import type { Clock } from '../ports/clock.ts';
import { Driver } from './driver.ts';

type Input = { readonly kind: 'add'; readonly value: number } | { readonly kind: 'deadline' };

/** Echoes what it is given, and wants to be called at `deadlineAt`. */
class Echo implements Machine<Input, string> {
  deadlineAt: Millis | undefined;
  depth = 0;

  handle(input: Input, now: Millis, out: string[]): void {
    expect(this.depth).toBe(0);
    this.depth++;
    out.push(input.kind === 'add' ? `add ${input.value} at ${now}` : `deadline at ${now}`);
    if (input.kind === 'deadline') this.deadlineAt = undefined;
    this.depth--;
  }

  nextDeadline(): Deadline | undefined {
    return this.deadlineAt === undefined ? undefined : { at: this.deadlineAt, why: 'test' };
  }
}

class HandClock implements Clock {
  time = 0;
  readonly timers = new Map<() => void, number>();

  now(): number {
    return this.time;
  }

  wallNow(): number {
    return this.time;
  }

  setTimer(at: Millis, fire: () => void): () => void {
    this.timers.set(fire, at);
    return () => this.timers.delete(fire);
  }

  advance(to: number): void {
    this.time = to;
    for (const [fire, at] of [...this.timers]) {
      if (at <= to && this.timers.delete(fire)) fire();
    }
  }
}

test('an input that an output causes is handled after the outputs of the first', () => {
  const seen: string[] = [];
  const driver: Driver<Input, string> = new Driver(new Echo(), new HandClock(), (output) => {
    seen.push(output);
    if (output === 'add 1 at 0') driver.push({ kind: 'add', value: 2 });
  });
  driver.push({ kind: 'add', value: 1 });
  expect(seen).toEqual(['add 1 at 0', 'add 2 at 0']);
});

test('one host timer follows the next deadline of the machine', () => {
  const clock = new HandClock();
  const machine = new Echo();
  const seen: string[] = [];
  const driver = new Driver<Input, string>(machine, clock, (output) => seen.push(output));
  machine.deadlineAt = 50;
  driver.push({ kind: 'add', value: 1 });
  machine.deadlineAt = 30;
  driver.push({ kind: 'add', value: 2 });
  expect([...clock.timers.values()]).toEqual([30]);
  clock.advance(30);
  expect(seen.at(-1)).toBe('deadline at 30');
  expect(clock.timers.size).toBe(0);
});

test('a stopped driver handles nothing and leaves no timer', () => {
  const clock = new HandClock();
  const machine = new Echo();
  const seen: string[] = [];
  const driver = new Driver<Input, string>(machine, clock, (output) => seen.push(output));
  machine.deadlineAt = 50;
  driver.push({ kind: 'add', value: 1 });
  driver.stop();
  driver.push({ kind: 'add', value: 2 });
  expect(seen).toEqual(['add 1 at 0']);
  expect(clock.timers.size).toBe(0);
});
