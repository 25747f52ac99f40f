import { expect, test } from 'vitest';
import { utf8Encode } from '../../../shared/src/bytes.ts';
import { type Contact, contactFromKey } from '../../../shared/src/ids.ts';
import {
  HEDGE_MS,
  MAX_ATTEMPTS,
  MAX_HELD_ANSWER_BYTES,
  MAX_HELD_SIGNALS,
  SIGNAL_HOLD_MS,
} from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { ContactCache } from './contact-cache.ts';
import { FRAME, encodeAck } from './link-frames.ts';
import { Overlay } from './overlay.ts';
import { type WrittenBack, decodeDeliver, decodeWrittenBack, encodeDeliver, encodeWrittenBack } from './payloads.ts';
import { type ReplyFrame, decodeReply, encodeReply } from './reply-frame.ts';
import { ROUTE_EXACT, ROUTE_KIND, type RouteFrame, decodeRoute, encodeRoute } from './route-frame.ts';
import type { OverlayEvent, OverlayOutput, Protocol } from './types.ts';

const rng = seededRng(77);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const [self, friend, stranger] = [newContact(), newContact(), newContact()];
const offer = utf8Encode('offer');
const answer = utf8Encode('answer');
const cache = new ContactCache();

/** One machine with a link to `friend`. */
class Bench {
  readonly machine = new Overlay({ self, rng: seededRng(1) });
  readonly events: OverlayEvent[] = [];
  readonly routes: RouteFrame[] = [];
  readonly replies: ReplyFrame[] = [];
  now = 0;
  #op = 0;

  constructor() {
    this.feed({ kind: 'linkUp', peer: friend, isOutbound: false });
    this.feed({ kind: 'linkUp', peer: stranger, isOutbound: false });
  }

  feed(input: Parameters<Overlay['handle']>[0]): void {
    const out: OverlayOutput[] = [];
    this.machine.handle(input, this.now, out);
    for (const output of out) this.#take(output);
  }

  /** Lets time pass, and calls the machine at its deadlines. */
  run(forMs: number): void {
    const until = this.now + forMs;
    for (let next = this.machine.nextDeadline(); next && next.at <= until; next = this.machine.nextDeadline()) {
      this.now = next.at;
      this.feed({ kind: 'deadline' });
    }
    this.now = until;
  }

  /** A message of `friend` comes; what it is known by. */
  receive(
    delivery: string,
    protocol: Protocol = 'signal',
    copy = 0,
    { origin = friend, body = offer } = {},
  ): string | undefined {
    const message: RouteFrame = {
      id: `${copy}`.padEnd(4, 'm'),
      hops: 3,
      flags: ROUTE_EXACT,
      lifetimeMs: 9_000,
      kind: ROUTE_KIND.deliver,
      detours: 0,
      target: self.id,
      origin,
      via: [],
      payload: encodeDeliver({ protocol, delivery, referrers: [], body }),
    };
    const before = this.messages.length;
    this.feed({ kind: 'received', from: friend.id, bytes: encodeRoute(message) });
    return this.messages[before]?.delivery;
  }

  /** Sends a message of our own. */
  send(inAnswerTo?: string, to = friend, payload = answer): void {
    const command = { kind: 'route', op: ++this.#op, target: to.id, protocol: 'signal', timeoutMs: 5_000 } as const;
    this.feed({ kind: 'command', command: { ...command, payload, inAnswerTo } });
  }

  get messages(): Extract<OverlayEvent, { kind: 'message' }>[] {
    return this.events.filter((event) => event.kind === 'message');
  }

  get results(): string[] {
    return this.events.flatMap((event) => (event.kind === 'result' ? [event.result.kind] : []));
  }

  /** What was written back, one item for each reply. */
  get writtenBack(): (WrittenBack | undefined)[] {
    return this.replies.map(({ payload }) => decodeWrittenBack(payload, cache));
  }

  #take(output: OverlayOutput): void {
    if (output.kind === 'emit') this.events.push(output.event);
    if (output.kind !== 'send') return;
    const route = output.bytes[1] === FRAME.route ? decodeRoute(output.bytes, cache) : undefined;
    if (route && decodeDeliver(route.payload) && route.kind === ROUTE_KIND.deliver) this.routes.push(route);
    const reply = output.bytes[1] === FRAME.reply ? decodeReply(output.bytes, cache) : undefined;
    if (reply) this.replies.push(reply);
  }
}

test('an answer to a signal goes back with its acknowledgement, and is no message of its own', () => {
  const bench = new Bench();
  const delivery = bench.receive('one1');
  expect(bench.replies).toEqual([]);
  bench.run(SIGNAL_HOLD_MS - 1);
  bench.send(delivery);
  expect(bench.writtenBack).toEqual([{ from: self, body: answer }]);
  expect(bench.routes).toEqual([]);
  expect(bench.results).toEqual(['route']);
});

test('a signal that nobody answers is acknowledged when the time is over', () => {
  const bench = new Bench();
  bench.receive('one1');
  bench.run(SIGNAL_HOLD_MS);
  expect(bench.replies).toMatchObject([{ status: 'ok', payload: new Uint8Array(0) }]);
});

test.each<readonly [string, (bench: Bench, delivery: string | undefined) => void]>([
  ['comes after the acknowledgement', (bench) => bench.run(SIGNAL_HOLD_MS)],
  ['is the second to the same signal', (bench, delivery) => bench.send(delivery)],
])('an answer that %s travels by itself', (_why, before) => {
  const bench = new Bench();
  const delivery = bench.receive('one1');
  before(bench, delivery);
  bench.send(delivery);
  expect(bench.replies).toHaveLength(1);
  expect(bench.routes).toMatchObject([{ target: friend.id }]);
});

test.each([
  ['to somebody else than its sender', stranger, answer],
  ['longer than an acknowledgement takes along', friend, new Uint8Array(MAX_HELD_ANSWER_BYTES + 1)],
])('what is written in answer to a signal, but %s, travels by itself', (_why, to, payload) => {
  const bench = new Bench();
  bench.send(bench.receive('one1'), to, payload);
  expect(bench.replies).toEqual([]);
  expect(bench.routes).toMatchObject([{ target: to.id }]);
});

test('every copy of a signal gets the answer, whether it came before or after it', () => {
  const bench = new Bench();
  const delivery = bench.receive('one1');
  bench.receive('one1', 'signal', 1);
  bench.send(delivery);
  bench.run(1_000);
  bench.receive('one1', 'signal', 2);
  expect(bench.writtenBack).toEqual(Array.from({ length: 3 }, () => ({ from: self, body: answer })));
  expect(bench.messages).toHaveLength(1);
});

test.each([
  ['says something else', { body: utf8Encode('forged') }],
  ['comes from somebody else', { origin: stranger }],
])('what %s under the number of a message keeps nobody from hearing that message', (_what, forged) => {
  const bench = new Bench();
  bench.receive('one1', 'app', 0, forged);
  bench.receive('one1', 'app', 1);
  bench.receive('one1', 'app', 2);
  expect(bench.messages.map(({ from, payload }) => ({ origin: from, body: payload }))).toEqual([
    { origin: friend, body: offer, ...forged },
    { origin: friend, body: offer },
  ]);
});

test('a forged signal under the number of one that waits does not take its answer', () => {
  const bench = new Bench();
  const delivery = bench.receive('one1');
  bench.receive('one1', 'signal', 1, { body: utf8Encode('forged') });
  bench.send(delivery);
  expect(bench.replies).toMatchObject([{ id: '0mmm' }]);
  expect(bench.writtenBack).toEqual([{ from: self, body: answer }]);
});

test('more copies of a signal than a request sends are acknowledged at once', () => {
  const bench = new Bench();
  for (let copy = 0; copy < MAX_ATTEMPTS + 2; copy++) bench.receive('one1', 'signal', copy);
  expect(bench.replies).toHaveLength(2);
});

test.each(['call', 'app'] as const)(
  'a message of protocol %s is acknowledged at once: its sender counts on it',
  (protocol) => {
    const bench = new Bench();
    expect(bench.receive('one1', protocol)).toBeUndefined();
    expect(bench.replies).toHaveLength(1);
  },
);

test('when too many signals wait, further ones are acknowledged at once', () => {
  const bench = new Bench();
  for (let i = 0; i < MAX_HELD_SIGNALS; i++) expect(bench.receive(`n${i}`.padEnd(4), 'signal', i)).toBeDefined();
  expect(bench.receive('more', 'signal', MAX_HELD_SIGNALS)).toBeUndefined();
  expect(bench.replies).toHaveLength(1);
});

/** The machine's own signal is acknowledged with `payload`. */
function acknowledge(bench: Bench, payload: Uint8Array): void {
  bench.send();
  const [{ id }] = bench.routes as [RouteFrame];
  const trail = [{ id: friend.id, samples: [] }];
  const bytes = encodeReply({ id, status: 'ok', hops: 1, payload, closest: [], trail });
  bench.feed({ kind: 'received', from: friend.id, bytes });
}

test('what the target of a signal writes back is heard as a message from it', () => {
  const bench = new Bench();
  acknowledge(bench, encodeWrittenBack({ from: friend, body: answer }));
  expect(bench.messages).toEqual([{ kind: 'message', from: friend, protocol: 'signal', payload: answer }]);
  expect(bench.results).toEqual(['route']);
});

test.each([
  ['in the name of another peer', encodeWrittenBack({ from: stranger, body: answer })],
  ['too short to have a sender', Uint8Array.of(1, 2, 3)],
])('what is written back %s is counted as malformed; the signal counts as delivered', (_what, payload) => {
  const bench = new Bench();
  acknowledge(bench, payload);
  expect(bench.messages).toEqual([]);
  expect(bench.machine.counters.malformed).toBe(1);
  expect(bench.results).toEqual(['route']);
});

test('a signal is repeated only after its answer had time to wait at the other end', () => {
  const bench = new Bench();
  bench.run(3_000);
  bench.routes.length = 0;
  bench.send();
  const [{ id }] = bench.routes as [RouteFrame];
  bench.feed({ kind: 'received', from: friend.id, bytes: encodeAck({ id, status: 'accepted' }) });
  bench.run(HEDGE_MS + SIGNAL_HOLD_MS - 1);
  expect(bench.routes).toHaveLength(1);
  bench.run(1);
  expect(bench.routes).toHaveLength(2);
});
