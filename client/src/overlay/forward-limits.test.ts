import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import {
  FORWARD_SHARE,
  MAX_FORWARDS,
  MAX_FORWARDS_PER_TARGET,
  MAX_FORWARD_BYTES,
  MAX_FRAME_BYTES,
  MAX_HOP_TIMEOUT_MS,
  UNREACHABLE_MS,
} from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import { ContactCache } from './contact-cache.ts';
import { type AckStatus, FRAME, decodeAck, encodeAck } from './link-frames.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { encodeReply } from './reply-frame.ts';
import {
  ROUTE_EXACT,
  ROUTE_HEADER_BYTES,
  ROUTE_KIND,
  type RouteKind,
  decodeRoute,
  encodeRoute,
} from './route-frame.ts';
import type { OverlayOutput, OverlayResult } from './types.ts';

const rng = seededRng(97);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const cache = new ContactCache();
const [self, target] = [newContact(), newContact()];
const nearer = (than: Contact, of: Contact): boolean => compareDistance(target.id, of.id, than.id) < 0;
/** On the way to the target; it takes all that it is given and says nothing. */
const mute = Array.from({ length: 400 }, newContact).find((contact) => nearer(self, contact)) as Contact;
const askers = Array.from({ length: 400 }, newContact).filter((contact) => !nearer(self, contact));
const [flooder, other] = askers as [Contact, Contact];
/** Messages that fill the share of one neighbour. */
const SHARE = FORWARD_SHARE * MAX_FORWARDS;
let ids = 0;

/** Message ids are eight bytes, held as four characters. */
const idOf = (count: number): string => String.fromCharCode(0xabcd, 0, count >>> 8, count & 0xff);

class Hop extends LinkedMachine {
  constructor() {
    super({ self });
    this.link(mute, ...askers.slice(0, 6));
    this.run(5_000);
  }

  /** A message of `from` comes, and is exactly `length` bytes long; what `from` is told at once. */
  take(
    from: Contact,
    to = mute,
    length = ROUTE_HEADER_BYTES,
    kind: RouteKind = ROUTE_KIND.deliver,
  ): AckStatus | undefined {
    return acks(this.pass(from, to, length, kind), from.id)[0];
  }

  /** The same; what follows at once. */
  pass(from: Contact, to: Contact, length = ROUTE_HEADER_BYTES, kind: RouteKind = ROUTE_KIND.deliver): OverlayOutput[] {
    const id = idOf((ids += 1));
    const fields = { id, hops: 1, flags: ROUTE_EXACT, lifetimeMs: 9_000, kind, detours: 0 };
    const payload = new Uint8Array(length - ROUTE_HEADER_BYTES);
    const bytes = encodeRoute({ ...fields, target: to.id, origin: from, via: [], payload });
    return this.feed({ kind: 'received', from: from.id, bytes });
  }

  /** `count` messages of `from`; how many were taken on. */
  flood(from: Contact, count: number, length?: number): number {
    const said = Array.from({ length: count }, () => this.take(from, mute, length));
    return said.filter((status) => status === 'accepted').length;
  }

  /** The target of a message answers it. */
  answer(count: number): OverlayOutput[] {
    const fields = { id: idOf(count), status: 'ok', hops: 1, payload: new Uint8Array(0), closest: [] } as const;
    const bytes = encodeReply({ ...fields, trail: [{ id: mute.id, samples: [] }] });
    return this.feed({ kind: 'received', from: mute.id, bytes });
  }
}

/** The type of each frame that goes to `to`. */
function typesTo(out: readonly OverlayOutput[], to: NodeId): (number | undefined)[] {
  return out.flatMap((output) => (output.kind === 'send' && output.to === to ? [output.bytes[1]] : []));
}

function acks(out: readonly OverlayOutput[], to: NodeId): AckStatus[] {
  return out.flatMap((output) => {
    if (output.kind !== 'send' || output.to !== to || output.bytes[1] !== FRAME.ack) return [];
    return decodeAck(output.bytes)?.status ?? [];
  });
}

test.each([
  ['long', MAX_FRAME_BYTES, (FORWARD_SHARE * MAX_FORWARD_BYTES) / MAX_FRAME_BYTES],
  ['short', ROUTE_HEADER_BYTES, SHARE],
])('a neighbour that floods with %s messages is refused beyond its share, and no other is', (_what, length, share) => {
  const hop = new Hop();
  expect(hop.flood(flooder, share + 10, length)).toBe(share);
  expect(hop.take(flooder, mute, length)).toBe('cannot');
  expect(hop.take(other, mute, length)).toBe('accepted');
});

test('a neighbour has its share again once its messages were answered', () => {
  const hop = new Hop();
  hop.flood(flooder, SHARE);
  hop.answer(ids);
  expect([hop.take(flooder), hop.take(flooder)]).toEqual(['accepted', 'cannot']);
});

test('no more bytes of messages are held than MAX_FORWARD_BYTES, whoever sends them', () => {
  const hop = new Hop();
  const share = (FORWARD_SHARE * MAX_FORWARD_BYTES) / MAX_FRAME_BYTES;
  const taken = askers.slice(0, 5).map((asker) => hop.flood(asker, share, MAX_FRAME_BYTES));
  const bytes = MAX_FRAME_BYTES * taken.reduce((sum, count) => sum + count);
  expect(bytes).toBeLessThanOrEqual(MAX_FORWARD_BYTES);
  expect(bytes).toBeGreaterThanOrEqual(MAX_FORWARD_BYTES - MAX_FRAME_BYTES);
});

test('of more messages than MAX_FORWARDS the oldest are forgotten: their answers find no way back', () => {
  const hop = new Hop();
  const first = ids + 1;
  for (const asker of askers.slice(0, 4)) hop.flood(asker, SHARE);
  hop.take(askers[4] as Contact);
  expect(typesTo(hop.answer(first), flooder.id)).toEqual([]);
  expect(typesTo(hop.answer(first + 1_000), flooder.id)).toEqual([FRAME.reply]);
});

test('a message of ours is still answered after more messages of others than MAX_FORWARDS', () => {
  const hop = new Hop();
  const command = { kind: 'route', op: 1, target: mute.id, protocol: 'app', timeoutMs: 5_000 } as const;
  const sent = hop.feed({ kind: 'command', command: { ...command, payload: new Uint8Array(1) } });
  const frame = sent.flatMap((output) => (output.kind === 'send' ? [decodeRoute(output.bytes, cache)] : []))[0];
  for (const asker of askers.slice(0, 5)) expect(hop.flood(asker, SHARE)).toBe(SHARE);
  const fields = { status: 'ok', hops: 1, payload: new Uint8Array(0), closest: [] } as const;
  const bytes = encodeReply({ ...fields, id: frame?.id ?? '', trail: [{ id: mute.id, samples: [] }] });
  const out = hop.feed({ kind: 'received', from: mute.id, bytes });
  expect(results(out)).toMatchObject([{ kind: 'route' }]);
});

function results(out: readonly OverlayOutput[]): OverlayResult[] {
  return out.flatMap((output) =>
    output.kind === 'emit' && output.event.kind === 'result' ? [output.event.result] : [],
  );
}

/** How many messages leave for others than those that ask. */
function sentOn(out: readonly OverlayOutput[]): number {
  return out.filter((output) => output.kind === 'send' && output.bytes[1] === FRAME.route).length;
}

/** As many messages for the target as may be on their way to it: the next hop has them, and no answer came yet. */
function occupy(hop: Hop): void {
  for (let i = 0; i < MAX_FORWARDS_PER_TARGET; i++) {
    expect(hop.take(other, target)).toBe('accepted');
    hop.feed({ kind: 'received', from: mute.id, bytes: encodeAck({ id: idOf(ids), status: 'accepted' }) });
  }
}

test('no more messages than MAX_FORWARDS_PER_TARGET are on their way to a peer without a link: a further one waits', () => {
  const hop = new Hop();
  occupy(hop);
  const out = hop.pass(other, target);
  expect([acks(out, other.id), sentOn(out)]).toEqual([['accepted'], 0]);
});

test('a message that waits for its turn goes on once one of those before it was answered', () => {
  const hop = new Hop();
  occupy(hop);
  const first = ids - MAX_FORWARDS_PER_TARGET + 1;
  hop.pass(other, target);
  const waiting = idOf(ids);
  hop.answer(first);
  const sent = hop.run(500).flatMap((output) => (output.kind === 'send' ? [decodeRoute(output.bytes, cache)?.id] : []));
  expect(sent).toContain(waiting);
});

test('a message that waited while none before it was answered is told that the peer is unreachable', () => {
  const hop = new Hop();
  occupy(hop);
  hop.pass(flooder, target);
  expect(acks(hop.run(MAX_HOP_TIMEOUT_MS + 500), flooder.id)).toEqual(['unreachable']);
});

test('a peer that could not be reached is tried again only after UNREACHABLE_MS', () => {
  const hop = new Hop();
  occupy(hop);
  hop.pass(flooder, target);
  hop.run(MAX_HOP_TIMEOUT_MS);
  expect(hop.take(flooder, target)).toBe('unreachable');
  hop.run(UNREACHABLE_MS - 1_000);
  expect(hop.take(flooder, target)).toBe('unreachable');
  hop.run(2_000);
  expect(hop.take(flooder, target)).toBe('accepted');
});

test('replies that are carried to a peer by its id, which nobody answers, keep no message to it back', () => {
  const hop = new Hop();
  const carry = (): AckStatus | undefined => hop.take(flooder, target, ROUTE_HEADER_BYTES, ROUTE_KIND.reply);
  const said = Array.from({ length: MAX_FORWARDS_PER_TARGET + 1 }, carry);
  expect(new Set(said)).toEqual(new Set(['accepted']));
  expect(hop.take(other, target)).toBe('accepted');
});
