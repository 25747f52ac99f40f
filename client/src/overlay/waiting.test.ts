import { expect, test } from 'vitest';
import { BUSY_WAIT_MS, WAITING_FRESH_MS } from '../../../shared/src/limits/overlay-links.ts';
import { Waiting } from './waiting.ts';

test('where every answer comes as quickly as its way allows nothing waits, however long the ways are', () => {
  const waiting = new Waiting();
  for (const rttMs of [4, 900, 60, 300]) waiting.sample(rttMs, rttMs, 0);
  expect(waiting.at(0)).toBe(0);
});

test('one late answer among many hardly counts, and a dozen of them do', () => {
  const waiting = new Waiting();
  for (let i = 0; i < 20; i++) waiting.sample(50, 50, i);
  waiting.sample(290, 50, 20);
  expect(waiting.at(20)).toBe(30);
  for (let i = 0; i < 12; i++) waiting.sample(290, 50, 21 + i);
  expect(waiting.at(33)).toBeGreaterThan(BUSY_WAIT_MS);
});

test('one neighbour of five that answers as late as it likes does not make us busy', () => {
  const waiting = new Waiting();
  for (let i = 0; i < 500; i++) {
    waiting.sample(i % 5 === 0 ? 60_000 : 50, 50, i);
    expect(waiting.at(i)).toBeLessThan(BUSY_WAIT_MS);
  }
});

test('what was measured is forgotten when no answer comes for a while', () => {
  const waiting = new Waiting();
  for (let i = 0; i < 20; i++) waiting.sample(290, 50, i);
  expect(waiting.at(20 + WAITING_FRESH_MS)).toBe(0);
  waiting.sample(130, 50, 30 + WAITING_FRESH_MS);
  expect(waiting.at(30 + WAITING_FRESH_MS)).toBe(10);
});
