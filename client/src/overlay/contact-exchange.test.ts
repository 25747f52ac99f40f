import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import {
  ANNOUNCE_CONTACTS,
  BUCKET_CAPACITY,
  CONTACT_EXCHANGE_MS,
  EXCHANGE_CONTACTS,
  FULL_EXCHANGE_MS,
} from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import { ContactCache } from './contact-cache.ts';
import { FLAG_HELLO, FRAME, decodeContacts } from './link-frames.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { encodeFind } from './payloads.ts';
import { decodeReply } from './reply-frame.ts';
import { ROUTE_ANNOUNCE, ROUTE_KIND, encodeRoute } from './route-frame.ts';

const rng = seededRng(17);
const cache = new ContactCache();
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const self = newContact();
/** Nearest to us first. */
const people = Array.from({ length: 60 }, newContact).sort((a, b) => compareDistance(self.id, a.id, b.id));

class Peer extends LinkedMachine {
  constructor() {
    super({ self });
  }

  /** The contacts sent to `to` in the next `forMs`, frame by frame, greetings left out. */
  exchanges(to: NodeId, forMs: number): NodeId[][] {
    return this.run(forMs).flatMap((output) => {
      if (output.kind !== 'send' || output.to !== to || output.bytes[1] !== FRAME.contacts) return [];
      const frame = decodeContacts(output.bytes, cache);
      return frame && (frame.flags & FLAG_HELLO) === 0 ? [frame.contacts.map(({ contact }) => contact.id)] : [];
    });
  }
}

const [sibling, ...others] = people as [Contact, ...Contact[]];

test('a sibling is told only of contacts that it does not have from us yet', () => {
  const peer = new Peer();
  peer.link(...others.slice(0, 6), sibling);
  expect(peer.exchanges(sibling.id, 2 * CONTACT_EXCHANGE_MS)).toEqual([]);
  const newcomer = others[6]!;
  peer.link(newcomer);
  expect(peer.exchanges(sibling.id, CONTACT_EXCHANGE_MS + 1_000).flat()).toContain(newcomer.id);
});

test('the news about one newcomer is that newcomer alone', () => {
  const peer = new Peer();
  peer.link(...others.slice(0, 4), sibling);
  peer.exchanges(sibling.id, 2_000);
  peer.link(others[4]!);
  expect(peer.exchanges(sibling.id, CONTACT_EXCHANGE_MS)).toEqual([[others[4]!.id]]);
});

test('now and then a sibling is told of all that are nearest to it, changed or not', () => {
  const peer = new Peer();
  peer.link(...others.slice(0, 20), sibling);
  const frames = peer.exchanges(sibling.id, FULL_EXCHANGE_MS + CONTACT_EXCHANGE_MS);
  expect(frames).toHaveLength(1);
  expect(frames[0]).toHaveLength(EXCHANGE_CONTACTS);
});

test('an announced self-lookup is answered with the siblings and two to spare, any other with a whole bucket', () => {
  const peer = new Peer();
  peer.link(...people.slice(0, 30));
  const isOurs = ({ id }: Contact): boolean =>
    people.slice(0, 30).every((other) => compareDistance(id, self.id, other.id) < 0);
  const origin = Array.from({ length: 1_000 }, newContact).find(isOurs) as Contact;
  const ask = (flags: number, id: string): number | undefined => {
    const payload = encodeFind({ key: origin.id, referrers: [] });
    const frame = { id, kind: ROUTE_KIND.find, flags, target: origin.id, hops: 1, detours: 0, lifetimeMs: 5_000 };
    const bytes = encodeRoute({ ...frame, via: [], origin, payload });
    const out = peer.feed({ kind: 'received', from: people[0]!.id, bytes });
    const replies = out.flatMap((o) => (o.kind === 'send' && o.bytes[1] === FRAME.reply ? [o.bytes] : []));
    return replies[0] && decodeReply(replies[0], cache)?.closest.length;
  };
  expect(ask(ROUTE_ANNOUNCE, '\u0001\u0002\u0003\u0004')).toBe(ANNOUNCE_CONTACTS);
  expect(ask(0, '\u0001\u0002\u0003\u0005')).toBe(BUCKET_CAPACITY);
});
