import { expect, test } from 'vitest';
import { parseCommand } from './command.ts';
import { runScenario } from './run.ts';
import { SCENARIOS } from './scenarios/index.ts';

test('of ten thousand readers of one key no peer serves more than a twentieth, be it a record or providers, and all find it', () => {
  const size = ['--nodes', '300', '--links', '32', '--readers', '10000', '--lookups', '100', '--seed', '2'];
  const command = parseCommand(['hot-key', ...size], SCENARIOS);
  if (command.kind !== 'run') throw new Error('the command line is not understood');
  const { extra, recordsFound, violations } = runScenario(command.scenario, command.settings);
  const { record, providers } = extra as Record<'record' | 'providers', Readonly<Record<string, number>>>;
  expect({ recordsFound, providersFound: providers['found'], violations }).toEqual({
    recordsFound: 1,
    providersFound: 1,
    violations: [],
  });
  expect(record['largestShare']).toBeLessThanOrEqual(0.05);
  expect(providers['largestShare']).toBeLessThanOrEqual(0.05);
}, 120_000);
