import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRng } from '../../../shared/src/machine.ts';
import { PRIORITY } from './piece-priorities.ts';
import { PieceSet } from './piece-set.ts';
import { Rarity } from './rarity.ts';
import { at } from './test/at.ts';

const PIECES = 12;
const PRIORITIES = [PRIORITY.skip, PRIORITY.low, PRIORITY.normal, PRIORITY.high];

interface Step {
  readonly kind: 'increase' | 'decrease' | 'list' | 'unlist' | 'setPriority';
  readonly piece: number;
  readonly priority: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('increase', 'increase', 'decrease', 'list', 'unlist', 'setPriority'),
  piece: fc.nat(PIECES - 1),
  priority: fc.constantFrom(...PRIORITIES),
});

function listAll(seed: number): Rarity {
  const rarity = new Rarity(PIECES, seededRng(seed));
  for (let piece = 0; piece < PIECES; piece++) rarity.list(piece);
  return rarity;
}

/** What a plain implementation knows. */
class Plain {
  readonly counts = Array.from({ length: PIECES }, () => 0);
  readonly priorities = Array.from({ length: PIECES }, () => PRIORITY.normal as number);
  readonly listed = new Set(this.counts.keys());

  apply(rarity: Rarity, { kind, piece, priority }: Step): void {
    if (kind === 'setPriority') {
      if (this.listed.has(piece)) rarity.unlist(piece);
      rarity.setPriority(piece, priority);
      this.priorities[piece] = priority;
      if (this.listed.has(piece)) rarity.list(piece);
    } else rarity[kind](piece);
    if (kind === 'increase') this.counts[piece] = at(this.counts, piece) + 1;
    else if (kind === 'decrease') this.counts[piece] = Math.max(0, at(this.counts, piece) - 1);
    else if (kind === 'list' && this.priorities[piece] !== PRIORITY.skip) this.listed.add(piece);
    else if (kind === 'unlist') this.listed.delete(piece);
    if (this.priorities[piece] === PRIORITY.skip) this.listed.delete(piece);
  }
}

test('after any sequence of changes the counts are those of brute force and each order is by count', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), fc.nat(), (steps, seed) => {
      const rarity = listAll(seed);
      const plain = new Plain();
      for (const each of steps) {
        plain.apply(rarity, each);
        expect(plain.counts.map((_, piece) => rarity.count(piece))).toEqual(plain.counts);
        expect(rarity.size).toBe(plain.listed.size);
        for (const priority of PRIORITIES) {
          const { size, firstAvailable } = rarity.order(priority);
          const pieces = Array.from({ length: size }, (_, index) => rarity.order(priority).at(index));
          const counts = pieces.map((piece) => at(plain.counts, piece));
          const expected = [...plain.listed].filter((piece) => plain.priorities[piece] === priority);
          expect(pieces.toSorted((a, b) => a - b)).toEqual(expected.toSorted((a, b) => a - b));
          expect(counts).toEqual(counts.toSorted((a, b) => a - b));
          expect(firstAvailable).toBe(counts.filter((count) => count === 0).length);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test('the piece found is of the highest priority, and of those the rarest, or in order the first', () => {
  const everything = PieceSet.full(PIECES);
  const rarity = listAll(1);
  for (let piece = 0; piece < PIECES; piece++) {
    for (let count = piece; count < PIECES; count++) rarity.increase(piece);
    if (piece < 4 || piece === 11) continue;
    rarity.unlist(piece);
    rarity.setPriority(piece, piece === 6 || piece === 5 ? PRIORITY.high : PRIORITY.low);
    rarity.list(piece);
  }
  const found: number[] = [];
  for (let piece = rarity.find(everything, false); piece >= 0; piece = rarity.find(everything, false)) {
    found.push(piece);
    rarity.unlist(piece);
  }
  expect(found).toEqual([6, 5, 11, 3, 2, 1, 0, 10, 9, 8, 7, 4]);
  for (const piece of found) rarity.list(piece);
  expect(rarity.findFirst(everything)).toBe(5);
  for (const piece of [5, 6]) rarity.unlist(piece);
  expect(rarity.findFirst(everything)).toBe(0);
});

test('among pieces of one rarity the order is random, so that peers that count alike start differently', () => {
  const firsts = new Set<number>();
  for (let seed = 0; seed < 50; seed++) {
    const rarity = listAll(seed);
    for (let piece = 0; piece < PIECES; piece++) rarity.increase(piece);
    firsts.add(rarity.order(PRIORITY.normal).at(0));
  }
  expect(firsts.size).toBeGreaterThan(PIECES / 2);
});
