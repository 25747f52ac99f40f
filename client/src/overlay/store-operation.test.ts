import { expect, test } from 'vitest';
import type { NodeId } from '../../../shared/src/ids.ts';
import { REPLICATION } from '../../../shared/src/limits/records.ts';
import { ContactCache } from './contact-cache.ts';
import { encodeToken } from './payloads.ts';
import { RecordBench, type Sent, key, ofKind, people } from './record-bench-test-kit.ts';
import { MAY_BE_HELD, decodeStore } from './record-payloads.ts';
import { recordOf } from './record-test-kit.ts';
import { ROUTE_KIND } from './route-frame.ts';

const author = people[39] as (typeof people)[0];
const [holder, other] = people.map(({ id }) => id);
const cache = new ContactCache();
const tokenOf = ({ frame }: Sent): string | undefined => decodeStore(frame.payload, cache)?.options.token;

/** An author far from the key, linked to peers on the way to it, and the first message of its put. */
function putFarAway(expectedSequence?: number): { bench: RecordBench; first: Sent } {
  const bench = new RecordBench(author, people.slice(14, 38));
  const record = recordOf({ author });
  const [first] = ofKind(bench.command({ kind: 'put', op: 1, record, expectedSequence }), ROUTE_KIND.store);
  if (!first) throw new Error('nothing was sent');
  return { bench, first };
}

/** \`by\` asks for \`token\`; the stores that leave then. */
const askForToken = (bench: RecordBench, sent: Sent, by: NodeId | undefined, token: string): Sent[] =>
  ofKind(bench.answer(sent, { status: 'bad-token', payload: encodeToken(token) }, by), ROUTE_KIND.store);

/** The next message towards the key: no hop takes the one to a holder on. */
function nextTowardsKey(bench: RecordBench): Sent {
  for (let i = 0; i < 100; i++) {
    const towards = ofKind(bench.run(100), ROUTE_KIND.store).find(({ frame }) => frame.target === key);
    if (towards) return towards;
  }
  throw new Error('nothing was sent towards the key');
}

test('a store goes once more, with the new token, to the holder that asked for one, and fails when that asks again', () => {
  const { bench, first } = putFarAway();
  const [second, ...more] = askForToken(bench, first, holder, 'abcd') as [Sent];
  expect([second.frame.target, tokenOf(second), more]).toEqual([holder, 'abcd', []]);
  expect(askForToken(bench, second, holder, 'efgh')).toEqual([]);
  expect(bench.results).toEqual([{ kind: 'failed', code: 'refused' }]);
});

test('a store that another holder gets than the one that asked for a token goes once more to that one', () => {
  const { bench, first } = putFarAway();
  const [second] = askForToken(bench, first, holder, 'abcd') as [Sent];
  const third = nextTowardsKey(bench);
  expect(second.frame.target).toBe(holder);
  expect(askForToken(bench, third, other, 'efgh').map((sent) => [sent.frame.target, tokenOf(sent)])).toEqual([
    [other, 'efgh'],
  ]);
});

test('a store that a quota refuses is not sent again, and its author hears why', () => {
  const { bench, first } = putFarAway();
  const again = bench.answer(first, { status: 'quota' }, holder);
  expect([ofKind(again, ROUTE_KIND.store), bench.results]).toEqual([[], [{ kind: 'failed', code: 'quota' }]]);
});

test.each([
  [MAY_BE_HELD, 'uncertain'],
  [new Uint8Array(0), 'cas-mismatch'],
])('a put whose coordinator took it back ends as that says (%j: %s)', (payload, code) => {
  const { bench, first } = putFarAway(1);
  bench.answer(first, { status: 'cas-mismatch', payload }, holder);
  expect(bench.results).toEqual([{ kind: 'failed', code }]);
});

test('a put over a certain version that too few hold by what its coordinator says ends uncertain', () => {
  const { bench, first } = putFarAway(1);
  bench.answer(first, { payload: new Uint8Array([REPLICATION / 2]) }, holder, people.slice(0, 20));
  expect(bench.results).toEqual([{ kind: 'failed', code: 'uncertain' }]);
});

test('a put over a certain version that nobody answers ends uncertain: somebody may hold it', () => {
  const { bench, first } = putFarAway(1);
  bench.acknowledge(first);
  bench.run(60_000);
  expect(bench.results).toEqual([{ kind: 'failed', code: 'uncertain' }]);
});
