import { expect, test } from 'vitest';
import * as code from './calls/call-service.ts';
import { Mail, Person } from './calls/test/people.ts';
import { Gate } from './gate.ts';
import { LazyCalls } from './lazy-calls.ts';

/** Longer than anything here waits. [ms] */
const LONG_MS = 60_000;

/** Calls whose code fails to come as often as the test says. */
class Bench {
  readonly mail = new Mail();
  readonly person = new Person(this.mail, 'late', 1);
  readonly calls: LazyCalls;
  attempts = 0;
  failures: number;

  /** `arrival`: what the code waits for. */
  constructor(failures: number, arrival = Promise.resolve()) {
    this.failures = failures;
    const host = { ...this.person.host, loadMedia: () => Promise.resolve(this.person.media) };
    this.calls = new LazyCalls(host, () => {
      this.attempts += 1;
      return this.attempts > this.failures ? arrival.then(() => code) : Promise.reject(new TypeError('not fetched'));
    });
  }
}

test('a peer that has joined can be found once the code is here, however often that failed', async () => {
  const bench = new Bench(2);
  bench.calls.joined();
  await bench.mail.clock.advance(0);
  expect(bench.mail.records.size).toBe(0);
  await bench.mail.clock.advance(LONG_MS);
  expect(bench.attempts).toBe(3);
  expect(bench.mail.records.size).toBe(1);
});

test('a call that is placed before the code is here fails with a sentence for people, and asks for it again next time', async () => {
  const bench = new Bench(2);
  const { id } = new Person(bench.mail, 'callee', 2).self;
  for (const attempt of [1, 2]) {
    await expect(bench.calls.call(id, { audio: true, video: false })).rejects.toThrow(
      /could not be fetched.*call again/,
    );
    expect(bench.attempts).toBe(attempt);
  }
});

test('a call that is given up while its code is on its way is rejected at once, and places nothing when that comes', async () => {
  const gate = new Gate();
  const bench = new Bench(0, gate.opened);
  const callee = new Person(bench.mail, 'callee', 2);
  const controller = new AbortController();
  const calling = bench.calls.call(callee.self.id, { audio: true, video: false, signal: controller.signal });
  controller.abort();
  await expect(calling).rejects.toMatchObject({ code: 'aborted' });
  gate.open();
  await bench.mail.clock.advance(LONG_MS);
  expect(bench.person.media.tracks).toEqual([]);
  expect([...callee.incoming, ...bench.calls.calls]).toEqual([]);
});

test('a call whose code is on its way is rejected when its node leaves', async () => {
  const bench = new Bench(0, new Gate().opened);
  const { id } = new Person(bench.mail, 'callee', 2).self;
  const calling = bench.calls.call(id, { audio: true, video: false });
  void bench.calls.close();
  await expect(calling).rejects.toMatchObject({ code: 'left' });
});

test('who left asks for the code no more', async () => {
  const bench = new Bench(Number.POSITIVE_INFINITY);
  bench.calls.joined();
  await bench.mail.clock.advance(0);
  void bench.calls.close();
  await bench.mail.clock.advance(LONG_MS);
  expect(bench.attempts).toBe(1);
});
