import { expect, test } from 'vitest';
import { type Contact, type Key, hashToId } from '../../../shared/src/ids.ts';
import {
  ANNOUNCEMENTS_PER_SECOND,
  ANNOUNCEMENT_BURST,
  ANNOUNCEMENT_RETRY_MS,
  MAX_PUBLISHED_KEYS,
  MAX_REPLICA_WAIT_MS,
  PROVIDER_REFRESH_MS,
  PROVIDER_TTL_MS,
  REPLICATION,
} from '../../../shared/src/limits/records.ts';
import { ContactCache } from './contact-cache.ts';
import { RecordBench, type Sent, key, ofKind, people } from './record-bench-test-kit.ts';
import { decodePublish, decodeUnpublish } from './record-payloads.ts';
import type { ReplyStatus } from './reply-frame.ts';
import { ROUTE_KIND } from './route-frame.ts';

const self = people[39] as (typeof people)[0];
const cache = new ContactCache();

/** The announcements that leave within `forMs`; each is acknowledged. */
function announcements(bench: RecordBench, forMs: number): number {
  let count = 0;
  for (const until = bench.now + forMs; bench.now < until;) count += acknowledge(bench, bench.run(100));
  return count;
}

function acknowledge(bench: RecordBench, sent: readonly Sent[]): number {
  const publishes = ofKind(sent, ROUTE_KIND.publish);
  for (const publish of publishes)
    bench.answer(publish, { payload: new Uint8Array([8]) }, people[0]?.id, people.slice(0, 20));
  return publishes.length;
}

test('an announcement lives for ten minutes and is made again after five, until it is taken back', () => {
  const bench = new RecordBench(self, people.slice(14, 30));
  const first = ofKind(bench.command({ kind: 'publish', op: 1, key }), ROUTE_KIND.publish);
  const published = decodePublish(first[0]?.frame.payload ?? new Uint8Array(0), cache);
  expect(published?.notes).toMatchObject([{ provider: self, ttlSeconds: PROVIDER_TTL_MS / 1_000 }]);
  expect(acknowledge(bench, first)).toBe(1);
  expect(announcements(bench, PROVIDER_REFRESH_MS - 2_000)).toBe(0);
  expect(announcements(bench, 4_000)).toBe(1);
  bench.command({ kind: 'unpublish', op: 2, key });
  expect(announcements(bench, 2 * PROVIDER_REFRESH_MS)).toBe(0);
}, 60_000);

/** A provider whose links were all lost. */
function cutOff(): RecordBench {
  const bench = new RecordBench(self, people.slice(14, 30));
  for (const { id } of bench.peers) bench.feed({ kind: 'linkDown', peer: id });
  return bench;
}

function linkAgain(bench: RecordBench): void {
  for (const peer of bench.peers) bench.feed({ kind: 'linkUp', peer, isOutbound: true });
}

test('an announcement that nobody else heard, for want of a link, is made again as soon as there is one', () => {
  const bench = cutOff();
  bench.command({ kind: 'publish', op: 1, key });
  bench.run(1_000);
  linkAgain(bench);
  expect(announcements(bench, 2_000)).toBe(1);
  expect(announcements(bench, PROVIDER_REFRESH_MS - 10_000)).toBe(0);
});

test('so is one whose links were lost before anybody answered', () => {
  const bench = new RecordBench(self, people.slice(14, 30));
  bench.command({ kind: 'publish', op: 1, key });
  for (const { id } of bench.peers) bench.feed({ kind: 'linkDown', peer: id });
  bench.run(15_000);
  expect(bench.results).toMatchObject([{ kind: 'failed' }]);
  linkAgain(bench);
  expect(announcements(bench, 2_000)).toBe(1);
});

test('an announcement is made again in time although our clock did not count that we slept', () => {
  const bench = new RecordBench(self, people.slice(14, 30));
  acknowledge(bench, bench.command({ kind: 'publish', op: 1, key }));
  bench.command({ kind: 'slept', forMs: PROVIDER_REFRESH_MS - 10_000 });
  expect(announcements(bench, 2_000)).toBe(0);
  bench.command({ kind: 'slept', forMs: 10_000 });
  expect(announcements(bench, 2_000)).toBe(1);
});

const MAJORITY = REPLICATION / 2 + 1;

/** A provider far from the key whose announcement eight peers hold, and the message that takes it back. */
function takeBack(): { bench: RecordBench; withdrawal: Sent } {
  const bench = new RecordBench(self, people.slice(14, 30));
  acknowledge(bench, bench.command({ kind: 'publish', op: 1, key }));
  bench.results.length = 0;
  return { bench, withdrawal: unpublish(bench) };
}

function unpublish(bench: RecordBench): Sent {
  const [withdrawal] = ofKind(bench.command({ kind: 'unpublish', op: bench.now, key }), ROUTE_KIND.unpublish);
  if (!withdrawal) throw new Error('nothing was sent');
  return withdrawal;
}

const confirm = (bench: RecordBench, withdrawal: Sent, copies: number): Sent[] =>
  bench.answer(withdrawal, { payload: new Uint8Array([copies]) }, people[0]?.id, people.slice(0, 20));

/** The messages within `forMs` that take an announcement back; each is refused. */
function withdrawals(bench: RecordBench, forMs: number): Sent[] {
  const found: Sent[] = [];
  for (const until = bench.now + forMs; bench.now < until;) {
    const sent = ofKind(bench.run(100), ROUTE_KIND.unpublish);
    for (const each of sent) bench.answer(each, { status: 'quota' }, people[0]?.id);
    found.push(...sent);
  }
  return found;
}

const secretOf = ({ frame }: Sent): string | undefined => decodeUnpublish(frame.payload, cache)?.secret;

test.each<[string, ReplyStatus, number, object]>([
  ['most replicas confirmed', 'ok', MAJORITY, { kind: 'unpublish' }],
  ['fewer confirmed', 'ok', MAJORITY - 1, { kind: 'failed', code: 'timeout' }],
  ['they have no room for another message', 'quota', 0, { kind: 'failed', code: 'quota' }],
  ['they refused', 'refused', 0, { kind: 'failed', code: 'refused' }],
])('taking an announcement back ends as its coordinator says: %s', (_, status, copies, result) => {
  const { bench, withdrawal } = takeBack();
  const payload = status === 'ok' ? new Uint8Array([copies]) : new Uint8Array(0);
  bench.answer(withdrawal, { status, payload }, people[0]?.id, people.slice(0, 20));
  expect(bench.results).toEqual([result]);
});

test('two of three peers are enough to take an announcement back', () => {
  const bench = new RecordBench(self, people.slice(0, 2));
  bench.command({ kind: 'publish', op: 1, key });
  bench.results.length = 0;
  bench.answer(unpublish(bench), { payload: new Uint8Array([2]) }, people[0]?.id, people.slice(0, 2));
  expect(bench.results).toEqual([{ kind: 'unpublish' }]);
});

test('an announcement that nobody confirmed to be gone is not told to be', () => {
  const { bench } = takeBack();
  bench.run(60_000);
  expect(bench.results).toMatchObject([{ kind: 'failed' }]);
});

test('an announcement that replicas did not drop is taken back again until they have', () => {
  const { bench, withdrawal } = takeBack();
  bench.answer(withdrawal, { status: 'quota' }, people[0]?.id);
  const [again] = withdrawals(bench, ANNOUNCEMENT_RETRY_MS + 2_000) as [Sent];
  expect(secretOf(again)).toBe(secretOf(withdrawal));
  const last = unpublish(bench);
  confirm(bench, last, MAJORITY);
  expect(withdrawals(bench, PROVIDER_TTL_MS)).toEqual([]);
}, 60_000);

test('an announcement is not taken back any more once it must have ended by itself', () => {
  const { bench, withdrawal } = takeBack();
  bench.answer(withdrawal, { status: 'quota' }, people[0]?.id);
  expect(withdrawals(bench, PROVIDER_TTL_MS).length).toBeGreaterThan(5);
  expect(withdrawals(bench, 2 * ANNOUNCEMENT_RETRY_MS)).toEqual([]);
}, 60_000);

test('taking back again what replicas did not drop tells what they say then', () => {
  const { bench, withdrawal } = takeBack();
  bench.answer(withdrawal, { status: 'quota' }, people[0]?.id);
  bench.run(1_000);
  const again = unpublish(bench);
  expect(secretOf(again)).toBe(secretOf(withdrawal));
  confirm(bench, again, MAJORITY);
  expect(bench.results).toEqual([{ kind: 'failed', code: 'quota' }, { kind: 'unpublish' }]);
});

test('a key announced anew is not told to be taken back while its former announcement is held', () => {
  const { bench, withdrawal } = takeBack();
  bench.answer(withdrawal, { status: 'quota' }, people[0]?.id);
  acknowledge(bench, bench.command({ kind: 'publish', op: 2, key }));
  bench.results.length = 0;
  const both = ofKind(bench.command({ kind: 'unpublish', op: 3, key }), ROUTE_KIND.unpublish);
  const [former, newer, ...more] = both as [Sent, Sent];
  expect(more).toEqual([]);
  confirm(bench, newer, MAJORITY);
  expect(bench.results).toEqual([]);
  bench.answer(former, { status: 'quota' }, people[0]?.id);
  expect(bench.results).toEqual([{ kind: 'failed', code: 'quota' }]);
});

/** A provider that is the coordinator of its own key, and the copies of the message that takes its announcement back. */
function takeBackNearby(answersTakeMs = 0): { bench: RecordBench; copies: readonly Sent[] } {
  const [nearest, ...others] = people.slice(0, 20) as [(typeof people)[0], ...typeof people];
  const bench = new RecordBench(nearest, others);
  bench.measure(answersTakeMs);
  for (const copy of ofKind(bench.command({ kind: 'publish', op: 1, key }), ROUTE_KIND.publish)) bench.answer(copy, {});
  bench.results.length = 0;
  return { bench, copies: ofKind(bench.command({ kind: 'unpublish', op: 2, key }), ROUTE_KIND.unpublish) };
}

test('a provider near its key hears that most replicas refuse to drop its announcement', () => {
  const { bench, copies } = takeBackNearby();
  for (const copy of copies) bench.answer(copy, { status: 'quota' });
  expect(bench.results).toEqual([{ kind: 'failed', code: 'quota' }]);
});

test('a provider near its key waits for a majority of slow replicas to drop its announcement', () => {
  const { bench, copies } = takeBackNearby(2 * MAX_REPLICA_WAIT_MS);
  for (const copy of copies) bench.acknowledge(copy);
  for (const copy of copies.slice(0, MAJORITY - 2)) bench.answer(copy, {});
  bench.run(MAX_REPLICA_WAIT_MS + 200);
  expect(bench.results).toEqual([]);
  bench.answer(copies[MAJORITY - 2] as Sent, {});
  expect(bench.results).toEqual([{ kind: 'unpublish' }]);
});

test('a lonely peer takes its announcement back at once, and one that lost its links does not say that it did', () => {
  const announced = { kind: 'publish', op: 1, key } as const;
  const lonely = new RecordBench(self, []);
  lonely.command(announced);
  lonely.run(1_000);
  lonely.command({ kind: 'unpublish', op: 2, key });
  expect(lonely.results.at(-1)).toEqual({ kind: 'unpublish' });
  const cutOff = new RecordBench(self, people.slice(14, 30));
  acknowledge(cutOff, cutOff.command(announced));
  for (const { id: peer } of cutOff.peers) cutOff.feed({ kind: 'linkDown', peer });
  cutOff.command({ kind: 'unpublish', op: 2, key });
  cutOff.feed({ kind: 'deadline' });
  expect(cutOff.results.at(-1)).toEqual({ kind: 'failed', code: 'no-links' });
});

test('an announcement that was refused is made again after a minute, not after five', () => {
  const bench = new RecordBench(self, people.slice(14, 30));
  const [first] = ofKind(bench.command({ kind: 'publish', op: 1, key }), ROUTE_KIND.publish) as [Sent];
  bench.answer(first, { status: 'quota' }, people[0]?.id);
  expect(bench.results).toEqual([{ kind: 'failed', code: 'quota' }]);
  expect(announcements(bench, ANNOUNCEMENT_RETRY_MS + 2_000)).toBe(1);
  expect(announcements(bench, PROVIDER_REFRESH_MS - 4_000)).toBe(0);
}, 60_000);

/** Two peers, each a replica of every key. */
const [me, neighbour] = people as [Contact, Contact];
const keysOf = (count: number): Key[] =>
  Array.from({ length: count }, (_, i) => hashToId(Uint8Array.of(i >> 8, i & 255)));

const publishAll = (bench: RecordBench, keys: readonly Key[]): Sent[] =>
  keys.flatMap((each, op) => bench.command({ kind: 'publish', op, key: each }));

/** The keys that a message after the other announces, each of which is acknowledged. */
function announced(bench: RecordBench, sent: readonly Sent[]): Key[] {
  const publishes = ofKind(sent, ROUTE_KIND.publish);
  for (const each of publishes) bench.answer(each, { payload: new Uint8Array([2]) }, neighbour.id, [neighbour]);
  return publishes.map(({ frame }) => decodePublish(frame.payload, cache)?.key ?? key);
}

test('of many keys some are announced at once, the others as fast as a neighbour takes them, the newest first', () => {
  const bench = new RecordBench(me, [neighbour]);
  const keys = keysOf(ANNOUNCEMENT_BURST + 3 * ANNOUNCEMENTS_PER_SECOND);
  expect(announced(bench, publishAll(bench, keys))).toEqual(keys.slice(0, ANNOUNCEMENT_BURST));
  expect(bench.results).toHaveLength(ANNOUNCEMENT_BURST);
  const next = announced(bench, bench.run(1_000));
  expect(next).toEqual(keys.toReversed().slice(0, next.length));
  expect(next.length).toBeLessThanOrEqual(ANNOUNCEMENTS_PER_SECOND);
  for (let second = 0; second < 4; second++) announced(bench, bench.run(1_000));
  expect(bench.results.map(({ kind }) => kind)).toEqual(keys.map(() => 'publish'));
});

test('a neighbour refuses none of a full library that is announced all at once', () => {
  const bench = new RecordBench(me, [neighbour]);
  const theirs = new RecordBench(neighbour, [me]);
  const keys = keysOf(MAX_PUBLISHED_KEYS);
  let refusedCount = 0;
  let sent = publishAll(bench, keys);
  for (let second = 0; second < 60; second++) {
    for (const each of ofKind(sent, ROUTE_KIND.publish)) {
      if (theirs.receive(each.frame) === 'quota') refusedCount++;
    }
    announced(bench, sent);
    theirs.run(1_000);
    sent = bench.run(1_000);
  }
  expect(refusedCount).toBe(0);
  expect(theirs.machine.snapshot().records).toBe(MAX_PUBLISHED_KEYS);
}, 60_000);

test('what waits to be announced ends when it is taken back, and when the last link is gone', () => {
  const bench = new RecordBench(me, [neighbour]);
  const keys = keysOf(ANNOUNCEMENT_BURST + 2);
  announced(bench, publishAll(bench, keys));
  bench.results.length = 0;
  bench.command({ kind: 'unpublish', op: 5_000, key: keys.at(-1) as Key });
  expect(bench.results[0]).toEqual({ kind: 'failed', code: 'timeout' });
  bench.results.length = 0;
  bench.feed({ kind: 'linkDown', peer: neighbour.id });
  bench.run(1_000);
  expect(bench.results).toContainEqual({ kind: 'failed', code: 'no-links' });
});
