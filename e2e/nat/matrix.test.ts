import { expect, test } from 'vitest';
import { bestWay, formatMatrix } from './matrix.ts';

test('a port that cannot be foretold does not meet one that lets in only whom it knows', () => {
  expect(bestWay('symmetric', 'port-restricted', 'none')).toBe('none');
  expect(bestWay('port-restricted', 'symmetric', 'none')).toBe('none');
  expect(bestWay('symmetric', 'symmetric', 'none')).toBe('none');
  expect(bestWay('symmetric', 'full-cone', 'none')).toBe('direct');
  expect(bestWay('port-restricted', 'port-restricted', 'none')).toBe('direct');
});

test('who has no UDP takes TURN over TCP', () => {
  expect(bestWay('udp-blocked', 'open', 'none')).toBe('none');
  expect(bestWay('udp-blocked', 'open', 'udp')).toBe('none');
  expect(bestWay('udp-blocked', 'udp-blocked', 'tcp')).toBe('turn');
  expect(bestWay('symmetric', 'symmetric', 'udp')).toBe('turn');
});

test('the table marks the pairs that are linked in another way than they could be', () => {
  const table = formatMatrix(
    [
      { a: 'open', b: 'open', way: 'direct' },
      { a: 'symmetric', b: 'open', way: 'turn' },
    ],
    'udp',
  );
  expect(table).toMatch(/^open +direct +turn \(!\)$/m);
});
