import { expect, test } from 'vitest';
import { PROVIDER_REFRESH_MS, PROVIDER_TTL_MS } from '../../../shared/src/limits/records.ts';
import { ContactCache } from './contact-cache.ts';
import { RecordBench, type Sent, key, ofKind, people } from './record-bench-test-kit.ts';
import { decodePublish } from './record-payloads.ts';
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
