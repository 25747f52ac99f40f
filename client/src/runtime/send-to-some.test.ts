import { expect, test } from 'vitest';
import { nodeIdFromBytes, type NodeId } from '../../../shared/src/ids.ts';
import { ManualClock, settle } from '../adapters/memory/manual-clock.ts';
import { MAX_HEDGES, PATIENCE_MS, sendToSome } from './send-to-some.ts';

const ids = Array.from({ length: 40 }, (_, i) => nodeIdFromBytes(new Uint8Array(20).fill(i)));
const five = ids.slice(0, 5);
const TIMEOUT_MS = 10_000;

/** Receivers of which some refuse, some never answer, and some answer when told. */
class Receivers {
  readonly clock = new ManualClock();
  readonly tried: number[] = [];
  readonly refusing = new Set<number>();
  readonly silent = new Set<number>();
  /** Of those that did not answer. */
  readonly #answers = new Map<number, (isTaken: boolean) => void>();

  send(wanted: number, receivers: readonly NodeId[] = ids): Promise<number> {
    return sendToSome({ receivers, wanted, timeoutMs: TIMEOUT_MS }, this.clock, (id) => this.#deliver(ids.indexOf(id)));
  }

  answer(receiver: number, isTaken: boolean): void {
    this.#answers.get(receiver)?.(isTaken);
  }

  #deliver(receiver: number): Promise<boolean> {
    this.tried.push(receiver);
    if (!this.silent.has(receiver)) return Promise.resolve(!this.refusing.has(receiver));
    return new Promise((resolve) => this.#answers.set(receiver, resolve));
  }
}

async function reach(wanted: number, refusing: readonly number[], receivers = five): Promise<[number, number[]]> {
  const all = new Receivers();
  for (const receiver of refusing) all.refusing.add(receiver);
  return [await all.send(wanted, receivers), all.tried];
}

test('as many receivers as wanted get it, each once', async () => {
  expect(await reach(3, [])).toEqual([3, [0, 1, 2]]);
  expect(await reach(2, [], [...five, ...five])).toEqual([2, [0, 1]]);
});

test('another takes the place of one that does not get it', async () => {
  expect(await reach(2, [0, 1])).toEqual([2, [0, 1, 2, 3]]);
});

test('when too few are left, those that got it are counted', async () => {
  expect(await reach(9, [1, 2])).toEqual([3, [0, 1, 2, 3, 4]]);
  expect(await reach(2, [], [])).toEqual([0, []]);
});

test('fewer than one means one', async () => {
  expect(await reach(0, [])).toEqual([1, [0]]);
  expect(await reach(-3.5, [])).toEqual([1, [0]]);
});

test('one that is silent gets company after a while, and another one after each further while', async () => {
  const all = new Receivers();
  for (const receiver of [0, 1]) all.silent.add(receiver);
  const sent = all.send(1);
  await all.clock.advance(PATIENCE_MS - 1);
  expect(all.tried).toEqual([0]);
  await all.clock.advance(1);
  expect(all.tried).toEqual([0, 1]);
  await all.clock.advance(PATIENCE_MS);
  expect([await sent, all.tried]).toEqual([1, [0, 1, 2]]);
});

test('however many are silent, few are tried at once, and it ends in time with how many got it', async () => {
  const all = new Receivers();
  for (let receiver = 1; receiver < ids.length; receiver++) all.silent.add(receiver);
  const sent = all.send(2);
  await all.clock.advance(TIMEOUT_MS - 1);
  const missing = 1;
  expect(all.tried.length).toBeLessThanOrEqual(1 + missing + MAX_HEDGES);
  await all.clock.advance(1);
  expect(await sent).toBe(1);
  expect(all.clock.timerCount).toBe(0);
});

test('one that got it late counts, and one after the end starts nothing', async () => {
  const all = new Receivers();
  for (const receiver of [0, 1, 2]) all.silent.add(receiver);
  const sent = all.send(2);
  await all.clock.advance(PATIENCE_MS);
  all.answer(0, true);
  all.answer(1, true);
  expect(await sent).toBe(2);
  const before = [...all.tried];
  all.answer(2, false);
  await settle();
  expect(all.tried).toEqual(before);
});
