import { expect, test } from 'vitest';
import { type PeerFacts, flagsOf } from './peer-flags.ts';

/** A peer that neither wants nor has anything, and chokes and is choked. */
const IDLE: PeerFacts = {
  isChokingUs: true,
  isChoked: true,
  isInterested: false,
  isSource: false,
  slot: 'none',
  isSnubbed: false,
  isInbound: false,
  source: 'tracker',
};

test('a peer with which nothing happens has no letter', () => {
  expect(flagsOf(IDLE)).toBe('');
});

test('what comes in and what goes out are capital, what is choked is small', () => {
  expect(flagsOf({ ...IDLE, isSource: true, isChokingUs: false })).toBe('D');
  expect(flagsOf({ ...IDLE, isSource: true })).toBe('d');
  expect(flagsOf({ ...IDLE, isInterested: true, isChoked: false })).toBe('U');
  expect(flagsOf({ ...IDLE, isInterested: true })).toBe('u');
});

test('an unchoke that nobody uses is K from its side and ? from ours', () => {
  expect(flagsOf({ ...IDLE, isChokingUs: false })).toBe('K');
  expect(flagsOf({ ...IDLE, isChoked: false })).toBe('?');
});

test('slot, snubbing, direction and source follow in the usual order', () => {
  const busy: PeerFacts = {
    ...IDLE,
    isSource: true,
    isChokingUs: false,
    isInterested: true,
    isChoked: false,
    slot: 'optimistic',
    isSnubbed: true,
    isInbound: true,
  };
  expect(flagsOf({ ...busy, source: 'exchange' })).toBe('DUOSIX');
  expect(flagsOf({ ...busy, slot: 'regular', source: 'overlay' })).toBe('DUSIH');
  expect(flagsOf({ ...busy, source: 'link' })).toBe('DUOSI');
});
