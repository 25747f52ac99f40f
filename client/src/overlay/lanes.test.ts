import { expect, test } from 'vitest';
import { type Contact, type NodeId, contactFromKey } from '../../../shared/src/ids.ts';
import { LANE_SLACK_BITS } from '../../../shared/src/limits/overlay.ts';
import { type Rng, randomBytes, seededRng } from '../../../shared/src/machine.ts';
import { commonPrefixBits, compareDistance, isCloser } from '../../../shared/src/xor.ts';
import { hasLane, isInLane, laneFlags, nextLaneHop } from './lanes.ts';
import { ROUTE_ANNOUNCE, ROUTE_EXACT, ROUTE_REPLICA } from './route-frame.ts';
import { RoutingTable } from './routing-table.ts';

const rng = seededRng(11);

/** Fewer than any half of the links: a target in the other half is then beyond them. */
const SIBLINGS = 4;

function person(random: Rng = rng): Contact {
  return contactFromKey(randomBytes(random, 32));
}

/** A table with `count` links to random peers. */
function tableOf(count: number): { table: RoutingTable; linked: NodeId[] } {
  const table = new RoutingTable(person().id, SIBLINGS);
  const linked = Array.from({ length: count }, () => table.linkUp(person(), 0).contact.id);
  return { table, linked };
}

/** A target so far away that it is nobody's sibling: the opposite half of the id space. */
function farFrom(id: NodeId): NodeId {
  const first = (Number.parseInt(id.charAt(0), 16) ^ 8).toString(16);
  return `${first}${person().id.slice(1)}` as NodeId;
}

test.each([2, 4, 8])('of %i lanes every peer is in exactly one', (lanes) => {
  for (let i = 0; i < 100; i++) {
    const { id } = person();
    const own = Array.from({ length: lanes }, (_, lane) => lane).filter((lane) => isInLane(id, laneFlags(lane, lanes)));
    expect(own).toHaveLength(1);
  }
});

test('three copies take three of four lanes, five to eight copies as many of eight', () => {
  expect([0, 1, 2].map((lane) => laneFlags(lane, 3))).toEqual([0, 1, 2].map((lane) => laneFlags(lane, 4)));
  expect(laneFlags(4, 5)).toBe(laneFlags(4, 8));
});

test('a single copy has no lane, and a lane touches no other flag', () => {
  expect(laneFlags(0, 1)).toBe(0);
  for (let lane = 0; lane < 8; lane++) {
    expect(laneFlags(lane, 8) & (ROUTE_EXACT | ROUTE_ANNOUNCE | ROUTE_REPLICA)).toBe(0);
    expect(laneFlags(lane, 8)).toBeLessThan(256);
    expect(hasLane(laneFlags(lane, 8))).toBe(true);
  }
  expect(hasLane(ROUTE_EXACT | ROUTE_ANNOUNCE | ROUTE_REPLICA)).toBe(false);
});

test('a copy comes closer with every hop, in its lane when a peer there is about as close', () => {
  let inLaneCount = 0;
  for (let i = 0; i < 200; i++) {
    const { table } = tableOf(40);
    const target = farFrom(table.self);
    const flags = laneFlags(i % 8, 8);
    const origin = person().id;
    const best = table.nextHop(target, [], origin, true)?.contact.id;
    const next = nextLaneHop(table, target, flags, [], origin)?.contact.id;
    if (best === undefined || next === undefined) throw new Error('no hop although the target is far away');
    expect(isCloser(target, next, table.self)).toBe(true);
    if (isInLane(next, flags)) inLaneCount++;
    expect(commonPrefixBits(target, best) - commonPrefixBits(target, next)).toBeLessThanOrEqual(LANE_SLACK_BITS);
    expect(next === best || isInLane(next, flags)).toBe(true);
  }
  expect(inLaneCount).toBeGreaterThan(50);
});

test('eight copies leave a peer through several hops where one copy alone would always take the same', () => {
  const { table } = tableOf(120);
  const target = farFrom(table.self);
  const self = person().id;
  const hops = Array.from({ length: 8 }, (_, lane) => nextLaneHop(table, target, laneFlags(lane, 8), [], self));
  expect(new Set(hops).size).toBeGreaterThanOrEqual(2);
});

test('a copy ends at a peer that has the target among its siblings, though it knows a closer one', () => {
  const { table, linked } = tableOf(60);
  const nearest = linked.sort((a, b) => compareDistance(table.self, a, b))[0] as NodeId;
  expect(table.nextHop(nearest, [], person().id, true)).toBeDefined();
  expect(nextLaneHop(table, nearest, laneFlags(3, 8), [], person().id)).toBeUndefined();
});

test('hops that were tried, the origin, and peers under suspicion are passed over', () => {
  const { table, linked } = tableOf(12);
  const target = farFrom(table.self);
  const flags = laneFlags(0, 2);
  const first = nextLaneHop(table, target, flags, [], person().id);
  if (!first?.link) throw new Error('no hop');
  expect(nextLaneHop(table, target, flags, [first.contact.id], person().id)).not.toBe(first);
  expect(nextLaneHop(table, target, flags, [], first.contact.id)).not.toBe(first);
  first.link.isSuspect = true;
  expect(nextLaneHop(table, target, flags, [], person().id)).not.toBe(first);
  expect(nextLaneHop(table, target, flags, linked, person().id)).toBeUndefined();
});
