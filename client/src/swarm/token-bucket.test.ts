import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import { LIMIT_BURST_MS } from '../../../shared/src/limits/swarm.ts';
import { TokenBucket } from './token-bucket.ts';

test('without a rate nothing is held back', () => {
  const bucket = new TokenBucket();
  for (let i = 0; i < 1000; i++) {
    expect(bucket.hasRoom(0)).toBe(true);
    bucket.spend(BLOCK_BYTES);
  }
  expect(bucket.roomAt(0)).toBe(0);
});

test('over any span no more goes than the rate, one burst and one block, and waiting as told is enough', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000_000 }), fc.array(fc.nat(2000), { maxLength: 50 }), (rate, pauses) => {
      const bucket = new TokenBucket();
      bucket.setRate(rate, 0);
      let now = 0;
      let sent = 0;
      for (const pause of pauses) {
        now += pause;
        for (let i = 0; i < 2000 && bucket.hasRoom(now); i++) {
          bucket.spend(BLOCK_BYTES);
          sent += BLOCK_BYTES;
        }
        expect(sent).toBeLessThanOrEqual((rate * (now + LIMIT_BURST_MS)) / 1000 + BLOCK_BYTES + 1);
      }
      expect(bucket.hasRoom(bucket.roomAt(now) + 1)).toBe(true);
    }),
  );
});
