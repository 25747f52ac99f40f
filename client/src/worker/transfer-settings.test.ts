import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readSettings } from './transfer-settings.ts';

test('settings come back as they were stored', () => {
  const settings = {
    limits: { down: 1000, up: undefined },
    priorities: ['skip', 'high'],
    isSequential: true,
    isSuperSeeding: true,
    isPaused: true,
  };
  expect(readSettings(structuredClone(settings))).toEqual(settings);
  expect(readSettings({})).toEqual({});
});

test('what makes no sense is left out, and the rest holds', () => {
  const settings = readSettings({
    limits: { down: -1, up: '5' },
    priorities: ['high', 'urgent', 3],
    isSequential: 'yes',
  });
  expect(settings).toEqual({ priorities: ['high', 'normal', 'normal'] });
});

test('whatever was stored can be read', () => {
  fc.assert(
    fc.property(fc.anything(), (value) => {
      expect(typeof readSettings(value)).toBe('object');
    }),
  );
});
