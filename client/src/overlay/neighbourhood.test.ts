import { describe, expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKeys } from '../../../shared/src/ids.ts';
import { LOOKUP_CALM_MS, LOOKUP_HEARD_MS, LOOKUP_MIN_SEEN } from '../../../shared/src/limits/overlay.ts';
import { REPLICATION } from '../../../shared/src/limits/records.ts';
import { type Millis, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits, compareDistance, isCloser } from '../../../shared/src/xor.ts';
import { closestAnswer } from './closest-answer.ts';
import { AnswerTimes } from './answer-times.ts';
import { ContactCache } from './contact-cache.ts';
import { Core } from './core.ts';
import { Forwarder } from './forwarder.ts';
import { Neighbourhood } from './neighbourhood.ts';
import { RoutingTable } from './routing-table.ts';

const rng = seededRng(37);
const newContact = (): Contact => contactFromKeys(randomBytes(rng, 32), randomBytes(rng, 32));
const newKey = (): NodeId => newContact().id;

/** One peer of a network that it is linked to its siblings in, and to nobody else. */
class Place {
  readonly self = newContact();
  readonly core = new Core(this.self, seededRng(1), new ContactCache());
  readonly table = new RoutingTable(this.self.id, REPLICATION);
  readonly neighbourhood = new Neighbourhood(this.core, this.table);
  readonly others: readonly Contact[];
  /** The siblings, nearest first. */
  readonly siblings: readonly Contact[];

  constructor(others: readonly Contact[]) {
    this.others = others;
    const nearest = others.toSorted((a, b) => compareDistance(this.self.id, a.id, b.id));
    this.siblings = nearest.slice(0, REPLICATION);
    this.at(LOOKUP_CALM_MS);
    for (const sibling of this.siblings) this.table.linkUp(sibling, this.core.now);
  }

  at(now: Millis): this {
    this.core.now = now;
    return this;
  }

  /** All siblings but these are heard. */
  hear(except: readonly NodeId[] = []): this {
    for (const { contact, link } of this.table.linked)
      if (link && !except.includes(contact.id)) link.lastHeard = this.core.now;
    return this;
  }

  /** Siblings that share more with us than the farthest one does. */
  get inside(): readonly Contact[] {
    return this.siblings.filter(({ id }) => commonPrefixBits(this.self.id, id) > this.depth);
  }

  /** Bits that the farthest sibling shares with us. */
  get depth(): number {
    return commonPrefixBits(this.self.id, this.siblings.at(-1)?.id ?? this.self.id);
  }

  /** The answer to a lookup of `key`, if it ended here. */
  answer(key: NodeId): NodeId[] {
    const { core, table } = this;
    const routing = { core, table, forwarder: new Forwarder(core, table), answerTimes: new AnswerTimes() };
    return closestAnswer(routing, key, this.inside.length + 1, newKey()).map(({ contact }) => contact.id);
  }
}

const places = Array.from({ length: 60 }, () => new Place(Array.from({ length: 100 }, newContact)));
const [place] = places.filter(({ inside }) => inside.length >= LOOKUP_MIN_SEEN) as [Place];

/** A key that shares this many bits with the peer of `place`, or more. */
function keyWithin(bits: number, isRight: (key: NodeId) => boolean = () => true): NodeId {
  for (;;) {
    const key = newKey();
    if (commonPrefixBits(place.self.id, key) >= bits && isRight(key)) return key;
  }
}

describe('a peer sees all around a key', () => {
  test('that shares more with it than its farthest sibling does', () => {
    place.at(LOOKUP_CALM_MS).hear();
    expect(place.neighbourhood.seesAllAround(keyWithin(place.depth + 1))).toBe(true);
  });

  test('but not when its farthest sibling shares as much: others may, too, that it does not know', () => {
    const isAtEdge = (key: NodeId): boolean => commonPrefixBits(place.self.id, key) === place.depth;
    expect(place.neighbourhood.seesAllAround(keyWithin(place.depth, isAtEdge))).toBe(false);
  });

  test('but not when hardly anybody else shares as much', () => {
    const lonely = places.filter(({ inside }) => inside.length < LOOKUP_MIN_SEEN);
    expect(lonely.length).toBeGreaterThan(0);
    const seen = lonely.filter(({ self, neighbourhood }) => neighbourhood.seesAllAround(self.id));
    expect(seen).toEqual([]);
  });

  test('but not while one that is closer was not heard lately', () => {
    const [closer] = place.inside as [Contact];
    const isBehind = (key: NodeId): boolean => isCloser(key, closer.id, place.self.id);
    const key = keyWithin(place.depth + 1, isBehind);
    place.at(100_000).hear();
    place.at(100_000 + LOOKUP_HEARD_MS).hear([closer.id]);
    expect(place.neighbourhood.seesAllAround(key)).toBe(true);
    place.at(100_001 + LOOKUP_HEARD_MS);
    expect(place.neighbourhood.seesAllAround(key)).toBe(false);
  });

  test('whoever is farther than itself may be silent', () => {
    const [farther] = place.inside as [Contact];
    const isBefore = (key: NodeId): boolean => isCloser(key, place.self.id, farther.id);
    const key = keyWithin(place.depth + 1, isBefore);
    place.at(200_000).hear();
    place.at(201_000 + LOOKUP_HEARD_MS).hear([farther.id]);
    expect(place.neighbourhood.seesAllAround(key)).toBe(true);
  });

  test('but not for half a minute after a peer that it was linked to died', () => {
    const mourning = new Place([...place.others, ...Array.from({ length: 200 }, newContact)]);
    const stranger = newContact();
    mourning.table.linkUp(stranger, mourning.core.now);
    const key = mourning.self.id;
    const before = mourning.neighbourhood.seesAllAround(key);
    mourning.table.drop(stranger.id, mourning.core.now);
    expect(mourning.neighbourhood.seesAllAround(key)).toBe(false);
    const seen = mourning
      .at(2 * LOOKUP_CALM_MS)
      .hear()
      .neighbourhood.seesAllAround(key);
    expect([before, seen]).toEqual([true, true]);
  });

  test('whose closest peers it then names without a mistake, itself among them', () => {
    let count = 0;
    for (const each of places) {
      each.at(LOOKUP_CALM_MS).hear();
      const everybody = [each.self, ...each.others].map(({ id }) => id);
      for (let i = 0; i < 150; i++) {
        const key = newKey();
        if (!each.neighbourhood.seesAllAround(key)) continue;
        count++;
        const truth = everybody.toSorted((a, b) => compareDistance(key, a, b));
        expect(each.answer(key)).toEqual(truth.slice(0, each.inside.length + 1));
      }
    }
    expect(count).toBeGreaterThan(100);
  });
});
