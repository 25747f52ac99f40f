import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NodeId, contactFromKey, decodeContact, nodeIdFromBytes, nodeIdToBytes, parseNodeId } from './ids.ts';
import { commonPrefixBits, compareDistance, distanceFraction } from './xor.ts';

const id = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(nodeIdFromBytes);
const distance = (a: NodeId, b: NodeId): bigint => BigInt(`0x${a}`) ^ BigInt(`0x${b}`);

test('an id survives the trip through bytes and text', () => {
  fc.assert(fc.property(id, (a) => nodeIdFromBytes(nodeIdToBytes(a)) === a && parseNodeId(a) === a));
});

test('text that is not 40 lower-case hex digits is no id', () => {
  for (const text of ['', 'AA'.repeat(20), 'aa'.repeat(19), `${'aa'.repeat(20)}\n`, 'zz'.repeat(20)])
    expect(parseNodeId(text)).toBeUndefined();
});

test('distances order as 160-bit integers do', () => {
  fc.assert(
    fc.property(id, id, id, (target, a, b) => {
      const expected = distance(target, a) - distance(target, b);
      expect(Math.sign(compareDistance(target, a, b))).toBe(expected < 0n ? -1 : expected > 0n ? 1 : 0);
    }),
  );
});

test('the common prefix is the number of leading zero bits of the distance', () => {
  fc.assert(
    fc.property(id, id, fc.nat(160), (a, b, shared) => {
      const mixed = distance(a, b) >> BigInt(shared);
      const c = (BigInt(`0x${a}`) ^ mixed).toString(16).padStart(40, '0') as NodeId;
      const expected = mixed === 0n ? 160 : 160 - mixed.toString(2).length;
      expect(commonPrefixBits(a, c)).toBe(expected);
      expect(distanceFraction(a, c)).toBeCloseTo(Number(mixed) / 2 ** 160, 12);
    }),
  );
});

test('a contact names the id that its keys hash to, whoever passes it on', () => {
  const contact = contactFromKey(new Uint8Array(32).fill(1));
  expect(decodeContact(contact.publicKey)).toEqual(contact);
  expect(decodeContact(contact.publicKey.subarray(1))).toBeUndefined();
});
