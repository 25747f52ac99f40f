import { expect, test } from 'vitest';
import { playProblem, playerProblem, waitingSentence } from './play-words.ts';

test('where nothing can be played the reason is said, and what to do', () => {
  expect(playProblem({ isSecure: true, hasServiceWorker: true })).toBeUndefined();
  expect(playProblem({ isSecure: false, hasServiceWorker: false })).toMatch(/https or on localhost.*Save the file/);
  expect(playProblem({ isSecure: true, hasServiceWorker: false })).toMatch(/private windows.*Save the file/);
});

test('a player that waits says for what, and one that plays or has everything says nothing', () => {
  expect(waitingSentence(false, true, false)).toBeUndefined();
  expect(waitingSentence(true, false, true)).toBeUndefined();
  expect(waitingSentence(true, false, false)).toMatch(/waiting/i);
  expect(waitingSentence(true, true, false)).toMatch(/paused. Resume it/);
});

test('a player that gave up says whether the data or the format is to blame', () => {
  expect(playerProblem(2)).toMatch(/stopped coming/);
  expect(playerProblem(4)).toMatch(/cannot play this file/);
  expect(playerProblem(undefined)).toMatch(/cannot play this file/);
});
