import { expect, test } from 'vitest';
import type { NodeId } from '../../../shared/src/ids.ts';
import { PENDING_GRACE_MS } from '../../../shared/src/limits/overlay-links.ts';
import { type PendingOffer, yieldingOffer } from './pending-offers.ts';

/** Offers as `from since`, oldest first. */
const offers = (...names: readonly string[]): PendingOffer[] =>
  names.map((name) => ({ from: name.split(' ')[0] as NodeId, since: Number(name.split(' ')[1]) }));

const yields = (pending: readonly PendingOffer[], from: string, now: number): string | undefined => {
  const offer = yieldingOffer(pending, from as NodeId, now);
  return offer && `${offer.from} ${offer.since}`;
};

test('the oldest offer of the neighbour that brought most gives way to one that came another way, however new it is', () => {
  expect(yields(offers('b 0', 'a 1', 'a 2', 'a 3'), 'c', 4)).toBe('a 1');
});

test('a neighbour that brought most displaces none of its own, nor of others, while they may still become links', () => {
  const pending = offers('b 0', 'a 1', 'a 2', 'a 3');
  expect(yields(pending, 'a', PENDING_GRACE_MS - 1)).toBeUndefined();
  expect(yields(pending, 'a', PENDING_GRACE_MS)).toBeUndefined();
  expect(yields(pending, 'a', PENDING_GRACE_MS + 1)).toBe('a 1');
});

test('where each came another way the oldest gives way, once a sound one would be a link', () => {
  const pending = offers('a 0', 'b 1', 'c 2', 'd 3');
  expect(yields(pending, 'e', PENDING_GRACE_MS - 1)).toBeUndefined();
  expect(yields(pending, 'e', PENDING_GRACE_MS)).toBe('a 0');
});

test('who comes through the server counts as one neighbour', () => {
  const pending = [{ from: undefined, since: 0 }, { from: undefined, since: 1 }, ...offers('a 2')];
  expect(yieldingOffer(pending, 'b' as NodeId, 3)).toBe(pending[0]);
  expect(yieldingOffer(pending, undefined, 3)).toBeUndefined();
});
