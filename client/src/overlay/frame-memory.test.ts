import fc from 'fast-check';
import { expect, test, vi } from 'vitest';

test.each([
  ['plain', ArrayBuffer],
  ['shared', SharedArrayBuffer],
] as const)(
  'frames cut from %s memory are of the length that was asked for, empty, and none is written to through another',
  async (_, Memory) => {
    // The memory is that of a thread: each case has a thread's own.
    vi.resetModules();
    const { newFrame, shareFrameMemory } = await import('./frame-memory.ts');
    if (Memory === SharedArrayBuffer) shareFrameMemory();
    expect(newFrame(1).buffer).toBeInstanceOf(Memory);
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
  },
);
