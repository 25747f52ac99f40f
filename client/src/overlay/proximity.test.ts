import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { DETOUR_MAX_BITS, PROGRESS_MS_PER_BIT } from '../../../shared/src/limits/overlay.ts';
import { randomBelow, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { compareDistance } from '../../../shared/src/xor.ts';
import type { Entry, LinkState } from './entry.ts';
import { RoutingTable } from './routing-table.ts';
import { inOrder, toldLink, toldRtt } from './told-links.ts';

const rng = seededRng(23);
const newContact = (): Contact => contactFromKey(randomBytes(rng, 32));
const self = newContact();
const origin = newContact().id;
/** Siblings of ours, so that other targets are none of our neighbourhood. */
const near = Array.from({ length: 400 }, newContact)
  .sort((a, b) => compareDistance(self.id, a.id, b.id))
  .slice(0, 4);

/** A table of 4 siblings and 30 links, with a round trip for each. */
function tableWith(links: readonly { readonly contact: Contact; readonly rttMs: number | undefined }[]): RoutingTable {
  const table = new RoutingTable(self.id, 4);
  for (const contact of near) table.learn(contact, 0, 0, undefined);
  for (const { contact, rttMs } of links) {
    const { link } = table.linkUp(contact, 0);
    if (rttMs !== undefined) link?.rtt.sample(rttMs);
  }
  return table;
}

/** The closest of `links` to a random target outside of our neighbourhood, and the next closest. */
function rivals(links: readonly Contact[]): { target: NodeId; best: Contact; second: Contact; bits: number } {
  for (;;) {
    const target = newContact().id;
    const [best, second] = [...links].sort((a, b) => compareDistance(target, a.id, b.id)) as [Contact, Contact];
    const distance = ({ id }: Contact): number =>
      (Number.parseInt(id.slice(0, 8), 16) ^ Number.parseInt(target.slice(0, 8), 16)) >>> 0;
    const bits = Math.log2(distance(second) + 1) - Math.log2(distance(best) + 1);
    const isFar = near.every(({ id }) => compareDistance(self.id, target, id) > 0);
    if (isFar && bits > 0.5 && bits < 2 && compareDistance(target, second.id, self.id) < 0)
      return { target, best, second, bits };
  }
}

const people = Array.from({ length: 30 }, newContact);

test('a link is worth a detour exactly when it saves more time than the progress it gives up', () => {
  for (let i = 0; i < 50; i++) {
    const { target, best, second, bits } = rivals(people);
    const saved = bits * PROGRESS_MS_PER_BIT;
    const rttOf = (contact: Contact, gain: number): number | undefined =>
      contact === best ? 400 : contact === second ? 400 - saved - gain : undefined;
    const next = (gain: number): NodeId | undefined =>
      tableWith(people.map((contact) => ({ contact, rttMs: rttOf(contact, gain) }))).nextHop(target, [], origin, true)
        ?.contact.id;
    expect([next(2), next(-2)]).toEqual([second.id, best.id]);
  }
});

/** An id that shares `bits` with `target`, and not the next one. */
function idSharing(target: NodeId, bits: number): number {
  return Number.parseInt(target.slice(0, 8), 16) ^ (0x80000000 >>> bits);
}

test('of two hops that come as close, the one whose own links lead closer is taken', () => {
  for (let i = 0; i < 50; i++) {
    const { target, best, second } = rivals(people);
    const table = tableWith(people.map((contact) => ({ contact, rttMs: 150 })));
    const next = (): NodeId | undefined => table.nextHop(target, [], origin, true)?.contact.id;
    expect(next()).toBe(best.id);
    table.link(second.id)!.link!.farLinks = [toldLink(idSharing(target, 16), 40)];
    expect(next()).toBe(second.id);
    table.link(best.id)!.link!.farLinks = [toldLink(idSharing(target, 18), 40)];
    expect(next()).toBe(best.id);
  }
});

test('a link beyond a hop counts with its own round trip', () => {
  for (let i = 0; i < 50; i++) {
    const { target, best, second, bits } = rivals(people);
    const table = tableWith(people.map((contact) => ({ contact, rttMs: 150 })));
    const next = (farMs: number): NodeId | undefined => {
      table.link(best.id)!.link!.farLinks = [toldLink(idSharing(target, 16), 40)];
      table.link(second.id)!.link!.farLinks = [toldLink(idSharing(target, 17), farMs)];
      return table.nextHop(target, [], origin, true)?.contact.id;
    };
    // A bit closer, and worth that much longer.
    expect([next(32 + PROGRESS_MS_PER_BIT), next(48 + PROGRESS_MS_PER_BIT), bits > 0]).toEqual([
      second.id,
      best.id,
      true,
    ]);
  }
});

test('the hop taken is the cheapest of all ways of one and of two links', () => {
  for (let i = 0; i < 200; i++) {
    const table = tableWith(people.map((contact) => ({ contact, rttMs: 1 + randomBelow(rng, 400) })));
    for (const { link } of table.linked)
      link!.farLinks = inOrder(Array.from({ length: 12 }, () => toldLink(rng.nextUint32(), randomBelow(rng, 400))));
    const target = newContact().id;
    const next = table.nextHop(target, [], origin, true);
    if (!next || near.some(({ id }) => compareDistance(self.id, target, id) <= 0)) continue;
    const prefix = Number.parseInt(target.slice(0, 8), 16);
    const distanceOf = ({ contact }: Entry): number => ((contact.prefix ^ prefix) >>> 0) + 1;
    const closer = table.linked.filter(({ contact }) => compareDistance(target, contact.id, self.id) < 0);
    const limit = Math.min(...closer.map(distanceOf)) * 2 ** DETOUR_MAX_BITS;
    const costs = closer
      .filter((entry) => distanceOf(entry) <= limit && entry.link?.rtt.least !== undefined)
      .map((entry) => cheapest(entry.link!, distanceOf(entry), prefix));
    expect(cheapest(next.link!, distanceOf(next), prefix)).toBe(Math.min(...costs));
  }
});

/** What the best way through a link costs, by looking at all of them. */
function cheapest({ rtt, farLinks }: LinkState, distance: number, prefix: number): number {
  const beyond = farLinks.map((far) => ({ reached: (((far ^ prefix) >>> 8) + 1) * 256, ms: toldRtt(far) }));
  const ways = [{ reached: distance, ms: 0 }, ...beyond.filter(({ reached }) => reached < distance)];
  return Math.min(...ways.map(({ reached, ms }) => rtt.least! + ms + PROGRESS_MS_PER_BIT * Math.log2(reached)));
}

test('links beyond a hop do not lead to one that is no closer than ourselves', () => {
  const target = newContact().id;
  const table = tableWith(people.map((contact) => ({ contact, rttMs: 150 })));
  for (const { link } of table.linked) link!.farLinks = [toldLink(idSharing(target, 24), 4)];
  const next = table.nextHop(target, [], origin, true);
  expect(next === undefined || compareDistance(target, next.contact.id, self.id) < 0).toBe(true);
});

test('a target among our siblings is approached by the closest link, however slow', () => {
  const links = [...people, ...near].map((contact) => ({ contact, rttMs: contact === near[0] ? 900 : 5 }));
  expect(tableWith(links).nextHop(near[0]!.id, [], origin, true)?.contact.id).toBe(near[0]!.id);
});

test('whatever the round trips are, a hop comes closer, was not tried, and is not the origin', () => {
  for (let i = 0; i < 200; i++) {
    const table = tableWith(people.map((contact) => ({ contact, rttMs: 1 + randomBelow(rng, 500) })));
    const target = newContact().id;
    const tried = people.slice(0, randomBelow(rng, 20)).map(({ id }) => id);
    const from = people[20 + randomBelow(rng, 10)]!.id;
    const next = table.nextHop(target, tried, from, true)?.contact.id;
    const isClosest = people.every(
      ({ id }) => tried.includes(id) || id === from || compareDistance(target, id, self.id) > 0,
    );
    expect(next === undefined).toBe(isClosest);
    expect(
      next !== undefined && (tried.includes(next) || next === from || compareDistance(target, next, self.id) > 0),
    ).toBe(false);
  }
});
