import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newFrame } from './frame-memory.ts';

test('frames are of the length that was asked for, empty, and none is written to through another', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 600 }), { maxLength: 60 }), (lengths) => {
      const frames = lengths.map((length) => {
        const frame = newFrame(length);
        expect(frame).toEqual(new Uint8Array(length));
        return frame;
      });
      for (const [at, frame] of frames.entries()) frame.fill(at + 1);
      for (const [at, frame] of frames.entries()) expect(frame.every((byte) => byte === at + 1)).toBe(true);
    }),
  );
});
