import { expect, test } from 'vitest';
import { type Contact, contactFromKey } from '../../../shared/src/ids.ts';
import {
  SWAP_BURST,
  SWAP_FRESH_MS,
  SWAP_GAIN_MS,
  SWAP_HOLD_MS,
  SWAP_PACE_MS,
  SWAP_PERIOD_MS,
} from '../../../shared/src/limits/overlay-links.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits } from '../../../shared/src/xor.ts';
import { type PackedPlace, packPlace } from './coordinates.ts';
import { type Entry, newDial } from './entry.ts';
import { LinkSwaps } from './link-swaps.ts';
import { RoutingTable } from './routing-table.ts';

const rng = seededRng(41);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const self = newContact();
/** In the half of the key space that is not ours; the second lies in the other quarter than the rest and so overlaps with nobody. */
const far: Contact[] = [];
while (far.length < 4) {
  const contact = newContact();
  const isInPlace = far.every(
    ({ id }, i) => (commonPrefixBits(id, contact.id) === 1) === (far.length === 1 || i === 1),
  );
  if (commonPrefixBits(self.id, contact.id) === 0 && isInPlace) far.push(contact);
}
const yes = (): boolean => true;

/** Near us: a round trip of 8 ms by the claims of the peer. */
const HERE = packPlace(0, 0, 4);

/** A peer that knows where it is, with links of which the first is slowest and the second oldest. */
class Lab {
  readonly table = new RoutingTable(self.id, 2);
  readonly swaps = new LinkSwaps(this.table);
  readonly linked: readonly Entry[];

  constructor(...rtts: readonly number[]) {
    for (let i = 0; i < 60; i++) this.table.coordinates.measured(8, HERE, 0.1, 0);
    this.linked = rtts.map((rtt, i) => {
      const entry = this.table.linkUp(far[i] as Contact, 10 - i);
      entry.link?.rtt.sample(rtt);
      return entry;
    });
  }

  know(contact: Contact, place: PackedPlace, now = 0): Entry {
    return this.table.learn(contact, now, now, undefined, place) as Entry;
  }

  /** The new link is up, and its first ping took `rttMs`. */
  open(entry: Entry, rttMs: number): void {
    this.table.linkUp(entry.contact, 0).link?.rtt.sample(rttMs);
  }
}

test('the slowest link of a bucket goes once a much nearer one has taken its place', () => {
  const lab = new Lab(300, 100);
  const near = lab.know(far[2] as Contact, HERE);
  expect(lab.swaps.next(0, yes, yes)).toBe(near);
  lab.open(near, 10);
  expect(lab.swaps.settle()).toBe(lab.linked[0]);
  expect(lab.swaps.isOpen).toBe(false);
});

test('a peer that claimed to be near and is not loses its link again, and is not asked a second time', () => {
  const lab = new Lab(300, 100);
  const liar = lab.know(far[2] as Contact, HERE);
  expect(lab.swaps.next(0, yes, yes)).toBe(liar);
  lab.open(liar, 300);
  expect(lab.swaps.settle()).toBe(liar);
  lab.table.unlink(liar);
  lab.know(liar.contact, HERE, 1);
  expect(lab.table.rttTo(liar)).toBe(300);
  expect(lab.swaps.next(SWAP_PACE_MS, yes, yes)).toBeUndefined();
});

test('the old link stays while the new one is being dialled or is not measured yet, and when the dial failed', () => {
  const lab = new Lab(300, 100);
  const near = lab.know(far[2] as Contact, HERE);
  lab.swaps.next(0, yes, yes);
  near.dial = { ...newDial(), since: 0 };
  expect(lab.swaps.settle()).toBeUndefined();
  lab.table.linkUp(near.contact, 0);
  expect(lab.swaps.settle()).toBeUndefined();
  expect(lab.swaps.isOpen).toBe(true);
  lab.table.unlink(near);
  expect(lab.swaps.settle()).toBeUndefined();
  expect(lab.swaps.isOpen).toBe(false);
});

test('nothing is replaced that either side needs, that is a bucket’s only link, or for little', () => {
  const lab = new Lab(300, 100);
  lab.know(far[2] as Contact, HERE);
  expect(lab.swaps.next(0, () => false, yes)).toBeUndefined();
  const only = new Lab(300);
  only.know(far[2] as Contact, HERE);
  expect(only.swaps.next(0, yes, yes)).toBeUndefined();
  const quick = new Lab(SWAP_GAIN_MS, SWAP_GAIN_MS);
  quick.know(far[2] as Contact, HERE);
  expect(quick.swaps.next(0, yes, yes)).toBeUndefined();
});

test('the oldest link of a bucket is not replaced, however slow it is', () => {
  const lab = new Lab(100, 300);
  lab.know(far[2] as Contact, HERE);
  const took: (Entry | undefined)[] = [];
  lab.swaps.next(
    0,
    (entry) => {
      took.push(entry);
      return true;
    },
    yes,
  );
  expect(took).toEqual([lab.linked[0]]);
});

test('nobody is dialled to replace a link who was last heard of long ago', () => {
  const lab = new Lab(300, 100);
  lab.know(far[2] as Contact, HERE, 0);
  expect(lab.swaps.next(SWAP_FRESH_MS + 1, yes, yes)).toBeUndefined();
  const fresh = lab.know(far[3] as Contact, HERE, SWAP_PACE_MS + 1);
  expect(lab.swaps.next(SWAP_FRESH_MS + SWAP_PACE_MS + 1, yes, yes)).toBe(fresh);
});

test('nothing is replaced while links are lost with their peers', () => {
  const lab = new Lab(300, 100);
  const near = lab.know(far[2] as Contact, HERE);
  lab.swaps.onLinkLost(0);
  lab.swaps.onLinkLost(1000);
  expect(lab.swaps.next(SWAP_HOLD_MS + 999, yes, yes)).toBeUndefined();
  expect(lab.swaps.next(SWAP_HOLD_MS + 1000, yes, yes)).toBe(near);
});

test('a peer that does not know where it is replaces nothing', () => {
  const table = new RoutingTable(self.id, 2);
  for (const contact of far.slice(0, 2)) table.linkUp(contact, 0).link?.rtt.sample(300);
  table.learn(far[2] as Contact, 0, 0, undefined, HERE);
  expect(new LinkSwaps(table).next(0, yes, yes)).toBeUndefined();
});

test('after a burst links are replaced seldom', () => {
  const lab = new Lab(500, 400);
  let replaced = 0;
  const until = 10 * SWAP_PERIOD_MS;
  for (let now = 0; now < until; now += SWAP_PACE_MS) {
    const near = lab.know(far[2] as Contact, HERE, now);
    if (lab.swaps.next(now, yes, yes)) replaced++;
    // The dial failed at once.
    lab.swaps.settle();
    expect(near.link).toBeUndefined();
  }
  expect(replaced).toBeGreaterThanOrEqual(SWAP_BURST + until / SWAP_PERIOD_MS - 2);
  expect(replaced).toBeLessThanOrEqual(SWAP_BURST + until / SWAP_PERIOD_MS);
});
