import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRng } from '../../../shared/src/machine.ts';
import { Rarity } from './rarity.ts';
import { at } from './test/at.ts';

const PIECES = 12;

type Step = { readonly kind: 'increase' | 'decrease' | 'list' | 'unlist'; readonly piece: number };

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('increase', 'increase', 'decrease', 'list', 'unlist'),
  piece: fc.nat(PIECES - 1),
});

test('after any sequence of changes the counts are those of brute force and the order is by count', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.nat(), (steps, seed) => {
      const rarity = new Rarity(PIECES, seededRng(seed));
      const counts = Array.from({ length: PIECES }, () => 0);
      const listed = new Set(counts.keys());
      for (const { kind, piece } of steps) {
        rarity[kind](piece);
        if (kind === 'increase') counts[piece] = at(counts, piece) + 1;
        else if (kind === 'decrease') counts[piece] = Math.max(0, at(counts, piece) - 1);
        else if (kind === 'list') listed.add(piece);
        else listed.delete(piece);
        const order = Array.from({ length: rarity.size }, (_, index) => rarity.at(index));
        expect(new Set(order)).toEqual(listed);
        expect(order.length).toBe(listed.size);
        expect(order.map((each) => at(counts, each))).toEqual(
          [...order.map((each) => at(counts, each))].sort((a, b) => a - b),
        );
        expect(counts.map((_, each) => rarity.count(each))).toEqual(counts);
        expect(order.slice(rarity.firstAvailable).every((each) => at(counts, each) > 0)).toBe(true);
        expect(order.slice(0, rarity.firstAvailable).every((each) => counts[each] === 0)).toBe(true);
      }
    }),
    { numRuns: 300 },
  );
});

test('among pieces of one rarity the order is random, so that peers that count alike start differently', () => {
  const firsts = new Set<number>();
  for (let seed = 0; seed < 50; seed++) {
    const rarity = new Rarity(PIECES, seededRng(seed));
    for (let piece = 0; piece < PIECES; piece++) rarity.increase(piece);
    firsts.add(rarity.at(0));
  }
  expect(firsts.size).toBeGreaterThan(PIECES / 2);
});
