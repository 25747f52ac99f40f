import { expect, test } from 'vitest';
import type { CallEnd } from '../../calls/types.ts';
import { endSentence } from './sentences.ts';

const ENDS: readonly CallEnd[] = [
  'hung-up',
  'declined',
  'busy',
  'cancelled',
  'no-answer',
  'answered-elsewhere',
  'not-found',
  'unreachable',
  'media-failed',
  'no-path',
  'connection-lost',
  'error',
];
const facts = { name: 'Amber Otter', isOutgoing: true, isOurs: false, hasRelay: false, relayOnly: false };

test('every end is told in whole sentences, from both sides', () => {
  for (const end of ENDS) {
    for (const isOurs of [true, false]) expect(endSentence({ ...facts, end, isOurs })).toMatch(/^[A-Z].*\.$/);
  }
});

test('without a path the sentence says what was tried, what still works and whom to ask', () => {
  const none = endSentence({ ...facts, end: 'no-path' });
  expect(none).toMatch(/Amber Otter.*no direct connection.*no relay \(TURN\).*Sharing files.*Ask the operator/);
  expect(endSentence({ ...facts, end: 'no-path', hasRelay: true })).toMatch(/neither direct nor.*another network/);
  expect(endSentence({ ...facts, end: 'no-path', relayOnly: true })).toMatch(/only a relay may be used.*set up TURN/);
  expect(endSentence({ ...facts, end: 'no-path', relayOnly: true, hasRelay: true })).toMatch(/through the relay/);
});
