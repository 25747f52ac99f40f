import { expect, test } from 'vitest';
import { MAX_WRITE_TOKENS, WRITE_TOKEN_PERIOD_MS } from '../../../shared/src/limits/records.ts';
import { seededRng } from '../../../shared/src/machine.ts';
import { idAt, keyAt } from './record-test-kit.ts';
import { ReceivedTokens, WriteTokens } from './write-tokens.ts';

const alice = idAt('a');
const bob = idAt('b');
const key = keyAt('1234');

test('a token is good for its requester and region only, at the holder that gave it', () => {
  const holder = new WriteTokens(seededRng(1));
  const token = holder.issue(alice, key, 0);
  expect(holder.accepts(token, alice, key, 0)).toBe(true);
  expect(holder.accepts(token, alice, keyAt('1234ffff'), 0)).toBe(true);
  expect(holder.accepts(token, alice, keyAt('1235'), 0)).toBe(false);
  expect(holder.accepts(token, bob, key, 0)).toBe(false);
  expect(new WriteTokens(seededRng(2)).accepts(token, alice, key, 0)).toBe(false);
});

test('a token outlives one change of the secret, not two (BEP 5: five to ten minutes)', () => {
  const holder = new WriteTokens(seededRng(1));
  const token = holder.issue(alice, key, WRITE_TOKEN_PERIOD_MS - 1);
  expect(holder.accepts(token, alice, key, 2 * WRITE_TOKEN_PERIOD_MS - 1)).toBe(true);
  expect(holder.accepts(token, alice, key, 2 * WRITE_TOKEN_PERIOD_MS)).toBe(false);
});

test('a received token is found for its region until its period is over, and the oldest region is forgotten first', () => {
  const received = new ReceivedTokens();
  received.note(key, 'abcd', 0);
  expect(received.find(keyAt('1234ff'), WRITE_TOKEN_PERIOD_MS - 1)).toBe('abcd');
  expect(received.find(key, WRITE_TOKEN_PERIOD_MS)).toBeUndefined();
  for (let i = 0; i < MAX_WRITE_TOKENS; i++) received.note(keyAt((0x8000 + i).toString(16)), 'efgh', 0);
  expect(received.find(key, 0)).toBeUndefined();
});
