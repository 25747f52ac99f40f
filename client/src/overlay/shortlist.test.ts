import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { BUCKET_CAPACITY, LOOKUP_PLACES_PER_NAMER, LOOKUP_SHORTLIST } from '../../../shared/src/limits/overlay.ts';
import { randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { closestOf } from './lookup.ts';
import { type Candidate, Shortlist } from './shortlist.ts';

const rng = seededRng(71);
const key = contactFromKey(randomBytes(rng, 32)).id;
const contacts = Array.from({ length: 200 }, () => contactFromKey(randomBytes(rng, 32)));
/** Nearest to the key first. */
const people = closestOf(key, contacts, contacts.length);

function named(contact: Contact, namer?: NodeId): Candidate {
  const ways = namer === undefined ? [] : [[namer]];
  return { contact, ways, state: 'new', isVouched: true, isDoubted: false, askedCount: 0 };
}

/** Takes `of` in, each named by another peer. */
function addAll(list: Shortlist, of: readonly Contact[]): Candidate[] {
  return of.map((contact, i) => {
    const candidate = named(contact, people.at(-1 - i)?.id);
    list.add(candidate);
    return candidate;
  });
}

const ids = (candidates: readonly Candidate[]): NodeId[] => candidates.map(({ contact }) => contact.id);

test('the closest peers that answered stay however many closer ones are named', () => {
  const list = new Shortlist(key);
  const answered = addAll(list, people.slice(60, 60 + BUCKET_CAPACITY));
  for (const candidate of answered) candidate.state = 'answered';
  addAll(list, people.slice(0, 60));
  expect(ids(list.believed)).toEqual(ids(answered));
  expect(list.nearest(200)).toHaveLength(LOOKUP_SHORTLIST);
});

test('peers that failed take no place, and are known for it', () => {
  const list = new Shortlist(key);
  for (const candidate of addAll(list, people.slice(0, LOOKUP_SHORTLIST))) {
    candidate.state = 'failed';
    list.setAside(candidate);
  }
  addAll(list, people.slice(50, 60));
  expect(ids(list.nearest(200))).toEqual(people.slice(50, 60).map(({ id }) => id));
  expect(list.get(people[0]?.id as NodeId)?.state).toBe('failed');
});

test('of what one peer names the closest are kept, in whatever order it names them', () => {
  const list = new Shortlist(key);
  for (const contact of people.slice(0, 30).toReversed()) list.add(named(contact, people[100]?.id));
  expect(ids(list.nearest(200))).toEqual(people.slice(0, LOOKUP_PLACES_PER_NAMER).map(({ id }) => id));
});

test('what one peer named beyond its share takes the places of those that failed, the nearest first', () => {
  const list = new Shortlist(key);
  const candidates = people.slice(0, BUCKET_CAPACITY).map((contact) => named(contact, people[100]?.id));
  for (const candidate of candidates.toReversed()) list.add(candidate);
  for (const candidate of candidates.slice(0, 3)) {
    candidate.state = 'failed';
    list.setAside(candidate);
  }
  expect(ids(list.nearest(200))).toEqual(people.slice(3, 3 + LOOKUP_PLACES_PER_NAMER).map(({ id }) => id));
});

test('what one peer named beyond its share is taken in when another one names it', () => {
  const list = new Shortlist(key);
  const [beyond] = people.slice(LOOKUP_PLACES_PER_NAMER);
  for (const contact of people.slice(0, LOOKUP_PLACES_PER_NAMER + 1)) list.add(named(contact, people[100]?.id));
  expect(list.get(beyond?.id as NodeId)).toBeUndefined();
  list.add(named(beyond as Contact, people[101]?.id));
  expect(ids(list.nearest(200))).toContain(beyond?.id);
});
