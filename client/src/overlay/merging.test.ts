import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { CROSS_CHECK_INTERVAL_MS, MERGE_HINTS, MERGE_INTERVAL_MS } from '../../../shared/src/limits/virtual-links.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import { UNKNOWN_PLACE } from './coordinates.ts';
import { ContactCache } from './contact-cache.ts';
import { FLAG_CROSS_CHECK, FLAG_HELLO, FRAME, decodeContacts, encodeContacts } from './link-frames.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { ROUTE_ANNOUNCE, type RouteFrame, decodeRoute } from './route-frame.ts';
import type { OverlayOutput } from './types.ts';

const rng = seededRng(9);
const cache = new ContactCache();
const self = contact();
/** Nearest to us first. */
const people = Array.from({ length: 60 }, contact).sort((a, b) => compareDistance(self.id, a.id, b.id));

function contact(): Contact {
  return contactFromKey(randomBytes(rng, 32));
}

class Settled extends LinkedMachine {
  constructor() {
    super({ self, linkTarget: 32, linkHard: 51 });
  }

  /** A linked peer names `stranger`. */
  hint(from: Contact, stranger: Contact, flags: number = FLAG_CROSS_CHECK): OverlayOutput[] {
    const bytes = encodeContacts({ flags, contacts: [{ contact: stranger, age: 0, place: UNKNOWN_PLACE }] });
    return this.feed({ kind: 'received', from: from.id, bytes });
  }
}

/** Hints sent: to whom, and whom they name. */
function hintsIn(out: readonly OverlayOutput[]): { to: NodeId; named: NodeId | undefined }[] {
  return out.flatMap((o) => {
    if (o.kind !== 'send' || o.bytes[1] !== FRAME.contacts || o.bytes[2] !== FLAG_CROSS_CHECK) return [];
    return [{ to: o.to, named: decodeContacts(o.bytes, cache)?.contacts[0]?.contact.id }];
  });
}

/** Self-lookups that leave through a chosen way. */
function checksIn(out: readonly OverlayOutput[]): { to: NodeId; frame: RouteFrame }[] {
  return out.flatMap((o) => {
    const frame = o.kind === 'send' && o.bytes[1] === FRAME.route ? decodeRoute(o.bytes, cache) : undefined;
    return o.kind === 'send' && frame && frame.via.length > 0 ? [{ to: o.to, frame }] : [];
  });
}

const far = people.slice(30);
const near = people.slice(0, 8);

test('who sees its siblings displaced by living strangers names the nearest to some older links, once a minute', () => {
  const settled = new Settled();
  settled.link(...far.slice(0, 20));
  settled.run(90_000);
  settled.link(...near);
  const hints = hintsIn(settled.run(5_000));
  expect(hints).toHaveLength(MERGE_HINTS);
  expect(new Set(hints.map(({ named }) => named))).toEqual(new Set([near[0]?.id]));
  expect(hints.every(({ to }) => far.some(({ id }) => id === to))).toBe(true);
  expect(hintsIn(settled.run(MERGE_INTERVAL_MS - 10_000))).toEqual([]);
});

test('siblings that died and were replaced are no sign of an island', () => {
  const settled = new Settled();
  settled.link(...near, ...far.slice(0, 20));
  settled.run(90_000);
  for (const { id } of near) settled.feed({ kind: 'linkDown', peer: id });
  settled.link(...people.slice(8, 16));
  expect(hintsIn(settled.run(70_000))).toEqual([]);
});

test('a newcomer that finds its place takes nobody for an island', () => {
  const settled = new Settled();
  settled.link(...far.slice(0, 20));
  settled.run(5_000);
  settled.link(...near);
  expect(hintsIn(settled.run(20_000))).toEqual([]);
});

test('a peer that is told of a stranger looks itself up through it, and not again at once', () => {
  const settled = new Settled();
  const [teller, stranger, another] = [far[0], near[0], near[1]] as [Contact, Contact, Contact];
  settled.link(...far.slice(0, 10));
  settled.run(1_000);
  const [check] = checksIn(settled.hint(teller, stranger));
  expect(check?.to).toBe(teller.id);
  expect(check?.frame).toMatchObject({ target: self.id, flags: ROUTE_ANNOUNCE, via: [teller.id, stranger.id] });
  settled.run(CROSS_CHECK_INTERVAL_MS - 1_000);
  expect(checksIn(settled.hint(teller, another))).toEqual([]);
  settled.run(2_000);
  expect(checksIn(settled.hint(teller, another))).toHaveLength(1);
});

test('contacts without the flag, ourselves and peers that we are linked to cause no lookup', () => {
  const settled = new Settled();
  const [teller, linked, stranger] = [far[0], far[1], near[0]] as [Contact, Contact, Contact];
  settled.link(...far.slice(0, 10));
  settled.run(1_000);
  expect(checksIn(settled.hint(teller, stranger, FLAG_HELLO))).toEqual([]);
  expect(checksIn(settled.hint(teller, self))).toEqual([]);
  expect(checksIn(settled.hint(teller, linked))).toEqual([]);
});
