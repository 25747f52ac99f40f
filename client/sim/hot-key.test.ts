import { expect, test } from 'vitest';
import { parseCommand } from './command.ts';
import { runScenario } from './run.ts';
import { SCENARIOS } from './scenarios/index.ts';

/** Five, whose mean is the bar: where the eight holders lie makes single ones differ from 3.5 to 5.5 %. */
const SEEDS = [1, 2, 3, 4, 5];

test('of ten thousand readers of one key no peer serves more than a twentieth, be it a record or providers, and all find it', () => {
  const runs = SEEDS.map((seed) => {
    const { extra, recordsFound, violations } = readByTenThousand(seed);
    const { record, providers } = extra as Record<'record' | 'providers', Readonly<Record<string, number>>>;
    expect({ recordsFound, providersFound: providers['found'], violations }).toEqual({
      recordsFound: 1,
      providersFound: 1,
      violations: [],
    });
    return { record: record['largestShare'] ?? 1, providers: providers['largestShare'] ?? 1 };
  });
  expect(mean(runs.map(({ record }) => record))).toBeLessThanOrEqual(0.05);
  expect(mean(runs.map(({ providers }) => providers))).toBeLessThanOrEqual(0.05);
}, 300_000);

function readByTenThousand(seed: number): ReturnType<typeof runScenario> {
  const size = ['--nodes', '300', '--links', '32', '--readers', '10000', '--lookups', '100', '--seed', String(seed)];
  const command = parseCommand(['hot-key', ...size], SCENARIOS);
  if (command.kind !== 'run') throw new Error('the command line is not understood');
  return runScenario(command.scenario, command.settings);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
