import { type Contact, contactFromKey } from '../../shared/src/ids.ts';
import { BUCKET_CAPACITY, MAX_FRAME_CONTACTS, SIBLING_COUNT } from '../../shared/src/limits/overlay.ts';
import { type Rng, randomBelow, randomBytes } from '../../shared/src/machine.ts';
import { commonPrefixBits, compareDistance } from '../../shared/src/xor.ts';
import { UNKNOWN_PLACE } from '../src/overlay/coordinates.ts';
import { FRAME, encodeContacts, encodePing } from '../src/overlay/link-frames.ts';
import { Overlay } from '../src/overlay/overlay.ts';
import { encodeLinks, toldLink } from '../src/overlay/told-links.ts';
import type { OverlayOutput } from '../src/overlay/types.ts';

/** One machine in the middle of a network that exists only in its table. */
export interface FilledMachine {
  readonly machine: Overlay;
  readonly self: Contact;
  /** The linked peers. */
  readonly peers: readonly Contact[];
}

export function randomContact(rng: Rng): Contact {
  return contactFromKey(randomBytes(rng, 32));
}

/**
 * A machine whose table is filled as in a network of `nodes` peers: links to the closest ones and evenly over the
 * buckets, `linkCount` in all, and in each bucket as many known contacts as there are, at most k. Its links have round trips,
 * and have told of as many links of theirs.
 */
export function fillMachine(rng: Rng, nodes: number, linkCount: number): FilledMachine {
  const self = randomContact(rng);
  const others = Array.from({ length: nodes - 1 }, () => randomContact(rng));
  others.sort((a, b) => compareDistance(self.id, a.id, b.id));
  const buckets: Contact[][] = [];
  for (const contact of others) (buckets[commonPrefixBits(self.id, contact.id)] ??= []).push(contact);
  const peers = linkedOf(others, buckets, linkCount);
  const machine = new Overlay({ self, rng });
  const out: OverlayOutput[] = [];
  for (const peer of peers) machine.handle({ kind: 'linkUp', peer, isOutbound: true }, 0, out);
  const known = buckets.flatMap((bucket) => bucket.slice(0, BUCKET_CAPACITY));
  // Every peer names a few contacts of each bucket, because a table takes only a share of a bucket from one source.
  for (const [index, { id }] of peers.entries()) {
    const named = known.filter((_, i) => i % peers.length === index).slice(0, MAX_FRAME_CONTACTS);
    const contacts = named.map((contact) => ({ contact, age: 0, place: UNKNOWN_PLACE }));
    machine.handle({ kind: 'received', from: id, bytes: encodeContacts({ flags: 0, contacts }) }, 0, out);
  }
  for (const { id } of peers) {
    const ping = encodePing(FRAME.ping, { flags: 0, sequence: 0, rttMs: 20 + randomBelow(rng, 200) });
    const links = Array.from({ length: linkCount }, () => toldLink(rng.nextUint32(), 20 + randomBelow(rng, 200)));
    machine.handle({ kind: 'received', from: id, bytes: ping }, 0, out);
    machine.handle({ kind: 'received', from: id, bytes: encodeLinks({ isWhole: true, links }) }, 0, out);
  }
  return { machine, self, peers };
}

/** The siblings, then one of every bucket in turn, the farthest bucket first, until there are `count`. */
function linkedOf(nearestFirst: readonly Contact[], buckets: readonly Contact[][], count: number): Contact[] {
  const linked = new Set(nearestFirst.slice(0, SIBLING_COUNT));
  for (let round = 0; linked.size < Math.min(count, nearestFirst.length); round++) {
    for (const bucket of buckets) {
      const contact = bucket?.[round];
      if (contact && linked.size < count) linked.add(contact);
    }
  }
  return [...linked];
}
