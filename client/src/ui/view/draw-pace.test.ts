import { expect, test } from 'vitest';
import { DrawPace } from './draw-pace.ts';

test('a device that draws smoothly draws what changed at once', () => {
  const pace = new DrawPace();
  pace.drawn(1_000);
  expect(pace.wait(1_001, false)).toBe(0);
});

test('a slow device draws the first change after a pause at once, and further ones two seconds after it', () => {
  const pace = new DrawPace();
  expect(pace.wait(1_000, true)).toBe(0);
  pace.drawn(1_000);
  expect(pace.wait(1_500, true)).toBe(1_500);
  expect(pace.wait(3_000, true)).toBe(0);
});

test('for three seconds after the person did something a slow device draws at once', () => {
  const pace = new DrawPace();
  pace.drawn(1_000);
  pace.touched(1_100);
  expect(pace.wait(1_200, true)).toBe(0);
  pace.drawn(4_000);
  expect(pace.wait(4_100, true)).toBe(1_900);
});
