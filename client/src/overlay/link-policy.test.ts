import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import {
  BUSY_DIALS,
  BUSY_WAIT_MS,
  DIAL_FRESH_MS,
  DIAL_PACE_MS,
  DIAL_PROVEN_MS,
  LINK_ADMIT_SHARE,
  PENDING_GRACE_MS,
  LINK_FILL_SHARE,
  LINK_REFILL_SHARE,
  POLICY_RECHECK_MS,
  PRUNE_HOLD_OFF_MS,
  REFUSAL_HOLD_OFF_MS,
  SPARE_DIAL_PACE_MS,
  WAITING_FRESH_MS,
  YOUNG_MS,
  YOUNG_SPARE_DIAL_PACE_MS,
} from '../../../shared/src/limits/overlay-links.ts';
import { BUCKET_CAPACITY } from '../../../shared/src/limits/overlay.ts';
import { type Rng, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits, compareDistance } from '../../../shared/src/xor.ts';
import { BrokenPairs } from './broken-pairs.ts';
import { ContactCache } from './contact-cache.ts';
import { Core } from './core.ts';
import { Forwarder } from './forwarder.ts';
import { AnswerTimes } from './answer-times.ts';
import { LinkPolicy, siblingCountFor } from './link-policy.ts';
import { RoutingTable } from './routing-table.ts';
import type { OverlayOutput } from './types.ts';
import { VirtualLinks } from './virtual-links.ts';

const rng: Rng = seededRng(31);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const self = newContact();
/** Nearest to us first. */
const people = Array.from({ length: 400 }, newContact).sort((a, b) => compareDistance(self.id, a.id, b.id));
const bucketOf = ({ id }: Contact): number => commonPrefixBits(self.id, id);
/** In the half of the key space that is not ours: siblings of nobody here. */
const far = people.filter((contact) => bucketOf(contact) === 0);

/** A link policy with its table, driven as the overlay drives it. */
class Lab {
  readonly core = new Core(self, seededRng(2), new ContactCache());
  readonly table: RoutingTable;
  readonly policy: LinkPolicy;
  readonly out: OverlayOutput[] = [];

  constructor(target: number, hard = 2 * target) {
    this.table = new RoutingTable(self.id, siblingCountFor(target));
    const forwarder = new Forwarder(this.core, this.table);
    const pairs = new BrokenPairs();
    const routing = { core: this.core, table: this.table, forwarder, answerTimes: new AnswerTimes() };
    this.policy = new LinkPolicy(this.core, this.table, { target, hard }, pairs, new VirtualLinks(routing, pairs));
    this.core.out = this.out;
  }

  /** Makes peers known, with a proof of life `age` ms old, so that they may be dialled at once. */
  know(contacts: readonly Contact[], age = 0): void {
    for (const contact of contacts) {
      const entry = this.table.learn(contact, this.core.now - age, this.core.now, undefined);
      if (entry) entry.retryAt = 0;
    }
  }

  link(contacts: readonly Contact[]): void {
    for (const contact of contacts) {
      this.table.linkUp(contact, this.core.now);
      this.policy.onLinkUp(contact.id);
    }
  }

  /** Runs timers and maintenance up to `until`; dials succeed at once unless `isRefused`. Returns when each dial left. */
  run(
    until: number,
    outcome: 'up' | 'refused' | 'pending' = 'up',
  ): { readonly at: number; readonly id: NodeId; readonly isSpare: boolean }[] {
    const dials: { at: number; id: NodeId; isSpare: boolean }[] = [];
    for (; this.core.now <= until; this.core.now += 50) {
      if (this.core.now % 1000 === 0) this.policy.tick();
      for (
        let timed = this.core.timers.takeExpired(this.core.now);
        timed;
        timed = this.core.timers.takeExpired(this.core.now)
      )
        timed.onTimer();
      for (const output of this.out.splice(0)) {
        if (output.kind !== 'openLink') continue;
        dials.push({ at: this.core.now, id: output.contact.id, isSpare: output.isSpare });
        if (outcome === 'up') this.link([output.contact]);
        else if (outcome === 'refused')
          this.policy.onDialFailed(output.contact.id, { isPeerAtFault: false, isRefused: true });
      }
    }
    return dials;
  }

  /** All answers come `ms` later than their ways take. */
  wait(ms: number): void {
    for (let i = 0; i < 50; i++) this.core.waiting.sample(20 + ms, 20, this.core.now);
  }

  closed(): NodeId[] {
    return this.out.splice(0).flatMap((output) => (output.kind === 'closeLink' ? [output.peer] : []));
  }
}

const gaps = (dials: readonly { readonly at: number }[]): number[] =>
  dials.slice(1).map(({ at }, i) => at - (dials[i]?.at ?? 0));

test('a sibling of whom nobody has heard for six seconds is not dialled until somebody does', () => {
  const lab = new Lab(32);
  const nearest = people.slice(0, 9);
  const isOneOfTwo = (contact: Contact): boolean =>
    nearest.filter((other) => bucketOf(other) === bucketOf(contact)).length >= 2;
  const sibling = nearest.find(isOneOfTwo) as Contact;
  lab.link([...nearest.filter((contact) => contact !== sibling), ...far.slice(0, 10)]);
  lab.know([sibling], DIAL_PROVEN_MS + 1);
  expect(lab.run(20_000).map(({ id }) => id)).not.toContain(sibling.id);
  lab.know([sibling], 1_000);
  const dialled = lab.run(lab.core.now + 2_000).find(({ id }) => id === sibling.id);
  expect(dialled).toMatchObject({ isSpare: false });
});

test('in a network where all may link to all, links that nobody needs are dialled as quickly as needed ones', () => {
  const lab = new Lab(40);
  lab.link(people.slice(0, 11));
  lab.know(far.slice(0, 8));
  const dials = lab.run(10_000).filter(({ isSpare }) => isSpare);
  expect(dials.length).toBeGreaterThanOrEqual(6);
  expect(Math.max(...gaps(dials))).toBeLessThanOrEqual(DIAL_PACE_MS + 50);
});

test('a peer that is young takes its time with links that nobody needs, an older one takes less', () => {
  const lab = new Lab(40);
  lab.link(people.slice(0, 12));
  lab.link(far.slice(0, 2));
  lab.know(people.slice(12, 60));
  lab.know(far.slice(2, 20));
  expect(lab.table.size).toBeGreaterThan(BUCKET_CAPACITY);
  const dials = lab.run(YOUNG_MS + 20_000).filter(({ isSpare }) => isSpare);
  const young = gaps(dials.filter(({ at }) => at < YOUNG_MS));
  const old = gaps(dials.filter(({ at }) => at > YOUNG_MS + YOUNG_SPARE_DIAL_PACE_MS));
  expect(Math.min(...young)).toBeGreaterThanOrEqual(YOUNG_SPARE_DIAL_PACE_MS);
  expect(Math.min(...old)).toBeGreaterThanOrEqual(SPARE_DIAL_PACE_MS);
  expect(Math.max(...old)).toBeLessThan(YOUNG_SPARE_DIAL_PACE_MS);
});

test('spare links are dialled up to a share of the target, and again only when there are fewer than a smaller one', () => {
  const lab = new Lab(20);
  lab.know(people);
  lab.run(200_000);
  const full = lab.table.linked.length;
  expect(full).toBeGreaterThanOrEqual(Math.floor(20 * LINK_FILL_SHARE));
  expect(full).toBeLessThan(20);
  const spare = lab.table.linked.filter(
    (entry) => !lab.policy.needs(entry) && lab.table.buckets[entry.bucket]!.linkedCount > 3,
  );
  for (const entry of spare.slice(0, 1)) lab.table.unlink(entry);
  expect(lab.run(lab.core.now + 20_000)).toEqual([]);
  const least = Math.floor(20 * LINK_REFILL_SHARE);
  for (const entry of [...lab.table.linked].filter((each) => !lab.table.isSibling(each)))
    if (lab.table.linked.length >= least) lab.table.unlink(entry);
  lab.run(lab.core.now + 200_000);
  expect(lab.table.linked.length).toBeGreaterThanOrEqual(Math.floor(20 * LINK_FILL_SHARE));
});

test('a contact that lived a moment ago is dialled before one that nobody has seen for longer', () => {
  const lab = new Lab(40);
  lab.link(people.slice(0, 12));
  const [fresh, ...older] = far.slice(0, 12) as [Contact, ...Contact[]];
  lab.core.now = DIAL_FRESH_MS;
  lab.know(older, DIAL_FRESH_MS + 1_000);
  lab.know([fresh]);
  expect(lab.run(lab.core.now + 1_000, 'pending').slice(0, 1)).toMatchObject([{ id: fresh.id, isSpare: false }]);
});

test('without any that lived a moment ago, an older one is dialled', () => {
  const lab = new Lab(40);
  lab.link(people.slice(0, 12));
  lab.core.now = DIAL_FRESH_MS;
  lab.know(far.slice(0, 3), DIAL_FRESH_MS + 1_000);
  expect(lab.run(lab.core.now + 1_000, 'pending')).toHaveLength(3);
});

test('the first link of a bucket and siblings are offered as needed, the rest as spare', () => {
  const lab = new Lab(16);
  lab.know(people);
  const dials = lab.run(60_000);
  const isSibling = ({ id }: { readonly id: NodeId }): boolean => {
    const entry = lab.table.link(id);
    return entry !== undefined && lab.table.isSibling(entry);
  };
  expect(dials.filter(({ isSpare }) => isSpare).length).toBeGreaterThan(3);
  expect(dials.filter((dial) => dial.isSpare && isSibling(dial))).toEqual([]);
  const buckets = dials.filter((dial) => !dial.isSpare && !isSibling(dial)).map(({ id }) => lab.table.link(id)?.bucket);
  expect(new Set(buckets).size).toBe(buckets.length);
});

test('with fewer than three links any further one is needed: offered as such, and again soon after a refusal', () => {
  const lab = new Lab(8);
  lab.link([people[0]!, far[0]!]);
  lab.know(far.slice(1, 3));
  const dials = lab.run(20_000, 'refused');
  expect(dials.filter(({ isSpare }) => isSpare)).toEqual([]);
  expect(dials.filter(({ id }) => id === far[1]!.id)).toHaveLength(3);
  expect(dials.filter(({ id }) => id === far[2]!.id)).toHaveLength(3);
});

test('a peer with three links or fewer needs each of them', () => {
  const lab = new Lab(16);
  lab.link([...people.slice(0, 12), ...far.slice(0, 3)]);
  const last = lab.table.link(far[2]!.id)!;
  expect(lab.policy.needs(last)).toBe(false);
  for (const contact of people.slice(0, 12)) lab.table.unlink(lab.table.link(contact.id)!);
  expect(lab.policy.needs(last)).toBe(true);
});

test('a pruned peer that is needed is dialled again soon, another one much later', () => {
  const lab = new Lab(10);
  lab.link([...people.slice(0, 4), ...far.slice(0, 3)]);
  const [needed, spare] = [lab.table.siblings[0]!, lab.table.link(far[2]!.id)!];
  lab.policy.onPruned(needed);
  lab.policy.onPruned(spare);
  const dials = lab.run(REFUSAL_HOLD_OFF_MS - 1_000);
  expect(dials.map(({ id, isSpare }) => [id, isSpare])).toEqual([[needed.contact.id, false]]);
  expect(dials[0]!.at).toBeGreaterThanOrEqual(PRUNE_HOLD_OFF_MS);
  expect(dials[0]!.at).toBeLessThanOrEqual(PRUNE_HOLD_OFF_MS + POLICY_RECHECK_MS);
  expect(lab.run(REFUSAL_HOLD_OFF_MS + POLICY_RECHECK_MS)).toMatchObject([{ id: spare.contact.id, isSpare: true }]);
});

test('an offer that its sender can do without is taken while there is room, or when we need the link', () => {
  const lab = new Lab(5);
  expect(Math.floor(5 * LINK_ADMIT_SHARE)).toBe(6);
  lab.link([...people.slice(1, 4), ...far.slice(0, 3)]);
  expect(lab.policy.admits(far[3]!, true, 0)).toBe(false);
  expect(lab.policy.admits(far[3]!, false, 0)).toBe(true);
  expect(lab.policy.admits(people[0]!, true, 0)).toBe(true);
  lab.table.unlink(lab.table.link(far[0]!.id)!);
  expect(lab.policy.admits(far[3]!, true, 0)).toBe(true);
});

test('offers that were taken and are no links yet count as links for as long as they may become some', () => {
  const lab = new Lab(5);
  lab.link([...people.slice(0, 3), ...far.slice(0, 2)]);
  expect([far[3]!, far[4]!].map((contact) => lab.policy.admits(contact, true, 0))).toEqual([true, false]);
  expect(lab.policy.admits(far[4]!, true, 30_000)).toBe(true);
});

test('offers that their senders need are taken as long as there are places, those on the way to become links counted', () => {
  const lab = new Lab(5, 8);
  lab.link([...people.slice(1, 4), ...far.slice(0, 3)]);
  const admits = (contact: Contact, now = 0): boolean => lab.policy.admits(contact, false, now);
  expect([far[3]!, far[4]!, far[5]!].map((contact) => admits(contact))).toEqual([true, true, false]);
  expect([far[3]!, people[0]!].map((contact) => admits(contact))).toEqual([true, true]);
  lab.link([far[3]!]);
  expect(admits(far[5]!)).toBe(false);
  expect(admits(far[5]!, 30_000)).toBe(true);
});

test('offers that their senders need keep none out that can do without, as long as they are no links', () => {
  const lab = new Lab(5);
  lab.link([...people.slice(0, 3), ...far.slice(0, 2)]);
  expect(lab.policy.admits(far[3]!, false, 0)).toBe(true);
  expect([far[4]!, far[5]!].map((contact) => lab.policy.admits(contact, true, 0))).toEqual([true, false]);
});

test('offers through one neighbour that do not become links keep out no needed one that comes another way', () => {
  const lab = new Lab(5, 10);
  lab.link([...people.slice(1, 4), ...far.slice(0, 3)]);
  const admits = (contact: Contact, over: Contact, now = 0): boolean => lab.policy.admits(contact, false, now, over.id);
  const taken = far.slice(4, 9).map((contact) => admits(contact, people[1]!));
  expect(taken).toEqual([true, true, true, true, false]);
  expect([far[9]!, far[10]!].map((contact) => admits(contact, people[2]!))).toEqual([true, true]);
  expect(admits(far[11]!, people[1]!)).toBe(false);
});

test('offers through one neighbour that do not become links keep out no spare one that comes another way', () => {
  const lab = new Lab(8, 40);
  lab.link([...people.slice(0, 4), ...far.slice(0, 3)]);
  const admits = (contact: Contact, over: Contact): boolean => lab.policy.admits(contact, true, 0, over.id);
  expect(far.slice(4, 8).map((contact) => admits(contact, people[1]!))).toEqual([true, true, true, false]);
  expect(admits(far[9]!, people[2]!)).toBe(true);
});

test('offers that came all ways and became no links give way to new ones after a while, the oldest first', () => {
  const lab = new Lab(5, 8);
  lab.link([...people.slice(1, 4), ...far.slice(0, 3)]);
  const admits = (i: number, now: number): boolean => lab.policy.admits(far[i]!, false, now, people[i % 3]!.id);
  expect([3, 4, 5].map((i) => admits(i, i))).toEqual([true, true, false]);
  expect(admits(5, 3 + PENDING_GRACE_MS)).toBe(true);
  expect(admits(6, 3 + PENDING_GRACE_MS)).toBe(false);
});

test('an offer that is repeated takes the place that it has', () => {
  const lab = new Lab(5);
  lab.link([...people.slice(0, 3), ...far.slice(0, 2)]);
  expect([1, 2].map(() => lab.policy.admits(far[3]!, true, 0))).toEqual([true, true]);
});

test('a link that is given up as soon as it is up leaves its place to the next offer', () => {
  const lab = new Lab(5, 7);
  lab.link([...people.slice(1, 4), ...far.slice(0, 3)]);
  expect([far[3]!, far[4]!].map((contact) => lab.policy.admits(contact, false, 0))).toEqual([true, false]);
  lab.policy.release(lab.table.linkUp(far[3]!, 0));
  expect(lab.policy.admits(far[4]!, false, 0)).toBe(true);
});

test('a peer that refused is not asked again for ten minutes, unless it is needed by then', () => {
  const lab = new Lab(20);
  lab.link(people.slice(0, 5));
  lab.link(far.slice(0, 2));
  lab.know(far.slice(2, 4));
  const refused = lab.run(60_000, 'refused').map(({ id }) => id);
  expect(refused.sort()).toEqual([far[2]!.id, far[3]!.id].sort());
  for (const contact of far.slice(0, 2)) lab.table.drop(contact.id, lab.core.now);
  lab.policy.wake();
  expect(lab.run(61_000).slice(0, 1)).toMatchObject([{ isSpare: false }]);
});

test('the more peers refuse in a row, the rarer spare dials become, until one accepts', () => {
  const lab = new Lab(40);
  lab.link([...people.slice(0, 12), ...far.slice(0, 2)]);
  lab.know([...people.slice(12, 60), ...far.slice(2, 30)]);
  lab.run(YOUNG_MS, 'up');
  const pauses = gaps(lab.run(lab.core.now + 240_000, 'refused'));
  expect(pauses.length).toBeGreaterThan(5);
  for (const [i, pause] of pauses.slice(1, 6).entries()) expect(pause).toBeGreaterThanOrEqual(1.9 * pauses[i]!);
  lab.link([far[40]!]);
  const again = lab.run(lab.core.now + 20_000, 'up');
  expect(gaps(again)[0]).toBeLessThanOrEqual(SPARE_DIAL_PACE_MS + 100);
});

test('a peer whose network is crowded is given up, and refused for a while, needed or not', () => {
  const lab = new Lab(40);
  lab.link(far.slice(0, 6));
  far.slice(0, 3).forEach(({ id }, i) => lab.policy.onNetwork(id, `203.0.${i}`));
  for (const { id } of far.slice(3, 6)) lab.policy.onNetwork(id, '198.51.100');
  expect(lab.closed()).toEqual([far[5]!.id]);
  expect(lab.policy.admits(far[5]!, false, 1_000)).toBe(false);
  expect(lab.policy.admits(far[5]!, false, REFUSAL_HOLD_OFF_MS)).toBe(true);
});

test('while answers wait long, only links that are needed are dialled, one after the other', () => {
  const lab = new Lab(40);
  lab.link([people[0]!, far[0]!, far[1]!]);
  lab.know([...people.slice(1, 12), ...far.slice(2, 12)]);
  lab.wait(2 * BUSY_WAIT_MS);
  const dials = lab.run(WAITING_FRESH_MS - 1_000, 'pending');
  expect(dials).toHaveLength(BUSY_DIALS);
  expect(dials).toMatchObject([{ isSpare: false }]);
  lab.link([people.find(({ id }) => id === dials[0]!.id)!]);
  lab.core.waiting.sample(2_000, 20, lab.core.now);
  expect(lab.run(lab.core.now + WAITING_FRESH_MS - 1_000, 'pending')).toHaveLength(BUSY_DIALS);
});

test('while answers wait long, an offer that its sender can do without is refused, one that is needed is taken', () => {
  const lab = new Lab(40);
  lab.link([...people.slice(1, 12), ...far.slice(0, 2)]);
  lab.wait(2 * BUSY_WAIT_MS);
  expect(lab.policy.admits(far[3]!, true, 0)).toBe(false);
  expect(lab.policy.admits(far[3]!, false, 0)).toBe(true);
  expect(lab.policy.admits(people[0]!, true, 0)).toBe(true);
  expect(lab.policy.admits(far[3]!, true, WAITING_FRESH_MS + 1)).toBe(true);
});

test('a peer with few links dials as many at once as ever, however long answers wait', () => {
  const lab = new Lab(40);
  lab.link([people[0]!]);
  lab.know(far.slice(0, 8));
  lab.wait(10 * BUSY_WAIT_MS);
  expect(lab.run(1_000, 'pending').length).toBeGreaterThan(BUSY_DIALS);
});
