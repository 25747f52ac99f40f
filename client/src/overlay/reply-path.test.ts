import { expect, test } from 'vitest';
import type { Contact, NodeId } from '../../../shared/src/ids.ts';
import { MAX_MALFORMED_FRAMES } from '../../../shared/src/limits/overlay-links.ts';
import { REPLY_BY_ID_BURST_BYTES, SAMPLES_PER_HOP } from '../../../shared/src/limits/overlay.ts';
import { ContactCache } from './contact-cache.ts';
import { UNKNOWN_PLACE } from './coordinates.ts';
import { FRAME } from './link-frames.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { LookupBench, type Sent, honest, isExact, key, peers, person, self } from './lookup-test-kit.ts';
import { encodeFind } from './payloads.ts';
import { type HopRecord, decodeReply, encodeReply } from './reply-frame.ts';
import { ROUTE_KIND, type RouteKind, decodeRoute, encodeRoute } from './route-frame.ts';
import type { OverlayOutput } from './types.ts';

const asker = person();

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

/** A machine that a question of `asker` came to; what it adds to the answer on its way back. */
function added(kind: RouteKind): HopRecord | undefined {
  const hop = new LinkedMachine({ self });
  hop.link(asker, ...peers);
  const fields = { id: 'asks', hops: 1, flags: 0, lifetimeMs: 9_000, detours: 0, target: key, via: [] };
  const payload = encodeFind({ key, referrers: [] });
  const question = encodeRoute({ ...fields, kind, origin: asker, payload });
  const sent = hop.feed({ kind: 'received', from: asker.id, bytes: question });
  const next = sent.find((output) => output.kind === 'send' && output.bytes[1] === FRAME.route);
  const reply = { id: 'asks', status: 'ok', hops: 2, payload: new Uint8Array(1), closest: [], trail: [] } as const;
  const from = next?.kind === 'send' ? next.to : asker.id;
  const out = hop.feed({ kind: 'received', from, bytes: encodeReply(reply) });
  const [back] = out.flatMap((output) => (output.kind === 'send' && output.to === asker.id ? [output.bytes] : []));
  return back && decodeReply(back, new ContactCache())?.trail.at(-1);
}

test('a hop adds contacts that it is linked to, and not the one that asks, to an answer to a lookup', () => {
  const record = added(ROUTE_KIND.find);
  const samples = record?.samples.map(({ contact }) => contact.id) ?? [];
  expect(record?.id).toBe(self.id);
  expect(samples).toHaveLength(SAMPLES_PER_HOP);
  expect(peers.map(({ id }) => id)).toEqual(expect.arrayContaining(samples));
});

test('a hop adds nothing but its id to an answer to a read', () => {
  expect(added(ROUTE_KIND.get)).toEqual({ id: self.id, samples: [] });
});

test('the asker learns of the contacts that hops added', () => {
  const bench = new LookupBench();
  const [question] = bench.lookup(1) as [Sent];
  const sample = { contact: person(), age: 0, place: UNKNOWN_PLACE };
  const trail = [{ id: question.to, samples: [sample] }];
  const fields = { id: question.frame.id, status: 'ok', hops: 2, payload: new Uint8Array(0), closest: [] } as const;
  bench.feed({ kind: 'received', from: question.to, bytes: encodeReply({ ...fields, trail }) });
  expect(bench.machine.contactOf(sample.contact.id)?.id).toBe(sample.contact.id);
});

/** `count` questions that came over the link of `from` are answered once that link is gone; the bytes that go out by id. */
function byId(from: Contact, origin: Contact, count: number): number {
  const hop = new LinkedMachine({ self });
  hop.link(from, ...peers);
  const questions = Array.from({ length: count }, (_, i) => String.fromCharCode(7, 7, i >> 8, i & 255));
  const fields = { hops: 1, flags: 0, lifetimeMs: 9_000, detours: 0, target: key, via: [], kind: ROUTE_KIND.find };
  const payload = encodeFind({ key, referrers: [] });
  const ways = questions.map((id) => {
    const bytes = encodeRoute({ ...fields, id, origin, payload });
    const [route] = sentRoutes(hop.feed({ kind: 'received', from: from.id, bytes }));
    return { id, to: route?.to ?? from.id };
  });
  hop.feed({ kind: 'linkDown', peer: from.id });
  const answer = { status: 'ok', hops: 2, payload: new Uint8Array(1_400), closest: [], trail: [] } as const;
  const out = ways.flatMap(({ id, to }) =>
    hop.feed({ kind: 'received', from: to, bytes: encodeReply({ ...answer, id }) }),
  );
  return sentRoutes(out)
    .filter(({ bytes }) => decodeRoute(bytes, new ContactCache())?.kind === ROUTE_KIND.reply)
    .reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function sentRoutes(out: readonly OverlayOutput[]): { readonly to: NodeId; readonly bytes: Uint8Array }[] {
  return out.flatMap((output) => (output.kind === 'send' && output.bytes[1] === FRAME.route ? [output] : []));
}

test('a reply whose way back broke goes to its origin by id', () => {
  expect(byId(asker, person(), 1)).toBeGreaterThan(1_400);
});

test('whoever names another as the origin and goes has no more sent to it than REPLY_BY_ID_BURST_BYTES', () => {
  expect(byId(asker, person(), 200)).toBeLessThanOrEqual(1.1 * REPLY_BY_ID_BURST_BYTES);
});
