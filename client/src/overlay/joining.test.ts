import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import {
  BUCKET_REFRESH_MS,
  OPERATION_TIMEOUT_MS,
  SELF_LOOKUP_INTERVAL_MS,
} from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits, compareDistance } from '../../../shared/src/xor.ts';
import { ContactCache } from './contact-cache.ts';
import { UNKNOWN_PLACE } from './coordinates.ts';
import { FRAME, encodeContacts } from './link-frames.ts';
import { LinkedMachine } from './linked-machine-test-kit.ts';
import { encodeReply } from './reply-frame.ts';
import { ROUTE_ANNOUNCE, ROUTE_KIND, type RouteFrame, decodeRoute } from './route-frame.ts';
import type { OverlayOutput } from './types.ts';

const rng = seededRng(29);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const self = newContact();
const cache = new ContactCache();
/** Nearest to us first. */
const people = Array.from({ length: 200 }, newContact).sort((a, b) => compareDistance(self.id, a.id, b.id));
const inBucket = (bucket: number, count: number): Contact[] =>
  people.filter(({ id }) => commonPrefixBits(self.id, id) === bucket).slice(0, count);
const siblings = people.slice(0, 12);

/** A lookup that left, and over which link. */
interface Sent {
  readonly at: number;
  readonly to: NodeId;
  readonly frame: RouteFrame;
}

/** A peer whose lookups are answered by the hop that gets them. */
class Peer extends LinkedMachine {
  constructor() {
    super({ self });
  }

  /** One of its links names somebody to it. */
  name(contact: Contact): void {
    const [first] = siblings as [Contact];
    const bytes = encodeContacts({ flags: 0, contacts: [{ contact, age: 0, place: UNKNOWN_PLACE }] });
    this.feed({ kind: 'received', from: first.id, bytes });
  }

  /** The lookups that leave in the next `forMs`. */
  lookups(forMs: number): Sent[] {
    const found: Sent[] = [];
    for (const until = this.now + forMs; this.now < until;) {
      for (const output of this.run(500)) found.push(...this.#answered(output));
    }
    return found;
  }

  #answered(output: OverlayOutput): Sent[] {
    if (output.kind !== 'send' || output.bytes[1] !== FRAME.route) return [];
    const frame = decodeRoute(output.bytes, cache);
    if (frame?.kind !== ROUTE_KIND.find) return [];
    const { id } = frame;
    const trail = [{ id: output.to, samples: [] }];
    const reply = { id, status: 'ok' as const, hops: 1, payload: new Uint8Array(0), closest: [], trail };
    this.feed({ kind: 'received', from: output.to, bytes: encodeReply(reply) });
    return [{ at: this.now, to: output.to, frame }];
  }
}

const isAnnounced = ({ frame }: { readonly frame: RouteFrame }): boolean => (frame.flags & ROUTE_ANNOUNCE) !== 0;

test('a newcomer looks into the buckets of which its first links told it little, and not into the others', () => {
  const peer = new Peer();
  peer.link(...siblings, ...inBucket(0, 8), ...inBucket(1, 1));
  const buckets = peer
    .lookups(2 * OPERATION_TIMEOUT_MS)
    .filter((lookup) => !isAnnounced(lookup))
    .map(({ frame }) => commonPrefixBits(self.id, frame.target));
  expect(buckets).toContain(1);
  expect(buckets).not.toContain(0);
});

test('a bucket in which nothing was looked up for ten minutes is looked into', () => {
  const peer = new Peer();
  peer.link(...siblings, ...inBucket(0, 8), ...inBucket(1, 8));
  const times = peer
    .lookups(BUCKET_REFRESH_MS + OPERATION_TIMEOUT_MS)
    .filter((lookup) => !isAnnounced(lookup) && commonPrefixBits(self.id, lookup.frame.target) === 0)
    .map(({ at }) => at);
  expect(times).toHaveLength(1);
  expect(times[0]).toBeGreaterThanOrEqual(BUCKET_REFRESH_MS);
});

test('a joined peer looks itself up again through a link to somebody whom nobody had named, whoever was linked after it', () => {
  const peer = new Peer();
  peer.link(...siblings);
  peer.lookups(2 * SELF_LOOKUP_INTERVAL_MS);
  const [stranger, named] = inBucket(0, 2) as [Contact, Contact];
  peer.link(stranger);
  peer.run(500);
  peer.name(named);
  peer.link(named);
  const announced = peer.lookups(5_000).filter(isAnnounced);
  expect(announced.map(({ to }) => to)).toEqual([stranger.id]);
});

test('a link to somebody who was named does not make a joined peer look itself up', () => {
  const peer = new Peer();
  peer.link(...siblings);
  peer.lookups(2 * SELF_LOOKUP_INTERVAL_MS);
  const [named] = inBucket(0, 1) as [Contact];
  peer.name(named);
  peer.link(named);
  expect(peer.lookups(5_000).filter(isAnnounced)).toEqual([]);
});

test('however many links come up, a joined peer announces itself at most once a minute', () => {
  const peer = new Peer();
  const times: number[] = [];
  for (const contact of people.slice(0, 40)) {
    peer.link(contact);
    times.push(
      ...peer
        .lookups(5_000)
        .filter(isAnnounced)
        .map(({ at }) => at),
    );
  }
  const [, ...later] = times;
  const pauses = later.slice(1).map((at, i) => at - (later[i] ?? 0));
  expect(times.length).toBeGreaterThanOrEqual(3);
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(SELF_LOOKUP_INTERVAL_MS - 500);
});
