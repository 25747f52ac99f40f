import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { NodeId } from '../../../../shared/src/ids.ts';
import { DESKTOP_LEDGER, type LedgerLimits, PHONE_LEDGER } from '../../../../shared/src/limits/links.ts';
import { PENDING_GRACE_MS } from '../../../../shared/src/limits/overlay-links.ts';
import { Ledger } from './ledger.ts';
import { NegativeCache } from './negative-cache.ts';
import type { LinkPurpose } from './types.ts';

const peer = (n: number): NodeId => n.toString(16).padStart(40, '0') as NodeId;
/** One that came through the server. */
const OFFER = { from: undefined, since: 0 };
const SMALL: LedgerLimits = {
  overlayTarget: 4,
  overlayHard: 8,
  swarmMax: 3,
  callReserve: 2,
  maxDials: 2,
  maxAnswers: 3,
  maxWaiting: 3,
};

test('dials beyond those in flight wait, and start as others end', () => {
  const ledger = new Ledger(SMALL);
  expect([1, 2, 3, 4].map((n) => ledger.request(peer(n), 'overlay'))).toEqual(['dial', 'dial', 'wait', 'wait']);
  expect(ledger.nextDial()).toBeUndefined();
  ledger.up(peer(1));
  expect([ledger.nextDial(), ledger.nextDial()]).toEqual([peer(3), undefined]);
  ledger.remove(peer(2));
  expect(ledger.nextDial()).toBe(peer(4));
});

test('overlay and swarm take turns at the free dials', () => {
  const ledger = new Ledger({ ...DESKTOP_LEDGER, maxDials: 1 });
  for (let n = 0; n < 6; n++) ledger.request(peer(n), n < 4 ? 'overlay' : 'swarm');
  const order: LinkPurpose[] = [];
  for (let n = 0; n < 5; n++) {
    for (let m = 0; m < 6; m++) if (ledger.countStage('dialling') === 1) ledger.up(peer(m));
    const next = ledger.nextDial();
    order.push([...ledger.purposesOf(next!)][0]!);
  }
  expect(order).toEqual(['swarm', 'overlay', 'swarm', 'overlay', 'overlay']);
});

test('our own overlay dials leave room for peers that dial us', () => {
  const ledger = new Ledger({ ...SMALL, maxDials: 100, maxAnswers: 100 });
  const dials = Array.from({ length: 10 }, (_, n) => ledger.request(peer(n), 'overlay'));
  expect(dials.filter((verdict) => verdict === 'dial')).toHaveLength(6);
  const answers = Array.from({ length: 10 }, (_, n) => ledger.admit(peer(100 + n), ['overlay'], OFFER));
  expect(answers.filter(Boolean)).toHaveLength(2);
  expect(ledger.count('overlay')).toBe(8);
});

test('a full overlay share does not keep a swarm from its own', () => {
  const ledger = new Ledger({ ...SMALL, maxDials: 100, maxAnswers: 100 });
  for (let n = 0; n < 20; n++) ledger.admit(peer(n), ['overlay'], OFFER);
  expect(ledger.request(peer(50), 'overlay')).toBe('refused');
  expect(ledger.request(peer(51), 'swarm')).toBe('dial');
  expect(ledger.admit(peer(52), ['overlay', 'swarm'], OFFER)).toBe(true);
});

test('a connection for two purposes is counted once and stays until both are dropped', () => {
  const ledger = new Ledger(SMALL);
  ledger.request(peer(1), 'overlay');
  ledger.up(peer(1));
  ledger.add(peer(1), 'swarm');
  expect([ledger.count('overlay'), ledger.count('swarm')]).toEqual([1, 0]);
  expect(ledger.drop(peer(1), 'overlay')).toBe(false);
  expect([ledger.count('overlay'), ledger.count('swarm')]).toEqual([0, 1]);
  expect(ledger.drop(peer(1), 'swarm')).toBe(true);
  expect(ledger.drop(peer(1), 'swarm')).toBe(false);
});

test('an attempt of the other side takes the place of ours without further room', () => {
  const ledger = new Ledger({ ...SMALL, overlayTarget: 1, overlayHard: 1 });
  ledger.request(peer(1), 'overlay');
  expect(ledger.admit(peer(1), ['swarm'], OFFER)).toBe(true);
  expect([ledger.countStage('dialling'), ledger.countStage('answering')]).toEqual([0, 1]);
  expect([...ledger.purposesOf(peer(1))]).toEqual(['overlay', 'swarm']);
});

test('an attempt that is begun anew gives way no later for it', () => {
  const ledger = new Ledger(SMALL);
  for (let n = 1; n <= SMALL.maxAnswers; n++) ledger.admit(peer(n), ['overlay'], OFFER);
  ledger.admit(peer(1), ['overlay'], { ...OFFER, since: PENDING_GRACE_MS - 1 });
  const late = { from: undefined, since: PENDING_GRACE_MS };
  expect(ledger.yieldingToOffer(['overlay'], late, () => true)).toBe(peer(1));
});

test('calls have connections of their own', () => {
  const ledger = new Ledger(SMALL);
  expect([ledger.takeCall(), ledger.takeCall(), ledger.takeCall()]).toEqual([true, true, false]);
  ledger.returnCall();
  expect([ledger.takeCall(), ledger.calls]).toEqual([true, 2]);
});

test('phones keep 16 links at most', () => {
  expect(PHONE_LEDGER.overlayHard + PHONE_LEDGER.swarmMax).toBe(16);
});

test('no order of events exceeds a bound', () => {
  const purpose = fc.constantFrom<LinkPurpose>('overlay', 'swarm');
  const action = fc.tuple(
    fc.constantFrom('request', 'admit', 'up', 'add', 'drop', 'remove', 'next'),
    fc.nat(25),
    purpose,
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 200 }), (actions) => {
      const ledger = new Ledger(SMALL);
      for (const [kind, n, what] of actions) {
        if (kind === 'request') ledger.request(peer(n), what);
        else if (kind === 'admit') ledger.admit(peer(n), [what], OFFER);
        else if (kind === 'up') ledger.up(peer(n));
        else if (kind === 'add') ledger.add(peer(n), what);
        else if (kind === 'drop') ledger.drop(peer(n), what);
        else if (kind === 'remove') ledger.remove(peer(n));
        else ledger.nextDial();
        expect(ledger.countStage('dialling')).toBeLessThanOrEqual(SMALL.maxDials);
        expect(ledger.count('overlay') + ledger.count('swarm')).toBeLessThanOrEqual(SMALL.overlayHard + SMALL.swarmMax);
      }
    }),
  );
});

test('a peer that could not be reached is left alone for ten to fifteen seconds', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), (random) => {
      const cache = new NegativeCache(() => random);
      cache.add(peer(1), 'unreachable', 'gone', 0);
      expect(cache.find(peer(1), 9_999)).toMatchObject({ code: 'unreachable', detail: 'gone' });
      expect(cache.find(peer(1), 15_000)).toBeUndefined();
    }),
  );
});

test('the pause after ICE failures doubles up to ten minutes and ends with a success', () => {
  const cache = new NegativeCache(() => 0);
  const pauses = Array.from({ length: 8 }, () => {
    cache.add(peer(1), 'ice-failed', '', 0);
    return cache.find(peer(1), 0)!.until / 1000;
  });
  expect(pauses).toEqual([10, 20, 40, 80, 160, 320, 600, 600]);
  cache.forget(peer(1));
  cache.add(peer(1), 'ice-failed', '', 0);
  expect(cache.find(peer(1), 0)!.until).toBe(10_000);
});

test('peers whom no offer reached are forgiven when offers have another way, those that no path led to are not', () => {
  const cache = new NegativeCache(() => 0);
  cache.add(peer(1), 'unreachable', '', 0);
  cache.add(peer(2), 'timeout', '', 0);
  cache.add(peer(3), 'ice-failed', '', 0);
  cache.forgive();
  expect([1, 2, 3].map((n) => cache.find(peer(n), 0)?.code)).toEqual([undefined, undefined, 'ice-failed']);
});

test('what says nothing about the peer is not held against it, and the memory is bounded', () => {
  const cache = new NegativeCache(() => 0);
  cache.add(peer(1), 'local', '', 0);
  cache.add(peer(1), 'superseded', '', 0);
  expect(cache.find(peer(1), 0)).toBeUndefined();
  for (let n = 0; n < 1000; n++) cache.add(peer(n), 'timeout', '', 0);
  expect(cache.size).toBe(512);
  expect(cache.find(peer(999), 0)).toBeDefined();
});
