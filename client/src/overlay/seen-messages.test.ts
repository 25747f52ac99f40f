import { expect, test } from 'vitest';
import { MAX_SEEN_MESSAGES, REVERSE_STATE_MS } from '../../../shared/src/limits/overlay.ts';
import { SeenMessages } from './seen-messages.ts';

test('a message is remembered for its life and forgotten after twice that', () => {
  const seen = new SeenMessages();
  seen.add('a', 1_000);
  seen.turn(1_000 + REVERSE_STATE_MS - 1);
  expect(seen.has('a')).toBe(true);
  seen.turn(1_000 + 2 * REVERSE_STATE_MS);
  seen.turn(1_000 + 3 * REVERSE_STATE_MS);
  expect(seen.has('a')).toBe(false);
});

test('a flood of messages pushes out older ones, never the newest', () => {
  const seen = new SeenMessages();
  for (let i = 0; i < 3 * MAX_SEEN_MESSAGES; i++) seen.add(`id ${i}`, 0);
  expect(seen.has('id 0')).toBe(false);
  for (let i = 2 * MAX_SEEN_MESSAGES; i < 3 * MAX_SEEN_MESSAGES; i++) expect(seen.has(`id ${i}`)).toBe(true);
});
