import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type NodeId, nodeIdFromBytes } from '../../../shared/src/ids.ts';
import { randomBelow, seededRng } from '../../../shared/src/machine.ts';
import { formatAddress, parseAddress } from './address.ts';

const id = fc.uint8Array({ minLength: 20, maxLength: 20 }).map(nodeIdFromBytes);
const otter = '34750f98bd59fcfc946da45aaabe933be154a4b5' as NodeId;

test('the address of the protocol page is that of its id', () => {
  expect(formatAddress('Amber Otter', otter)).toBe('amber-otter.gr2q7gf5lh6pzfdnurnkvputhpqvjjfv');
});

test('an address names its id whatever the name is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), id, (name, node) => {
      const address = formatAddress(name, node);
      expect(parseAddress(address)).toBe(node);
      expect(parseAddress(`  ${address.toUpperCase()}\n`)).toBe(node);
      expect(parseAddress(`https://x.example/#a=1&call=${encodeURIComponent(address)}`)).toBe(node);
    }),
  );
});

test('the readable part has letters, digits and single hyphens', () => {
  expect(formatAddress('  Ada & Lovelace!! ', otter)).toMatch(/^ada-lovelace\.[a-z2-7]{32}$/);
  expect(formatAddress('Ōtā 1', otter)).toMatch(/^ōtā-1\./);
  expect(formatAddress('…', otter)).toMatch(/^peer\./);
  expect(formatAddress('x'.repeat(100), otter)).toMatch(/^x{40}\./);
});

test('hex ids and bare fingerprints are addresses too', () => {
  expect(parseAddress(` ${otter.toUpperCase()} `)).toBe(otter);
  expect(parseAddress('gr2q7gf5lh6pzfdnurnkvputhpqvjjfv')).toBe(otter);
  expect(parseAddress(`http://localhost:8080/?name=a#call=${otter}`)).toBe(otter);
});

test('anything else is no address', () => {
  const others = [
    '',
    '.',
    'amber-otter',
    `${otter}0`,
    'a.gr2q7gf5lh6pzfdnurnkvputhpqvjjf',
    'a.gr2q7gf5lh6pzfdnurnkvputhpqvjjf1',
    'http://x/#call=%E0%A4%A',
    `${' '.repeat(3000)}${otter}`,
  ];
  expect(others.filter((text) => parseAddress(text) !== undefined)).toEqual([]);
});

test('100,000 random and mutated texts give an id or nothing, never a throw', () => {
  const rng = seededRng(11);
  const good = 'https://x.example/#call=amber-otter.gr2q7gf5lh6pzfdnurnkvputhpqvjjfv'.split('');
  for (let i = 0; i < 100_000; i++) {
    const text = good.slice(randomBelow(rng, good.length));
    for (let j = randomBelow(rng, 3); j > 0; j--)
      text[randomBelow(rng, text.length)] = String.fromCharCode(randomBelow(rng, 300));
    const parsed = parseAddress(text.join(''));
    if (parsed !== undefined && !/^[0-9a-f]{40}$/.test(parsed)) throw new Error(`${text.join('')} gave ${parsed}`);
  }
});
