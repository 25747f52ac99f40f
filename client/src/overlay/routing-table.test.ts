import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { MAX_CONTACTS_PER_SOURCE } from '../../../shared/src/limits/overlay-links.ts';
import {
  AGE_CHECK_MS,
  BUCKET_CAPACITY,
  KNOWN_MAX_AGE_MS,
  PASS_ON_MAX_AGE_MS,
  REPLACEMENT_CAPACITY,
} from '../../../shared/src/limits/overlay.ts';
import { randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits, compareDistance } from '../../../shared/src/xor.ts';
import { packPlace } from './coordinates.ts';
import { newDial } from './entry.ts';
import { RoutingTable } from './routing-table.ts';

function contacts(seed: number, count: number): Contact[] {
  const rng = seededRng(seed);
  return Array.from({ length: count }, () => contactFromKey(randomBytes(rng, 32)));
}

const people = contacts(1, 400);
function item<T>(items: readonly T[], index: number): T {
  const found = items[index];
  if (found === undefined) throw new Error(`no item ${index}`);
  return found;
}

const person = (index: number): Contact => item(people, index);
const self = person(0).id;

/** A random history of a table: contacts learned, links opened and lost, peers dying. */
function play(seed: number, steps: number): { table: RoutingTable; linked: Set<NodeId>; now: number } {
  const rng = seededRng(seed);
  const table = new RoutingTable(self, 10);
  const linked = new Set<NodeId>();
  let now = 0;
  for (let i = 0; i < steps; i++) {
    now += randomBelow(rng, 500);
    const contact = person(randomBelow(rng, people.length));
    const action = randomBelow(rng, 10);
    const entry = table.link(contact.id);
    if (action < 6) table.learn(contact, now - randomBelow(rng, 90_000), now, undefined);
    else if (action < 8 && contact.id !== self && linked.size < 64) {
      table.linkUp(contact, now);
      linked.add(contact.id);
    } else if (action === 8 && entry) {
      table.unlink(entry);
      linked.delete(contact.id);
    } else if (action === 9) {
      table.drop(contact.id, now);
      linked.delete(contact.id);
    }
  }
  return { table, linked, now };
}

test('whatever happens, buckets keep their bounds and every live link is in the table', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 600 }), (seed, steps) => {
      const { table, linked } = play(seed, steps);
      expect(new Set(table.linked.map(({ contact }) => contact.id))).toEqual(linked);
      let total = 0;
      for (const bucket of table.buckets) {
        if (!bucket) continue;
        total += bucket.entries.length;
        expect(bucket.linkedCount).toBe(bucket.entries.filter(({ link }) => link).length);
        expect(bucket.entries.length).toBeLessThanOrEqual(Math.max(BUCKET_CAPACITY, bucket.linkedCount));
        expect(bucket.replacements.length).toBeLessThanOrEqual(REPLACEMENT_CAPACITY);
        for (const { contact, bucket: index } of bucket.entries)
          expect(table.buckets[index]?.entries.some((e) => e.contact === contact)).toBe(true);
      }
      expect(table.size).toBe(total);
      expect(table.get(self)).toBeUndefined();
    }),
    { numRuns: 60 },
  );
});

test('the closest contacts are those that sorting all of them by distance gives', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(people.length - 1), fc.integer({ min: 1, max: 30 }), (seed, at, count) => {
      const { table } = play(seed, 300);
      const target = person(at).id;
      const sorted = [...table.entries()]
        .map(({ contact }) => contact.id)
        .sort((a, b) => compareDistance(target, a, b));
      expect(table.closest(target, count).map(({ contact }) => contact.id)).toEqual(sorted.slice(0, count));
      expect(table.siblings.map(({ contact }) => contact.id)).toEqual(
        [...table.entries()]
          .map(({ contact }) => contact.id)
          .sort((a, b) => compareDistance(self, a, b))
          .slice(0, 10),
      );
    }),
    { numRuns: 60 },
  );
});

test('the next hop is the closest linked peer that is nearer to the target than we are', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(people.length - 1), (seed, at) => {
      const { table, linked } = play(seed, 300);
      const target = person(at).id;
      const nearer = [...linked]
        .filter((id) => compareDistance(target, id, self) < 0)
        .sort((a, b) => compareDistance(target, a, b));
      expect(table.nextHop(target, [], self, true)?.contact.id).toBe(nearer[0]);
      expect(table.nextHop(target, nearer.slice(0, 1), self, true)?.contact.id).toBe(nearer[1]);
    }),
    { numRuns: 60 },
  );
});

test('a full bucket of fresh contacts keeps newcomers as replacements, and one moves up when a contact dies', () => {
  const table = new RoutingTable(self, 10);
  const far = people.filter(({ id }) => id !== self && differsInFirstBit(id));
  const known = far.slice(0, BUCKET_CAPACITY);
  const newcomer = item(far, BUCKET_CAPACITY);
  for (const contact of known) expect(table.learn(contact, 1000, 1000, undefined)).toBeDefined();
  expect(table.learn(newcomer, 1000, 1000, undefined)).toBeUndefined();
  table.drop(item(known, 0).id, 2000);
  expect(table.get(newcomer.id)).toBeDefined();
});

test('a contact that nobody proved alive for long makes room for a fresh one', () => {
  const table = new RoutingTable(self, 10);
  const far = people.filter(({ id }) => differsInFirstBit(id));
  for (const contact of far.slice(0, BUCKET_CAPACITY)) table.learn(contact, 0, 0, undefined);
  const newcomer = item(far, BUCKET_CAPACITY);
  const later = PASS_ON_MAX_AGE_MS + 1;
  expect(table.learn(newcomer, later, later, undefined)?.contact).toBe(newcomer);
  expect(table.size).toBe(BUCKET_CAPACITY);
});

/** Beside us. */
const HERE = packPlace(0, 0, 4);
const FAR_AWAY = packPlace(400, 0, 4);

/** A table that knows its siblings and where it is. */
function locatedTable(): RoutingTable {
  const table = new RoutingTable(self, 4);
  for (let i = 0; i < 60; i++) table.coordinates.measured(8, HERE, 0.1, 0);
  const nearest = people.slice(1).sort((a, b) => compareDistance(self, a.id, b.id));
  for (const contact of nearest.slice(0, 4)) table.learn(contact, 1000, 1000, undefined, FAR_AWAY);
  return table;
}

test('in the younger half of a full bucket near contacts take the places of far ones, the older half stays', () => {
  const table = locatedTable();
  const far = people.slice(1).filter(({ id }) => differsInFirstBit(id));
  for (const contact of far.slice(0, BUCKET_CAPACITY)) table.learn(contact, 1000, 1000, undefined, FAR_AWAY);
  for (const contact of far.slice(BUCKET_CAPACITY, 3 * BUCKET_CAPACITY))
    table.learn(contact, 1000, 1000, undefined, HERE);
  const held = table.buckets[0]?.entries.map(({ contact }) => contact) ?? [];
  expect(held).toHaveLength(BUCKET_CAPACITY);
  expect(held.slice(0, BUCKET_CAPACITY / 2)).toEqual(far.slice(0, BUCKET_CAPACITY / 2));
  expect(held.slice(BUCKET_CAPACITY / 2).every((contact) => far.indexOf(contact) >= BUCKET_CAPACITY)).toBe(true);
});

test('a single source brings only a few near contacts into a full bucket', () => {
  const table = locatedTable();
  const far = people.slice(1).filter(({ id }) => differsInFirstBit(id));
  for (const contact of far.slice(0, BUCKET_CAPACITY)) table.learn(contact, 1000, 1000, undefined, FAR_AWAY);
  for (const contact of far.slice(BUCKET_CAPACITY, 3 * BUCKET_CAPACITY))
    table.learn(contact, 1000, 1000, person(398).id, HERE);
  const held = table.buckets[0]?.entries.filter(({ place }) => place === HERE) ?? [];
  expect(held).toHaveLength(MAX_CONTACTS_PER_SOURCE);
});

test('nobody is too far to be a sibling', () => {
  const table = new RoutingTable(self, 4);
  for (let i = 0; i < 60; i++) table.coordinates.measured(8, HERE, 0.1, 0);
  const far = people.slice(1).filter(({ id }) => differsInFirstBit(id));
  for (const contact of far.slice(0, BUCKET_CAPACITY)) table.learn(contact, 1000, 1000, undefined, FAR_AWAY);
  const siblings = table.siblings.map(({ contact }) => contact);
  for (const contact of far.slice(BUCKET_CAPACITY)) table.learn(contact, 1000, 1000, undefined, HERE);
  expect(table.siblings.map(({ contact }) => contact)).toEqual(siblings);
});

test('what a round trip took while there was a link counts for more than any claim', () => {
  const table = locatedTable();
  const entry = table.linkUp(person(7), 1000);
  entry.link?.rtt.sample(250);
  table.unlink(entry);
  table.learn(person(7), 2000, 2000, undefined, HERE);
  expect(table.rttTo(entry)).toBe(250);
});

test('hearsay from before a death does not bring the dead back, news from after it does', () => {
  const table = new RoutingTable(self, 10);
  const peer = person(1);
  table.linkUp(peer, 10_000);
  table.drop(peer.id, 20_000);
  expect(table.learn(peer, 19_000, 25_000, undefined)).toBeUndefined();
  expect(table.learn(peer, 24_000, 25_000, undefined)).toBeDefined();
});

test('a contact is learned only from a proof of life that is fresh enough to pass on', () => {
  const table = new RoutingTable(self, 10);
  expect(table.learn(person(1), 0, PASS_ON_MAX_AGE_MS + 1, undefined)).toBeUndefined();
  expect(table.learn(person(1), 1, PASS_ON_MAX_AGE_MS + 1, undefined)).toBeDefined();
});

test('a contact that nobody proved alive for KNOWN_MAX_AGE_MS is forgotten; one with a link, or a dial, is not', () => {
  const table = new RoutingTable(self, 10);
  for (const index of [1, 2, 3]) table.learn(person(index), 0, 0, undefined);
  const dialled = table.get(person(2).id);
  if (dialled) dialled.dial = { ...newDial(), since: 0 };
  table.linkUp(person(3), 0);
  table.age(KNOWN_MAX_AGE_MS);
  expect(table.size).toBe(3);
  table.age(KNOWN_MAX_AGE_MS + AGE_CHECK_MS);
  expect([...table.entries()].map(({ contact }) => contact.id).toSorted()).toEqual(
    [person(2).id, person(3).id].toSorted(),
  );
});

test('a contact that somebody proved alive since is kept', () => {
  const table = new RoutingTable(self, 10);
  table.learn(person(1), 0, 0, undefined);
  table.learn(person(1), KNOWN_MAX_AGE_MS, KNOWN_MAX_AGE_MS, undefined);
  table.age(KNOWN_MAX_AGE_MS + AGE_CHECK_MS);
  expect(table.size).toBe(1);
});

function differsInFirstBit(id: NodeId): boolean {
  return commonPrefixBits(id, self) === 0;
}

test('a source that named a quarter of a half-full bucket fills only its replacement cache from then on', () => {
  const table = new RoutingTable(self, 10);
  const far = people.slice(1).filter(({ id }) => commonPrefixBits(self, id) === 0);
  const [teller, other] = [person(398).id, person(399).id];
  for (const contact of far.slice(0, 18)) table.learn(contact, 1_000, 1_000, teller);
  expect(table.buckets[0]?.entries).toHaveLength(BUCKET_CAPACITY / 2);
  expect(table.buckets[0]?.replacements).toHaveLength(REPLACEMENT_CAPACITY);
  for (const contact of far.slice(18, 30)) table.learn(contact, 1_000, 1_000, other);
  expect(table.buckets[0]?.entries).toHaveLength(BUCKET_CAPACITY / 2 + MAX_CONTACTS_PER_SOURCE);
});

test('whom another source names as well moves up from the replacement cache', () => {
  const table = new RoutingTable(self, 10);
  const far = people.slice(1).filter(({ id }) => commonPrefixBits(self, id) === 0);
  for (const contact of far.slice(0, 11)) table.learn(contact, 1_000, 1_000, person(398).id);
  const waiting = item(far, 10);
  expect(table.get(waiting.id)).toBeUndefined();
  expect(table.learn(waiting, 1_000, 1_000, person(399).id)?.contact).toBe(waiting);
});

test('the sibling set changes with a sibling, and with nobody else', () => {
  const table = new RoutingTable(self, 4);
  const sorted = people.slice(1, 30).sort((a, b) => compareDistance(self, a.id, b.id));
  for (const contact of sorted) table.learn(contact, 0, 0, undefined);
  const ids = (): NodeId[] => table.siblings.map(({ contact }) => contact.id);
  const before = table.siblings;
  const version = table.siblingVersion;
  table.drop(item(sorted, 10).id, 1);
  table.drop(item(sorted, 20).id, 1);
  expect([table.siblings === before, table.siblingVersion]).toEqual([true, version]);
  table.drop(item(sorted, 1).id, 1);
  expect(table.siblingVersion).toBe(version + 1);
  expect(ids()).toEqual([0, 2, 3, 4].map((index) => item(sorted, index).id));
});

test('a contact that waited in the cache and moves up is a sibling at once where it is closer than those', () => {
  const table = new RoutingTable(self, 3);
  const inBucket = people
    .slice(1)
    .filter(({ id }) => commonPrefixBits(self, id) === 0)
    .sort((a, b) => compareDistance(self, a.id, b.id));
  const [nearest, ...others] = inBucket.slice(0, 12) as [Contact, ...Contact[]];
  const source = person(399).id;
  for (const [i, contact] of others.entries()) {
    table.learn(contact, 0, 0, i < MAX_CONTACTS_PER_SOURCE ? source : item(inBucket, 20 + i).id);
  }
  table.learn(nearest, 0, 0, source);
  expect(table.siblings.map(({ contact }) => contact.id)).not.toContain(nearest.id);
  table.drop(item(others, 10).id, 1);
  expect(table.siblings.map(({ contact }) => contact.id)).toEqual([nearest, ...others.slice(0, 2)].map(({ id }) => id));
});
