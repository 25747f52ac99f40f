import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeId } from '../../../../shared/src/ids.ts';
import { commonPrefixBits } from '../../../../shared/src/xor.ts';
import { bucketPrefix, sharedBits, xorDistance } from './distance.ts';

const id = fc.stringMatching(/^[0-9a-f]{40}$/);

describe('distances on the page', () => {
  it('are the XOR of two ids in hex', () => {
    expect(xorDistance('f0'.padEnd(40, '0'), '0f'.padEnd(40, '1'))).toBe('ff'.padEnd(40, '1'));
    expect(xorDistance('ab'.repeat(20), 'ab'.repeat(20))).toBe('0'.repeat(40));
  });

  it('count the same shared bits as the overlay does', () => {
    fc.assert(
      fc.property(id, id, (a, b) => {
        expect(sharedBits(a, b)).toBe(commonPrefixBits(a as NodeId, b as NodeId));
      }),
    );
    expect(sharedBits('0'.repeat(40), '0'.repeat(40))).toBe(160);
  });
});

describe('the prefix of a bucket', () => {
  const self = 'a5'.padEnd(40, '0');

  it('is what its ids share with the own one, and the bit that differs', () => {
    expect(bucketPrefix(self, 0)).toEqual({ shared: '', differs: '0' });
    expect(bucketPrefix(self, 3)).toEqual({ shared: '101', differs: '1' });
  });

  it('shows only the end of a long one', () => {
    expect(bucketPrefix(self, 10)).toEqual({ shared: '…0010100', differs: '1' });
  });
});
