import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Contact, type Key, type NodeId, contactFromKey, hashToId } from '../../shared/src/ids.ts';
import { ANNOUNCE_INTERVAL_MS, MAX_TRACKER_PEERS } from '../../shared/src/limits/signaling.ts';
import { seededRng } from '../../shared/src/machine.ts';
import { pick } from '../test/fixtures.ts';
import { MEMBERSHIP_TTL_MS, Tracker, type TrackerInput, type TrackerLimits, type TrackerOutput } from './tracker.ts';

const contacts = Array.from({ length: 80 }, (_, index) => contactFromKey(new Uint8Array(32).fill(index)));
const swarms = Array.from({ length: 6 }, (_, index) => hashToId(new Uint8Array([index])));

function handle(tracker: Tracker, input: TrackerInput, now = 0): TrackerOutput[] {
  const out: TrackerOutput[] = [];
  tracker.handle(input, now, out);
  return out;
}

function announce(tracker: Tracker, peer: Contact, infoHash: Key, now = 0, address = 'home'): NodeId[] | undefined {
  const [answer] = handle(tracker, { kind: 'announce', peer, address, infoHash, event: 'started' }, now);
  return answer?.kind === 'peers' ? answer.peers.map((contact) => contact.id) : undefined;
}

const step = fc.record({
  kind: fc.constantFrom('announce', 'announce', 'announce', 'leave', 'gone', 'deadline'),
  peer: fc.nat(9),
  swarm: fc.nat(5),
  wait: fc.constantFrom(0, 1, ANNOUNCE_INTERVAL_MS, MEMBERSHIP_TTL_MS),
});

/** What a tracker without caps must remember: who announced what, and when it ends. */
type Model = Map<string, { readonly peer: NodeId; readonly infoHash: Key; readonly expiresAt: number }>;

test('an answer names exactly the others whose announce has neither expired nor been taken back', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.integer(), (steps, seed) => {
      const tracker = new Tracker(seededRng(seed));
      const model: Model = new Map();
      let now = 0;
      for (const { kind, peer: index, swarm, wait } of steps) {
        now += wait;
        const peer = pick(contacts, index);
        const infoHash = pick(swarms, swarm);
        for (const [key, entry] of model) if (entry.expiresAt <= now) model.delete(key);
        let answer: NodeId[] | undefined = [];
        let expected: NodeId[] = [];
        if (kind === 'announce') {
          model.set(`${peer.id}${infoHash}`, { peer: peer.id, infoHash, expiresAt: now + MEMBERSHIP_TTL_MS });
          const others = [...model.values()].filter((entry) => entry.infoHash === infoHash && entry.peer !== peer.id);
          expected = others.map((entry) => entry.peer).toSorted();
          answer = announce(tracker, peer, infoHash, now)?.toSorted();
        } else if (kind === 'leave') {
          model.delete(`${peer.id}${infoHash}`);
          handle(tracker, { kind, peer: peer.id, infoHash }, now);
        } else if (kind === 'gone') {
          for (const [key, entry] of model) if (entry.peer === peer.id) model.delete(key);
          handle(tracker, { kind, peer: peer.id }, now);
        } else handle(tracker, { kind: 'deadline' }, now);
        expect(answer).toEqual(expected);
        expect(tracker.membershipCount).toBe(model.size);
        expect(tracker.swarmCount).toBe(new Set([...model.values()].map((entry) => entry.infoHash)).size);
        const earliest = Math.min(...[...model.values()].map((entry) => entry.expiresAt));
        expect(tracker.nextDeadline()?.at).toBe(model.size > 0 ? earliest : undefined);
      }
    }),
  );
});

test('no run of announces takes the tracker over any of its caps', () => {
  const limits: TrackerLimits = { swarms: 4, peersPerSwarm: 3, swarmsPerPeer: 2, memberships: 7 };
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const tracker = new Tracker(seededRng(1), limits);
      for (const { peer, swarm } of steps) {
        const answer = announce(tracker, pick(contacts, peer), pick(swarms, swarm), 0, `address ${peer % 3}`);
        expect(answer?.length ?? 0).toBeLessThan(limits.peersPerSwarm);
        expect(tracker.swarmCount).toBeLessThanOrEqual(limits.swarms);
        expect(tracker.membershipCount).toBeLessThanOrEqual(limits.memberships);
      }
    }),
  );
});

test('an address that fills the tracker gives way to others, until each has as much', () => {
  const tracker = new Tracker(seededRng(1), { swarms: 100, peersPerSwarm: 10, swarmsPerPeer: 10, memberships: 8 });
  const [a, b, c, d] = [pick(contacts, 0), pick(contacts, 1), pick(contacts, 2), pick(contacts, 3)];
  for (const peer of [a, b]) for (let at = 0; at < 4; at++) announce(tracker, peer, pick(swarms, at), at, 'flood');
  expect(announce(tracker, a, pick(swarms, 5), 9, 'flood')).toBeUndefined();
  const taken = swarms.slice(0, 6).map((swarm) => announce(tracker, c, swarm, 10, 'other') !== undefined);
  expect(taken).toEqual([true, true, true, true, false, false]);
  expect(tracker.membershipCount).toBe(8);
  expect(announce(tracker, d, pick(swarms, 5), 11, 'third')).toEqual([]);
  // Of who gives way what was silent for longest goes.
  announce(tracker, b, pick(swarms, 3), 12, 'flood');
  expect(announce(tracker, d, pick(swarms, 3), 13, 'third')).toContain(b.id);
});

test('swarms of an address that has made all there may be give way to a swarm of another, those with others in them do not', () => {
  const tracker = new Tracker(seededRng(1), { swarms: 3, peersPerSwarm: 10, swarmsPerPeer: 10, memberships: 100 });
  const [a, b, c] = [pick(contacts, 0), pick(contacts, 1), pick(contacts, 2)];
  const [shared, own, another, late, later] = swarms as [Key, Key, Key, Key, Key];
  for (const swarm of [shared, own, another]) announce(tracker, a, swarm, 0, 'flood');
  announce(tracker, b, shared, 1, 'other');
  expect(announce(tracker, c, late, 2, 'third')).toEqual([]);
  expect(announce(tracker, c, own, 3, 'third')).toBeUndefined();
  expect(announce(tracker, b, later, 4, 'fourth')).toEqual([]);
  expect(announce(tracker, c, shared, 5, 'third')?.toSorted()).toEqual([a.id, b.id].toSorted());
  expect(tracker.swarmCount).toBe(3);
});

test('a full swarm takes a newcomer in for the member that was silent for longest', () => {
  const limits: TrackerLimits = { swarms: 4, peersPerSwarm: 3, swarmsPerPeer: 4, memberships: 100 };
  const tracker = new Tracker(seededRng(1), limits);
  const [a, b, c, d] = [pick(contacts, 0), pick(contacts, 1), pick(contacts, 2), pick(contacts, 3)];
  const swarm = pick(swarms, 0);
  [a, b, c].forEach((peer, at) => announce(tracker, peer, swarm, at));
  announce(tracker, a, swarm, 10);
  expect(announce(tracker, d, swarm, 11)?.toSorted()).toEqual([a.id, c.id].toSorted());
});

test('a large swarm answers with fifty different peers, and over time with all of them', () => {
  const tracker = new Tracker(seededRng(3));
  const swarm = pick(swarms, 0);
  for (const peer of contacts) announce(tracker, peer, swarm);
  const asker = pick(contacts, 0);
  const seen = new Set<NodeId>();
  for (let round = 0; round < 30; round++) {
    const peers = announce(tracker, asker, swarm) ?? [];
    expect(new Set(peers).size).toBe(MAX_TRACKER_PEERS);
    for (const id of peers) seen.add(id);
  }
  expect(seen.has(asker.id)).toBe(false);
  expect(seen.size).toBe(contacts.length - 1);
});
