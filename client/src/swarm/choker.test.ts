import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  OPTIMISTIC_ANSWER_MS,
  OPTIMISTIC_GIFT_BYTES,
  OPTIMISTIC_MS,
  RECHOKE_MS,
  REGULAR_SLOTS,
} from '../../../shared/src/limits/swarm.ts';
import { randomBelow, seededRng } from '../../../shared/src/machine.ts';
import { Choker, type ChokerPeer } from './choker.ts';
import { at } from './test/at.ts';

interface Peer extends ChokerPeer {
  isInterested: boolean;
  receivedThisRound: number;
  sentThisRound: number;
  debtBytes: number;
  isOfUse: boolean;
  progress: number;
}

const peer = (receivedThisRound = 0): Peer => ({
  isInterested: true,
  receivedThisRound,
  sentThisRound: 0,
  slot: 'none',
  since: 0,
  debtBytes: 0,
  isOfUse: false,
  progress: 0,
  isIdle: () => false,
});
const holders = (peers: readonly Peer[], slot: Peer['slot']): Peer[] => peers.filter((each) => each.slot === slot);

test('up to four interested peers are all served, from the moment they want something', () => {
  const choker = new Choker();
  const peers = [peer(), peer(), peer(), peer()];
  for (const each of peers) choker.admit(each, peers, 5);
  expect(holders(peers, 'regular')).toHaveLength(4);
  choker.rechoke(peers, false, RECHOKE_MS);
  expect(holders(peers, 'regular')).toHaveLength(4);
});

test('the four that sent most in the last round get the regular slots', () => {
  const choker = new Choker();
  const peers = [10, 70, 30, 0, 50, 20, 60].map(peer);
  choker.rechoke(peers, false, RECHOKE_MS);
  expect(
    holders(peers, 'regular')
      .map((each) => each.receivedThisRound)
      .sort((a, b) => b - a),
  ).toEqual([70, 60, 50, 30]);
  expect(holders(peers, 'optimistic')).toHaveLength(1);
});

test('the optimistic slot goes to the longest-waiting peer for 30 s, so that everyone gets a turn', () => {
  const choker = new Choker();
  const peers = Array.from({ length: 10 }, (_, index) => peer(index < 4 ? 100 : 0));
  const served = new Map<Peer, number[]>();
  for (let now = RECHOKE_MS; now <= 12 * OPTIMISTIC_MS; now += RECHOKE_MS) {
    choker.rechoke(peers, false, now);
    for (const each of holders(peers, 'optimistic')) served.set(each, [...(served.get(each) ?? []), now]);
  }
  expect(served.size).toBe(6);
  for (const turns of served.values()) expect(turns).toHaveLength(6);
});

test('who gave more than it took waits half as long for the optimistic slot, who took more twice as long', () => {
  const [giver, equal, taker] = [peer(), peer(), peer()];
  giver.debtBytes = -OPTIMISTIC_GIFT_BYTES;
  taker.debtBytes = OPTIMISTIC_GIFT_BYTES;
  for (const [winner, since] of [
    [giver, { giver: 60, equal: 21, taker: 0 }],
    [equal, { giver: 60, equal: 19, taker: 0 }],
    [taker, { giver: 80, equal: 60, taker: 0 }],
  ] as const) {
    const peers = [...Array.from({ length: REGULAR_SLOTS }, () => peer(100)), giver, equal, taker];
    for (const each of peers) each.slot = 'none';
    [giver.since, equal.since, taker.since] = [since.giver, since.equal, since.taker];
    new Choker().rechoke(peers, false, 100);
    expect(holders(peers, 'optimistic')).toEqual([winner]);
  }
});

test('an optimistic turn that is not answered is over after 20 s, but of one that has nothing to give after 30 s', () => {
  for (const [isOfUse, answer, turnMs] of [
    [true, 0, OPTIMISTIC_ANSWER_MS],
    [true, 1, OPTIMISTIC_MS],
    [false, 0, OPTIMISTIC_MS],
  ] as const) {
    const choker = new Choker();
    const gifted = peer();
    gifted.isOfUse = isOfUse;
    const peers = [...Array.from({ length: REGULAR_SLOTS }, () => peer(100)), gifted, peer(), peer()];
    let now = RECHOKE_MS;
    for (choker.rechoke(peers, false, now); gifted.slot !== 'none'; choker.rechoke(peers, false, now)) {
      gifted.receivedThisRound = answer;
      now += RECHOKE_MS;
    }
    expect(now - RECHOKE_MS).toBe(turnMs);
  }
});

test('a seed serves each of many equal peers in turn', () => {
  const choker = new Choker();
  const peers = Array.from({ length: 12 }, () => peer());
  const rounds = new Map(peers.map((each) => [each, 0]));
  for (let now = RECHOKE_MS; now <= 60 * RECHOKE_MS; now += RECHOKE_MS) {
    choker.rechoke(peers, true, now);
    for (const each of peers) {
      each.sentThisRound = each.slot === 'none' ? 0 : 1000;
      if (each.slot !== 'none') rounds.set(each, (rounds.get(each) ?? 0) + 1);
    }
  }
  // 300 slot rounds among 12: 25 each on average.
  expect(Math.min(...rounds.values())).toBeGreaterThanOrEqual(15);
  expect(Math.max(...rounds.values())).toBeLessThanOrEqual(36);
});

test('a slot whose holder wants nothing is kept until somebody needs it', () => {
  const choker = new Choker();
  const peers = [peer(), peer(), peer(), peer()];
  choker.rechoke(peers, false, 0);
  at(peers, 0).isInterested = false;
  choker.rechoke(peers, false, RECHOKE_MS);
  expect(at(peers, 0).slot).toBe('regular');
  const newcomer = peer();
  peers.push(newcomer);
  choker.admit(newcomer, peers, RECHOKE_MS + 1);
  expect([at(peers, 0).slot, newcomer.slot]).toEqual(['none', 'regular']);
});

test('whatever peers do, there are at most four regular slots and one optimistic one, and nobody waits for ever', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 1, max: 20 }), fc.boolean(), (seed, count, isSeed) => {
      const rng = seededRng(seed);
      const choker = new Choker();
      let peers = Array.from({ length: count }, () => peer());
      const waits = new Map<Peer, number>();
      for (let now = 0; now < 200 * RECHOKE_MS; now += RECHOKE_MS / 2) {
        const chosen = at(peers, randomBelow(rng, peers.length));
        const action = randomBelow(rng, 12);
        if (action === 0) {
          chosen.isInterested = !chosen.isInterested;
          if (chosen.isInterested) choker.admit(chosen, peers, now);
        } else if (action === 1 && peers.length > 1) {
          peers = peers.filter((each) => each !== chosen);
          choker.refill(peers, now);
        } else if (action === 2 && peers.length < 20) {
          const newcomer = peer();
          peers.push(newcomer);
          choker.admit(newcomer, peers, now);
        }
        if (now % RECHOKE_MS === 0) {
          choker.rechoke(peers, isSeed, now);
          for (const each of peers) {
            each.receivedThisRound = randomBelow(rng, 1000);
            each.sentThisRound = each.slot === 'none' ? 0 : randomBelow(rng, 1000);
          }
        }
        expect(holders(peers, 'regular').length).toBeLessThanOrEqual(REGULAR_SLOTS);
        expect(holders(peers, 'optimistic').length).toBeLessThanOrEqual(1);
        for (const each of peers)
          waits.set(each, each.isInterested && each.slot === 'none' ? (waits.get(each) ?? 0) + 0.5 : 0);
        // At most 20 peers wait for one slot that changes hands every 30 s, checked every 10 s.
        expect(Math.max(...waits.values())).toBeLessThan((20 * (OPTIMISTIC_MS + RECHOKE_MS)) / RECHOKE_MS);
      }
    }),
    { numRuns: 50 },
  );
});

test('a seed serves those who have just begun or are about to end before one in the middle that waits less than twice as long', () => {
  for (const [middleSince, isServed] of [
    [3, false],
    [1, true],
  ] as const) {
    const middle = { ...peer(), progress: 0.5, since: middleSince };
    const ends = [0, 1, 0.02, 0.98].map((progress) => ({ ...peer(), progress, since: 50 }));
    new Choker().rechoke([middle, ...ends], true, 100);
    expect(middle.slot).toBe(isServed ? 'regular' : 'optimistic');
  }
});
