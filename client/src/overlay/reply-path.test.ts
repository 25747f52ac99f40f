import { expect, test } from 'vitest';
import { MAX_MALFORMED_FRAMES } from '../../../shared/src/limits/overlay-links.ts';
import { LookupBench, type Sent, honest, isExact, peers, person } from './lookup-test-kit.ts';
import { encodeReply } from './reply-frame.ts';

/** A reply that a far peer spoilt: hops hand it on unread, as they do every other. */
function spoilt({ frame }: Sent): Uint8Array {
  const fields = { id: frame.id, status: 'ok', hops: 3, payload: new Uint8Array(4), closest: [] } as const;
  const bytes = encodeReply({ ...fields, trail: [{ id: person().id, samples: [] }] });
  bytes[14 + 4] = 255;
  return bytes;
}

test('a neighbour is not blamed for replies that a far peer spoilt', () => {
  const bench = new LookupBench();
  for (let i = 0; i < 2 * MAX_MALFORMED_FRAMES; i++) {
    const [question] = bench.lookup(1);
    if (question) bench.feed({ kind: 'received', from: question.to, bytes: spoilt(question) });
    bench.feed({ kind: 'command', command: { kind: 'cancel', op: 1 } });
  }
  expect(bench.machine.links).toBe(peers.length);
  expect(bench.machine.counters.malformed).toBeGreaterThanOrEqual(2 * MAX_MALFORMED_FRAMES);
});

test('a question whose reply is spoilt goes another way at once', () => {
  const bench = new LookupBench();
  const [question] = bench.lookup(1) as [Sent];
  const again = bench.feed({ kind: 'received', from: question.to, bytes: spoilt(question) });
  expect(again.filter((sent) => !isExact(sent))).toHaveLength(1);
  expect(again[0]?.to).not.toBe(question.to);
  bench.answer(again[0] as Sent, (again[0] as Sent).to, honest);
  expect(bench.results).toMatchObject([{ kind: 'lookup' }]);
});
