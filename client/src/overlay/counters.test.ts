import { expect, test } from 'vitest';
import { Counters } from './counters.ts';
import { FRAME } from './link-frames.ts';

test('what is sent is counted for each type of frame by itself', () => {
  const counters = new Counters();
  const types = Object.values(FRAME);
  for (const type of types) for (let i = 0; i < type; i++) counters.sent(new Uint8Array([1, type, 0]));
  expect(types.map((type) => [counters.sentFrames(type), counters.sentBytes(type)])).toEqual(
    types.map((type) => [type, 3 * type]),
  );
});
