import { expect, test } from 'vitest';
import { ManualClock } from '../../adapters/memory/manual-clock.ts';
import type { LinkPath } from '../../ports/links.ts';
import { PathWatch } from './path-watch.ts';

function watching(answers: (LinkPath | undefined)[]) {
  const clock = new ManualClock();
  const told: (LinkPath | undefined)[] = [];
  const watch = new PathWatch(
    clock,
    () => Promise.resolve(answers.shift()),
    (path) => told.push(path),
  );
  return { clock, told, watch };
}

test('a path that the browser names late is told when it does', async () => {
  const { clock, told, watch } = watching([undefined, undefined, 'turn']);
  await watch.look();
  await clock.advance(1_000);
  expect(told).toEqual([undefined, undefined, 'turn']);
  expect(clock.timerCount).toBe(0);
});

test('of two looks at once only the newer is believed', async () => {
  const { told, watch } = watching(['direct', 'turn']);
  await Promise.all([watch.look(), watch.look()]);
  expect(told).toEqual(['turn']);
});

test('a watch that was stopped tells nothing and leaves no timer', async () => {
  const { clock, told, watch } = watching([undefined, 'turn']);
  await watch.look();
  watch.stop();
  await clock.advance(1_000);
  expect(told).toEqual([undefined]);
  expect(clock.timerCount).toBe(0);
});
