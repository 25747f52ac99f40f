import { expect, test } from 'vitest';
import { isAskable } from './stranger-network.ts';

test('only websockets without a name or a password are asked', () => {
  expect(isAskable('wss://tracker.example/announce?key=1', true)).toBe(true);
  for (const url of [
    'https://tracker.example',
    'udp://tracker.example',
    'wss://me@tracker.example',
    'wss://',
    'nonsense',
  ])
    expect(isAskable(url, false)).toBe(false);
});

test('a page of https asks in safety, or on its own machine', () => {
  expect(isAskable('ws://tracker.example', false)).toBe(true);
  expect(isAskable('ws://tracker.example', true)).toBe(false);
  expect(isAskable('ws://127.0.0.1:8000', true)).toBe(true);
  expect(isAskable('ws://[::1]:8000', true)).toBe(true);
});

test('machines of the own network get no query', () => {
  for (const host of ['localhost', '192.168.1.1', '[fe80::1]', 'printer.local'])
    expect([isAskable(`ws://${host}/`, false), isAskable(`ws://${host}/?reset=1`, false)]).toEqual([true, false]);
});
