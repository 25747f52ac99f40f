import { expect, test } from 'vitest';
import { type Contact, type Key, contactFromKey } from '../../../shared/src/ids.ts';
import {
  MAX_PROVIDERS_PER_KEY,
  MAX_VERIFICATIONS,
  REPLICATION,
  UNSOLICITED_BURST,
} from '../../../shared/src/limits/records.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { ContactCache } from './contact-cache.ts';
import { FRAME } from './link-frames.ts';
import { Overlay } from './overlay.ts';
import { decodeRead, decodeToken, encodeGet } from './payloads.ts';
import { removalOf } from './provider-store.ts';
import { RecordBench, key, ofKind, people } from './record-bench-test-kit.ts';
import { encodePublish, encodeStore, encodeUnpublish } from './record-payloads.ts';
import { WALL, keyAt, person, recordOf } from './record-test-kit.ts';
import { type ReplyFrame, decodeReply } from './reply-frame.ts';
import { ROUTE_EXACT, ROUTE_KIND, ROUTE_REPLICA, type RouteFrame, encodeRoute } from './route-frame.ts';
import type { OverlayInput, OverlayOutput, SignedRecord } from './types.ts';

const self = person(100);
const neighbour = person(101);
const cache = new ContactCache();

/** A peer with one link, whose driver finds every signature good unless told otherwise. */
class Holder {
  readonly machine = new Overlay({ self, rng: seededRng(1) });
  isSignatureGood = true;
  isDriverBusy = false;
  #next = 1;

  constructor() {
    this.#feed({ kind: 'command', command: { kind: 'wallClock', wallNow: WALL } });
    this.#feed({ kind: 'linkUp', peer: neighbour, isOutbound: false });
  }

  /** Sends a routed message over the link and returns its reply. */
  ask(fields: Partial<RouteFrame> & Pick<RouteFrame, 'kind' | 'payload'>): ReplyFrame | undefined {
    const id = String.fromCharCode(1, 2, 3, this.#next++);
    const frame = { id, hops: 1, detours: 0, lifetimeMs: 5_000, via: [], origin: person(1), flags: ROUTE_EXACT };
    const bytes = encodeRoute({ ...frame, target: self.id, ...fields });
    const replies = this.#feed({ kind: 'received', from: neighbour.id, bytes });
    return replies.map((reply) => decodeReply(reply, cache)).find((reply) => reply?.id === id);
  }

  store(record: SignedRecord, options: Parameters<typeof encodeStore>[0]['options'] = {}, origin = person(1)): string {
    const payload = encodeStore({ options, record });
    return this.ask({ kind: ROUTE_KIND.store, payload, origin })?.status ?? 'no reply';
  }

  #feed(input: OverlayInput): Uint8Array[] {
    const out: OverlayOutput[] = [];
    this.machine.handle(input, 1_000, out);
    const checks = out.flatMap((o) => (o.kind === 'run' && !this.isDriverBusy ? [o.effect] : []));
    for (const effect of checks) {
      this.machine.handle({ kind: 'effectDone', effect, isValid: this.isSignatureGood }, 1_000, out);
    }
    return out.flatMap((o) => (o.kind === 'send' && o.bytes[1] === FRAME.reply ? [o.bytes] : []));
  }
}

test('too many strangers without a token are told one, and let in with it', () => {
  const holder = new Holder();
  const far = (index: number): Contact => person(index + 1);
  const replica = { kind: ROUTE_KIND.store, flags: ROUTE_EXACT | ROUTE_REPLICA };
  const send = (index: number, token?: string): ReplyFrame | undefined => {
    const record = recordOf({ key: keyAt(`a${index + 100}`), author: far(index) });
    return holder.ask({ ...replica, origin: far(index), payload: encodeStore({ options: { token }, record }) });
  };
  for (let i = 0; i < UNSOLICITED_BURST; i++) expect(send(i)?.status).toBe('ok');
  const refused = send(90);
  expect(refused?.status).toBe('bad-token');
  const token = refused && decodeToken(refused.payload);
  expect(send(91, token)?.status).toBe('bad-token');
  expect(send(90, token)?.status).toBe('ok');
});

test('what is wrong with a record is said by name, and nothing of it is stored', () => {
  const holder = new Holder();
  expect(holder.store(recordOf({ value: new Uint8Array(2_000) }))).toBe('too-large');
  expect(holder.store(recordOf({ expiresAt: WALL }))).toBe('expired');
  holder.isSignatureGood = false;
  expect(holder.store(recordOf())).toBe('bad-signature');
  expect(holder.ask({ kind: ROUTE_KIND.store, payload: new Uint8Array(9) })?.status).toBe('invalid');
  expect(holder.machine.snapshot().records).toBe(0);
});

test('a version, an author and an expectation that do not fit are refused with the code of BEP 44', () => {
  const holder = new Holder();
  holder.ask({
    kind: ROUTE_KIND.store,
    flags: ROUTE_EXACT | ROUTE_REPLICA,
    payload: encodeStore({ options: {}, record: recordOf({ sequence: 5 }) }),
  });
  expect(holder.store(recordOf({ sequence: 4 }))).toBe('stale-sequence');
  expect(holder.store(recordOf({ sequence: 9 }), { expectedSequence: 4 })).toBe('cas-mismatch');
  expect(holder.store(recordOf({ sequence: 9, author: person(2) }))).toBe('wrong-key');
  expect(holder.machine.keeps(keyAt('aa'))).toBe(true);
});

test('a record sent towards another key than its own is refused', () => {
  const holder = new Holder();
  const payload = encodeStore({ options: {}, record: recordOf() });
  expect(holder.ask({ kind: ROUTE_KIND.store, flags: 0, target: self.id, payload })?.status).toBe('wrong-key');
});

test('nobody announces another peer, except a replica that passes an announcement on', () => {
  const holder = new Holder();
  const note = { provider: person(2), ttlSeconds: 60, removal: 'abcd' };
  const payload = encodePublish({ key: keyAt('aa'), notes: [note], token: undefined });
  expect(holder.ask({ kind: ROUTE_KIND.publish, payload })?.status).toBe('wrong-key');
  const flags = ROUTE_EXACT | ROUTE_REPLICA;
  expect(holder.ask({ kind: ROUTE_KIND.publish, flags, payload })?.status).toBe('ok');
});

test('a holder answers a read with a token for its key, and counts what it serves', () => {
  const holder = new Holder();
  const payload = encodeGet({ key: keyAt('aa'), subject: 'record', isFresh: false });
  const empty = holder.ask({ kind: ROUTE_KIND.get, payload });
  expect(empty && decodeRead(empty.payload)).toMatchObject({ copyAgeMs: undefined, body: new Uint8Array(0) });
  const store = encodeStore({ options: {}, record: recordOf() });
  holder.ask({ kind: ROUTE_KIND.store, flags: ROUTE_EXACT | ROUTE_REPLICA, payload: store });
  const read = holder.ask({ kind: ROUTE_KIND.get, payload });
  expect(read && decodeRead(read.payload)?.token).toHaveLength(4);
  expect(holder.machine.counters).toMatchObject({ recordsServed: 1, copiesServed: 0 });
});

test('more signatures than can be checked are refused, not queued', () => {
  const holder = new Holder();
  holder.isDriverBusy = true;
  const statuses = Array.from({ length: MAX_VERIFICATIONS + 1 }, (_, i) =>
    holder.store(recordOf({ key: keyAt(`a${i + 100}`), author: neighbour }), {}, neighbour),
  );
  expect(statuses.at(-1)).toBe('full');
  expect(new Set(statuses.slice(0, -1))).toEqual(new Set(['no reply']));
});

test('whoever fills the providers of a key over one link keeps nobody out that comes over another, or of itself', () => {
  const holder = new Holder();
  const flags = ROUTE_EXACT | ROUTE_REPLICA;
  const fakes = Array.from({ length: MAX_PROVIDERS_PER_KEY }, (_, i) => ({
    provider: person(i + 110),
    ttlSeconds: 600,
    removal: 'abcd',
  }));
  const publish = (notes: typeof fakes, origin: Contact): string | undefined =>
    holder.ask({
      kind: ROUTE_KIND.publish,
      flags,
      payload: encodePublish({ key: keyAt('aa'), notes, token: undefined }),
      origin,
    })?.status;
  expect(publish(fakes, person(1))).toBe('ok');
  expect(publish([{ provider: person(2), ttlSeconds: 600, removal: 'abcd' }], person(1))).toBe('quota');
  expect(publish([{ provider: person(2), ttlSeconds: 600, removal: 'abcd' }], neighbour)).toBe('ok');
});

/** A holder among many, for which some keys are far. */
const [near, ...others] = people as [Contact, ...Contact[]];
const secret = 'abcd';
const unpublishOf = (key: Key, provider: Contact, of = secret): Uint8Array =>
  encodeUnpublish({ key, provider, secret: of });

test('an announcement is not taken back where we are not near its key, and nothing is sent on for it', () => {
  const rng = seededRng(5);
  const many = Array.from({ length: 60 }, () => contactFromKey(randomBytes(rng, 32)));
  const bench = new RecordBench(near, many);
  const opposite = (Number.parseInt(near.id.charAt(0), 16) ^ 15).toString(16);
  const payload = unpublishOf(keyAt(opposite), person(1));
  const fields = { kind: ROUTE_KIND.unpublish, flags: ROUTE_EXACT, payload, origin: person(1) };
  expect(bench.receive(fields, many[0]?.id)).toBe('refused');
  expect(bench.sent).toEqual([]);
});

test('strangers beyond what is let in have nothing sent on for a key of which nothing is held, and no token would help them', () => {
  const bench = new RecordBench(near, others);
  const fields = { kind: ROUTE_KIND.unpublish, flags: ROUTE_EXACT, origin: person(1) };
  const ask = (i: number): string => bench.receive({ ...fields, payload: unpublishOf(key, person(i)) }, others[0]?.id);
  for (let i = 0; i < UNSOLICITED_BURST; i++) ask(i);
  expect(ask(100)).toBe('quota');
  expect(bench.sent).toEqual([]);
});

test('the secret of an announcement that is held takes it back from anywhere, at the replicas too', () => {
  const bench = new RecordBench(near, others);
  const fields = { flags: ROUTE_EXACT, origin: person(1) };
  const note = { provider: person(1), ttlSeconds: 600, removal: removalOf(secret) };
  bench.receive(
    { ...fields, kind: ROUTE_KIND.publish, payload: encodePublish({ key, notes: [note], token: undefined }) },
    others[0]?.id,
  );
  expect(bench.machine.keeps(key)).toBe(true);
  const unpublish = (i: number, of?: string): string =>
    bench.receive({ ...fields, kind: ROUTE_KIND.unpublish, payload: unpublishOf(key, person(i), of) }, others[0]?.id);
  for (let i = 0; i < UNSOLICITED_BURST; i++) unpublish(i + 2);
  expect(unpublish(1, 'efgh')).toBe('quota');
  expect(bench.machine.keeps(key)).toBe(true);
  unpublish(1);
  expect(bench.machine.keeps(key)).toBe(false);
  expect(ofKind(bench.sent, ROUTE_KIND.unpublish).length).toBeGreaterThanOrEqual(REPLICATION - 1);
});

test('a provider hears why most replicas did not drop its announcement', () => {
  const bench = new RecordBench(near, others);
  const fields = { flags: ROUTE_EXACT, kind: ROUTE_KIND.unpublish, payload: unpublishOf(key, person(1)) };
  bench.receive({ ...fields, origin: person(1) }, others[0]?.id);
  for (const copy of ofKind(bench.sent, ROUTE_KIND.unpublish)) bench.answer(copy, { status: 'quota' });
  expect([...bench.replies.values()].at(-1)).toMatchObject({ status: 'quota' });
});

test.each([
  ['over its own link hears of each', others[1], 3],
  ['otherwise, be it in its name, hears of one: others could have it sent many', person(1), 1],
])('a replica that passes on what was taken back, and comes %s', (_how, origin, count) => {
  const bench = new RecordBench(near, others);
  const secrets = ['abcd', 'efgh', 'ijkl'];
  const notes = secrets.map((each) => ({ provider: person(2), ttlSeconds: 600, removal: removalOf(each) }));
  const fields = { flags: ROUTE_EXACT | ROUTE_REPLICA, origin: origin as Contact };
  const publish = { ...fields, kind: ROUTE_KIND.publish, payload: encodePublish({ key, notes, token: undefined }) };
  bench.receive(publish, others[1]?.id);
  for (const each of secrets)
    bench.receive({ ...fields, kind: ROUTE_KIND.unpublish, payload: unpublishOf(key, person(2), each) }, others[1]?.id);
  bench.receive(publish, others[1]?.id);
  expect(ofKind(bench.sent, ROUTE_KIND.unpublish)).toHaveLength(count);
});
