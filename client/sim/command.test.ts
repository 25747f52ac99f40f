import { expect, test } from 'vitest';
import { parseCommand, usage } from './command.ts';
import { choice, count, share } from './options.ts';
import { defineScenario } from './scenario.ts';
import type { Measured } from './report.ts';
import { newTally } from './workload.ts';

const run = (): Measured => ({ tally: newTally(), extra: {} });
const calm = defineScenario({ name: 'calm', about: 'nothing happens', options: {}, defaults: { nodes: 60 }, run });
const wild = defineScenario({
  name: 'wild',
  about: 'much happens',
  options: { share: share(0.2, 'of peers'), kind: choice(['drop', 'lie'], 'what they do'), paths: count(8, 'paths') },
  world: (options) => ({ brokenPairs: options.share }),
  run,
});
const SCENARIOS = new Map([calm, wild].map((scenario) => [scenario.name, scenario]));

function parse(line: string): ReturnType<typeof parseCommand> {
  return parseCommand(line.split(' '), SCENARIOS);
}

function sentence(line: string): string {
  const command = parse(line);
  return command.kind === 'problem' ? command.sentence : 'accepted';
}

test('a scenario without options runs with its defaults, one lookup for each peer and at least 1,000', () => {
  expect(parse('calm')).toMatchObject({ seeds: 1, isJson: false, settings: { nodes: 60, seed: 1, lookups: 1_000 } });
  expect(parse('wild --nodes 25000')).toMatchObject({ settings: { nodes: 25_000, lookups: 25_000 } });
});

test('options are read into the settings, the last value counts', () => {
  const line = 'wild --nodes 30 --seed 7 --seeds=3 --share 0.3 --kind lie --links 20 --json --nodes 40';
  expect(parse(line)).toMatchObject({
    seeds: 3,
    isJson: true,
    settings: {
      nodes: 40,
      seed: 7,
      own: { share: 0.3, kind: 'lie', paths: 8 },
      world: { linkTarget: 20, linkHard: 32 },
    },
  });
});

test('a run tells how far it is when that is wanted', () => {
  expect(parse('calm --progress --nodes 5')).toMatchObject({ settings: { nodes: 5, isTold: true } });
  expect(parse('calm')).not.toHaveProperty('settings.isTold');
});

test('a scenario changes the world by its own options', () => {
  const command = parse('wild --share 0.3');
  if (command.kind === 'problem') throw new Error(command.sentence);
  expect(command.scenario.worldOf(command.settings)).toMatchObject({ brokenPairs: 0.3, latencyMs: 68 });
});

test('an option of another scenario is rejected with a sentence that names its owner', () => {
  expect(sentence('calm --share 0.3')).toBe('--share is an option of wild; calm has no such option.');
});

test.each([
  ['stormy', "There is no scenario 'stormy'."],
  ['calm --colour red', 'There is no option --colour.'],
  ['calm --toString 1', 'There is no option --toString.'],
  ['calm --nodes', '--nodes needs a value.'],
  ['calm --nodes 1.5', "--nodes takes a whole number from 1 to 1000000, not '1.5'."],
  ['calm --nodes -5', '--nodes needs a value.'],
  ['calm --nodes=-5', "--nodes takes a whole number from 1 to 1000000, not '-5'."],
  ['wild --share 2', "--share takes a number from 0 to 1, not '2'."],
  ['wild --share=', "--share takes a number from 0 to 1, not ''."],
  ['wild --kind jump', "--kind takes one of drop, lie, not 'jump'."],
  ['calm 30', "'30' is neither an option nor the value of one."],
])('%s: %s', (line, answer) => {
  expect(sentence(line)).toBe(answer);
});

test('the usage names every scenario and every option', () => {
  const text = usage(SCENARIOS);
  for (const word of ['calm', 'wild', '--share 0.2', '--kind drop|lie', '--paths 8', '--nodes', '--seeds', '--json'])
    expect(text).toContain(word);
});
