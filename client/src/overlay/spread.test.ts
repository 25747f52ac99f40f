import { expect, test } from 'vitest';
import { RecordBench, type Sent, key, ofKind, people } from './record-bench-test-kit.ts';
import { MIN_PATIENCE_MS, QUESTION_TIMEOUT_MS } from '../../../shared/src/limits/overlay.ts';
import {
  EXTRA_COPIES,
  MAX_REPLICA_WAIT_MS,
  MIN_REPLICA_WAIT_MS,
  REPLICATION,
} from '../../../shared/src/limits/records.ts';
import { MAY_BE_HELD, decodeStore } from './record-payloads.ts';
import { recordOf } from './record-test-kit.ts';
import { ContactCache } from './contact-cache.ts';
import type { ReplyStatus } from './reply-frame.ts';
import { ROUTE_EXACT, ROUTE_KIND, ROUTE_REPLICA } from './route-frame.ts';
import { encodeStore } from './record-payloads.ts';

const [self, ...others] = people.slice(0, 20);
const author = people[19];
if (!self || !author) throw new Error('nobody is there');
const expectedSequence = 4;

const answerAll = (bench: RecordBench, sent: readonly Sent[], status: ReplyStatus): void => {
  for (const store of ofKind(sent, ROUTE_KIND.store)) bench.answer(store, { status });
};

test('a put of a replica that holds nothing fails when the others do not hold what it expects, and nothing is kept', () => {
  const bench = new RecordBench(self, others);
  const record = recordOf({ author: self, sequence: 9 });
  const sent = bench.command({ kind: 'put', op: 1, record, expectedSequence });
  answerAll(bench, [...sent, ...bench.run(100)], 'cas-mismatch');
  bench.run(1_000);
  expect(bench.results).toEqual([{ kind: 'failed', code: 'cas-mismatch' }]);
  expect(bench.machine.keeps(key)).toBe(false);
});

/** A put over version 4 by the peer nearest to the key, and its copies that left at once. */
function putOver(): { bench: RecordBench; copies: readonly Sent[] } {
  const bench = new RecordBench(self as NonNullable<typeof self>, others);
  const record = recordOf({ author: self as NonNullable<typeof self>, sequence: 9 });
  return { bench, copies: ofKind(bench.command({ kind: 'put', op: 1, record, expectedSequence }), ROUTE_KIND.store) };
}

test('a put over a version that most replicas do not hold ends uncertain when one of the others took it', () => {
  const { bench, copies } = putOver();
  const [taker, ...refusing] = copies as [Sent, ...Sent[]];
  answerAll(bench, refusing, 'cas-mismatch');
  expect(bench.results).toEqual([]);
  answerAll(bench, [taker], 'ok');
  expect(bench.results).toEqual([{ kind: 'failed', code: 'uncertain' }]);
  expect(bench.machine.keeps(key)).toBe(false);
});

test('a put over a version that most replicas do not hold ends uncertain when one of the others is silent', () => {
  const { bench, copies } = putOver();
  answerAll(bench, copies.slice(1), 'cas-mismatch');
  bench.run(MAX_REPLICA_WAIT_MS);
  expect(bench.results).toEqual([]);
  bench.run(QUESTION_TIMEOUT_MS);
  expect(bench.results).toEqual([{ kind: 'failed', code: 'uncertain' }]);
});

test('a put over a certain version goes to nobody beside the replicas until most of them have taken it', () => {
  const { bench, copies } = putOver();
  expect(copies).toHaveLength(REPLICATION - 1);
  const majority = copies.slice(0, REPLICATION / 2);
  const further = majority.flatMap((sent) => ofKind(bench.answer(sent, { status: 'ok' }), ROUTE_KIND.store));
  expect(further).toHaveLength(EXTRA_COPIES);
  expect(bench.results).toMatchObject([{ kind: 'put' }]);
});

test('a coordinator says that a version which most replicas refused may be held all the same', () => {
  const bench = new RecordBench(self, others);
  const payload = encodeStore({ options: { expectedSequence }, record: recordOf({ author, sequence: 9 }) });
  bench.receive({ kind: ROUTE_KIND.store, flags: ROUTE_EXACT, payload, origin: author });
  const [taker, ...refusing] = ofKind(bench.sent, ROUTE_KIND.store) as [Sent, ...Sent[]];
  answerAll(bench, [taker], 'ok');
  answerAll(bench, refusing, 'cas-mismatch');
  expect([...bench.replies.values()].at(-1)).toMatchObject({ status: 'cas-mismatch', payload: MAY_BE_HELD });
});

test('a coordinator that holds nothing tells the replicas what the author expects, and the author what they say', () => {
  const bench = new RecordBench(self, others);
  const payload = encodeStore({ options: { expectedSequence }, record: recordOf({ author, sequence: 9 }) });
  bench.receive({ kind: ROUTE_KIND.store, flags: ROUTE_EXACT, payload, origin: author });
  const copies = ofKind(bench.sent, ROUTE_KIND.store);
  const cache = new ContactCache();
  expect(copies.length).toBeGreaterThanOrEqual(7);
  for (const { frame } of copies) {
    expect(frame.flags & ROUTE_REPLICA).not.toBe(0);
    expect(decodeStore(frame.payload, cache)?.options.expectedSequence).toBe(expectedSequence);
  }
  answerAll(bench, copies, 'cas-mismatch');
  expect([...bench.replies.values()].at(-1)).toMatchObject({ status: 'cas-mismatch', payload: new Uint8Array(0) });
  expect(bench.machine.keeps(key)).toBe(false);
});

/** How long a put waits for replicas that take its copies on and do not answer, where answers took `ms` so far. */
function waitOf(ms: number): number {
  const bench = new RecordBench(self as NonNullable<typeof self>, others);
  bench.measure(ms);
  const record = recordOf({ author: self as NonNullable<typeof self>, sequence: 9 });
  const since = bench.now;
  for (const sent of bench.command({ kind: 'put', op: 1, record })) bench.acknowledge(sent);
  while (bench.results.length === 0) for (const sent of bench.run(100)) bench.acknowledge(sent);
  return bench.now - since;
}

test('replicas are waited for as long as answers took so far, within bounds', () => {
  expect(waitOf(0)).toBe(MIN_REPLICA_WAIT_MS);
  expect(waitOf(300)).toBeGreaterThan(MIN_REPLICA_WAIT_MS);
  expect(waitOf(1_000)).toBe(MAX_REPLICA_WAIT_MS);
});

test('a replica that is silent for longer than answers take is made up for by another peer', () => {
  const bench = new RecordBench(self as NonNullable<typeof self>, others);
  bench.measure(0);
  const record = recordOf({ author: self as NonNullable<typeof self>, sequence: 9 });
  const first = ofKind(bench.command({ kind: 'put', op: 1, record }), ROUTE_KIND.store);
  for (const sent of first) bench.acknowledge(sent);
  const reached = new Set(first.map(({ frame }) => frame.target));
  const later = ofKind(bench.run(MIN_PATIENCE_MS + 200), ROUTE_KIND.store).filter(
    ({ frame }) => !reached.has(frame.target),
  );
  expect(later.length).toBeGreaterThan(0);
});

test('a put over a certain version waits for a majority of slow replicas, and is not told to be done before', () => {
  const bench = new RecordBench(self, others);
  bench.measure(2 * MAX_REPLICA_WAIT_MS);
  const record = recordOf({ author: self, sequence: 9 });
  const copies = ofKind(bench.command({ kind: 'put', op: 1, record, expectedSequence }), ROUTE_KIND.store);
  for (const copy of copies) bench.acknowledge(copy);
  answerAll(bench, copies.slice(0, 3), 'ok');
  bench.run(MAX_REPLICA_WAIT_MS + 200);
  expect(bench.results).toEqual([]);
  answerAll(bench, copies.slice(3, 4), 'ok');
  expect(bench.results).toEqual([{ kind: 'put', replicas: 5 }]);
});

test('a put over a certain version that most replicas do not answer ends uncertain', () => {
  const { bench, copies } = putOver();
  answerAll(bench, copies.slice(0, 2), 'ok');
  bench.run(20_000);
  expect(bench.results).toEqual([{ kind: 'failed', code: 'uncertain' }]);
});

test('a put that comes again is copied only to those replicas that did not confirm it', () => {
  const bench = new RecordBench(self, others);
  const payload = encodeStore({ options: {}, record: recordOf({ author, sequence: 9 }) });
  const put = { kind: ROUTE_KIND.store, flags: ROUTE_EXACT, payload, origin: author };
  bench.receive(put);
  const replicas = ofKind(bench.sent, ROUTE_KIND.store).slice(0, REPLICATION - 1);
  answerAll(bench, replicas.slice(1), 'ok');
  bench.receive(put);
  const again = new Set(ofKind(bench.sent, ROUTE_KIND.store).map(({ frame }) => frame.target));
  expect(replicas.map(({ frame }) => again.has(frame.target))).toEqual(replicas.map((_, i) => i === 0));
});

test('a put that comes again once every replica confirmed it is answered at once, with as many copies', () => {
  const bench = new RecordBench(self, others);
  const payload = encodeStore({ options: { expectedSequence }, record: recordOf({ author, sequence: 9 }) });
  const put = { kind: ROUTE_KIND.store, flags: ROUTE_EXACT, payload, origin: author };
  bench.receive(put);
  answerAll(bench, bench.sent, 'ok');
  expect(bench.receive(put)).toBe('ok');
  expect([...bench.replies.values()].at(-1)?.payload).toEqual(new Uint8Array([REPLICATION]));
});
