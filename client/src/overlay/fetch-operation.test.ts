import { expect, test } from 'vitest';
import {
  MAX_REPLICA_WAIT_MS,
  MAX_STALENESS_MS,
  POPULAR_READS,
  READ_QUORUM,
} from '../../../shared/src/limits/records.ts';
import { ContactCache } from './contact-cache.ts';
import { decodeGet, encodeGet } from './payloads.ts';
import { FORGED, RecordBench, type Sent, key, ofKind, people, readOf } from './record-bench-test-kit.ts';
import { decodeStore } from './record-payloads.ts';
import { recordOf } from './record-test-kit.ts';
import { ROUTE_EXACT, ROUTE_KIND, ROUTE_REPLICA } from './route-frame.ts';

const record = recordOf();
const forged = recordOf({ sequence: 9, signature: FORGED });
const closest = people.slice(0, 12);
const holders = closest.slice(0, 8);
const cache = new ContactCache();

/** A reader far from the key, linked to peers on the way to it. */
const readerFar = (): RecordBench => new RecordBench(people[39] as (typeof people)[0], people.slice(14, 38));
const get = (bench: RecordBench, isFresh = false): Sent[] =>
  ofKind(bench.command({ kind: 'get', op: 1, key, isFresh }), ROUTE_KIND.get);
const isExact = ({ frame }: Sent): boolean => (frame.flags & ROUTE_EXACT) !== 0;
const towardsKey = (sent: readonly Sent[]): Sent[] => ofKind(sent, ROUTE_KIND.get).filter((each) => !isExact(each));

test('a forged copy costs a read one more question, which leaves through another first hop', () => {
  const bench = readerFar();
  const [first] = get(bench) as [Sent];
  const again = towardsKey(bench.answer(first, { payload: readOf(forged, 0) }));
  expect(again).toHaveLength(1);
  expect(decodeGet(again[0]?.frame.payload ?? new Uint8Array(0))?.isFresh).toBe(true);
  expect(again[0]?.to).not.toBe(first.to);
});

test('a copy in answer to a fresh read is no answer: holders are asked through another first hop', () => {
  const bench = readerFar();
  const [first] = get(bench, true) as [Sent];
  const [second] = towardsKey(bench.answer(first, { payload: readOf(record, 0) })) as [Sent];
  expect(second.to).not.toBe(first.to);
  const questions = bench.answer(second, { payload: readOf(record) }, holders[0]?.id, closest).filter(isExact);
  for (const question of questions) bench.answer(question, { payload: readOf(record) }, question.frame.target);
  bench.run(1_000);
  expect(bench.results).toEqual([{ kind: 'get', record }]);
});

test('a read that only copies of no use answer looks beside the key, and does not end in “not found”', () => {
  const bench = readerFar();
  const hops = new Set<string>();
  let [question] = get(bench);
  while (question) {
    hops.add(question.to);
    [question] = towardsKey(bench.answer(question, { payload: readOf(forged, 0) }));
  }
  expect(hops.size).toBeGreaterThanOrEqual(3);
  expect(bench.results).toEqual([]);
  expect(bench.machine.counters.widened).toBe(1);
});

test('a copy that is good ends a read at once', () => {
  const bench = readerFar();
  const [first] = get(bench) as [Sent];
  expect(towardsKey(bench.answer(first, { payload: readOf(record, 0) }))).toEqual([]);
  expect(bench.results).toEqual([{ kind: 'get', record }]);
});

test('a copy of no use over the only link there is does not keep a read from its holders', () => {
  const bench = new RecordBench(people[39] as (typeof people)[0], people.slice(14, 15));
  const [first] = get(bench) as [Sent];
  const again = towardsKey(bench.answer(first, { payload: readOf(forged, 0) }));
  expect(again.map(({ to }) => to)).toEqual([first.to]);
});

test('a read gives the newest version to those of the closest that answered with an older one or none, at once', () => {
  const bench = readerFar();
  const [first] = get(bench) as [Sent];
  const [lacking, older] = [holders[1]?.id, holders[2]?.id];
  const newest = recordOf({ sequence: 2 });
  let open = bench.answer(first, { payload: readOf(newest) }, holders[0]?.id, closest).filter(isExact);
  const stores: Sent[] = [];
  for (let question = open.shift(); question; question = open.shift()) {
    const { target } = question.frame;
    const has = target === lacking ? undefined : target === older ? record : newest;
    const sent = bench.answer(question, { payload: readOf(has) }, target);
    stores.push(...ofKind(sent, ROUTE_KIND.store));
    open = [...open, ...ofKind(sent, ROUTE_KIND.get)];
  }
  expect(bench.results).toEqual([{ kind: 'get', record: newest }]);
  expect(stores.map(({ frame }) => frame.target).sort()).toEqual([lacking, older].sort());
  for (const { frame } of stores) {
    expect(frame.flags).toBe(ROUTE_EXACT | ROUTE_REPLICA);
    expect(decodeStore(frame.payload, cache)?.record).toEqual(newest);
  }
});

test('a copy behind what was read before any copy could have been kept is a roll-back, and no answer', () => {
  const bench = readerFar();
  const copies = (version: typeof record): Sent[] => {
    const [first] = get(bench) as [Sent];
    return towardsKey(bench.answer(first, { payload: readOf(version, 0) }));
  };
  const newest = recordOf({ sequence: 2 });
  expect(copies(newest)).toEqual([]);
  bench.run(MAX_STALENESS_MS + 100);
  expect(copies(record)).toHaveLength(1);
});

test('a copy that calls itself one is kept by the next hop only when the key is popular there', () => {
  const [self, ...linked] = people.slice(20, 40);
  const bench = new RecordBench(self as (typeof people)[0], linked.slice(0, 8).concat(people.slice(14, 20)));
  const asker = bench.peers[0] as (typeof people)[0];
  const payload = encodeGet({ key, subject: 'record', isFresh: false });
  const ask = (): Sent[] => {
    bench.receive({ kind: ROUTE_KIND.get, flags: 0, payload, origin: asker, target: key });
    return towardsKey(bench.sent);
  };
  for (let i = 1; i < POPULAR_READS; i++) {
    const [passed] = ask() as [Sent];
    expect(passed.frame.target).toBe(key);
    bench.answer(passed, { payload: readOf(record, 0) });
  }
  const [last] = ask() as [Sent];
  bench.answer(last, { payload: readOf(record, 0) });
  expect(ask()).toEqual([]);
  expect(bench.machine.counters.copiesServed).toBe(1);
});

test('a fresh read waits for its quorum when holders are slow, and does not end with an older version', () => {
  const bench = readerFar();
  const newest = recordOf({ sequence: 2 });
  bench.measure(2 * MAX_REPLICA_WAIT_MS);
  const [first] = get(bench, true) as [Sent];
  const asked = bench.answer(first, { payload: readOf(record) }, holders[0]?.id, closest).filter(isExact);
  expect(asked).toHaveLength(READ_QUORUM - 1);
  for (const each of asked) bench.acknowledge(each);
  bench.run(MAX_REPLICA_WAIT_MS + 200);
  expect(bench.results).toEqual([]);
  for (const each of asked) bench.answer(each, { payload: readOf(newest) }, each.frame.target);
  expect(bench.results).toEqual([{ kind: 'get', record: newest }]);
});

test.each(['record', 'providers'] as const)('a read of the %s goes past a peer that refuses to answer', (subject) => {
  const bench = readerFar();
  const kind = subject === 'record' ? 'get' : 'findProviders';
  const [first] = ofKind(bench.command({ kind, op: 1, key }), ROUTE_KIND.get) as [Sent];
  const [second] = towardsKey(bench.answer(first, { status: 'refused' })) as [Sent];
  expect(second.to).not.toBe(first.to);
});

test.each(['get', 'findProviders'] as const)(
  'a read (%s) that everybody refuses to answer does not end as if nothing were there',
  (kind) => {
    const bench = new RecordBench(people[39] as (typeof people)[0], people.slice(14, 16));
    let open = ofKind(bench.command({ kind, op: 1, key }), ROUTE_KIND.get);
    for (let i = 0; i < 1_000 && bench.results.length === 0; i++) {
      const sent = open.length > 0 ? open : bench.run(100);
      open = sent.flatMap((each) => bench.answer(each, { status: 'refused' }));
    }
    expect(bench.results).toEqual([{ kind: 'failed', code: 'refused' }]);
  },
);
