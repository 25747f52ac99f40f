import { parseArgs } from 'node:util';
import { type NumberOption, type OptionSpecs, count, quantity, readOption, share } from './options.ts';
import type { Scenario, Settings } from './scenario.ts';
import { DEFAULT_WORLD } from './world.ts';

/** What the command line asks for. */
export type Command =
  | { readonly kind: 'problem'; readonly sentence: string }
  | {
      readonly kind: 'run';
      readonly scenario: Scenario;
      readonly settings: Settings;
      /** Runs, with this many seeds from `settings.seed` on. */
      readonly seeds: number;
      readonly isJson: boolean;
      /** Whether the report is added to those that REPORT.md is written from. */
      readonly isKept: boolean;
    };

/** Options that every scenario understands. */
const COMMON = {
  nodes: count(100, 'peers'),
  seed: count(1, 'of all randomness', 0, 2 ** 31),
  seeds: count(1, 'runs, with as many seeds'),
  lookups: count(0, 'lookups measured', 1, 10_000_000),
  latency: quantity(DEFAULT_WORLD.latencyMs, 'median one way [ms]'),
  links: count(DEFAULT_WORLD.linkTarget, 'links aimed for', 2, 256),
  broken: share(DEFAULT_WORLD.brokenPairs, 'of pairs that cannot connect'),
  loss: share(DEFAULT_WORLD.frameLoss, 'of frames lost'),
} satisfies Record<string, NumberOption>;

/** Options without a value. */
const FLAGS: ReadonlySet<string> = new Set(['json', 'keep', 'progress']);

/** Lookups when nobody says how many: one per peer, and enough to tell 99.9 % from all. */
const MIN_LOOKUPS = 1_000;

/** A hard limit on links stands in this proportion to the number aimed for: 64 to 40. */
const HARD_PER_TARGET = 1.6;

/** Reads the arguments behind `npm run sim --`. */
export function parseCommand(args: readonly string[], scenarios: ReadonlyMap<string, Scenario>): Command {
  const [name = '', ...rest] = args;
  const scenario = scenarios.get(name);
  if (!scenario) return problem(`There is no scenario '${name}'.`);
  const given = readGiven(rest);
  if (typeof given === 'string') return problem(given);
  const isJson = given.delete('json');
  const isKept = given.delete('keep');
  const isTold = given.delete('progress');
  const values = new Map<string, number | string>();
  for (const [option, text] of given) {
    const spec = specOf(option, scenario);
    if (!spec) return problem(strayOption(option, name, scenarios));
    if (typeof text !== 'string') return problem(`--${option} needs a value.`);
    const read = readOption(option, spec, text);
    if ('problem' in read) return problem(read.problem);
    values.set(option, read.value);
  }
  const seeds = Number(values.get('seeds') ?? COMMON.seeds.default);
  const settings = { ...settingsOf(scenario, values), ...(isTold && { isTold }) };
  return { kind: 'run', scenario, settings, seeds, isJson, isKept };
}

function problem(sentence: string): Command {
  return { kind: 'problem', sentence };
}

/** The options as they stand there; a sentence when something is no option. */
function readGiven(args: readonly string[]): Map<string, string | boolean> | string {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, keep: { type: 'boolean' }, progress: { type: 'boolean' } },
  });
  const given = new Map<string, string | boolean>();
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] as (typeof tokens)[number];
    if (token.kind === 'positional') return `'${token.value}' is neither an option nor the value of one.`;
    if (token.kind !== 'option') continue;
    const next = tokens[i + 1];
    const isFollowed = token.value === undefined && !FLAGS.has(token.name) && next?.kind === 'positional';
    if (isFollowed) i++;
    given.set(token.name, token.value ?? (isFollowed ? next.value : true));
  }
  return given;
}

function specOf(option: string, scenario: Scenario): OptionSpecs[string] | undefined {
  const common: OptionSpecs = COMMON;
  return Object.hasOwn(common, option) ? common[option] : ownSpec(option, scenario);
}

function ownSpec(option: string, { options }: Scenario): OptionSpecs[string] | undefined {
  return Object.hasOwn(options, option) ? options[option] : undefined;
}

function strayOption(option: string, name: string, scenarios: ReadonlyMap<string, Scenario>): string {
  const owners = [...scenarios.values()].filter((scenario) => ownSpec(option, scenario)).map((owner) => owner.name);
  if (owners.length === 0) return `There is no option --${option}.`;
  return `--${option} is an option of ${owners.join(' and ')}; ${name} has no such option.`;
}

function settingsOf(scenario: Scenario, values: ReadonlyMap<string, number | string>): Settings {
  const number = (name: keyof typeof COMMON): number => Number(values.get(name) ?? COMMON[name].default);
  const { defaults = {} } = scenario;
  const nodes = Number(values.get('nodes') ?? defaults.nodes ?? COMMON.nodes.default);
  const own = Object.entries(scenario.options).map(([name, spec]) => [name, values.get(name) ?? spec.default] as const);
  const linkTarget = Number(values.get('links') ?? defaults.links ?? COMMON.links.default);
  return {
    nodes,
    seed: number('seed'),
    lookups: Number(values.get('lookups') ?? defaults.lookups ?? Math.max(MIN_LOOKUPS, nodes)),
    own: Object.fromEntries(own),
    world: {
      ...DEFAULT_WORLD,
      latencyMs: number('latency'),
      brokenPairs: number('broken'),
      frameLoss: number('loss'),
      linkTarget,
      linkHard: Math.max(linkTarget, Math.round(HARD_PER_TARGET * linkTarget)),
    },
  };
}

/** How to use the command, every option named. */
export function usage(scenarios: ReadonlyMap<string, Scenario>): string {
  const lines = [...scenarios.values()].map(({ name, about, options }) =>
    [`  ${name.padEnd(14)}${about}`, ...describe(options).map((line) => `    ${line}`)].join('\n'),
  );
  return [
    'Usage: npm run sim -- <scenario> [--nodes N] [--seed S] [--seeds R] [--json] [options]',
    '',
    ...lines,
    '',
    'Options of every scenario',
    ...describe({ ...COMMON, lookups: { ...COMMON.lookups, about: 'lookups measured, by default one per peer' } }).map(
      (line) => `  ${line}`,
    ),
    '  --json                  one object on one line for each run',
    '  --progress              tell every five seconds of the network how far it is',
    '  --keep                  add the run to results/, from which npm run sim:report writes REPORT.md',
  ].join('\n');
}

function describe(options: OptionSpecs): string[] {
  return Object.entries(options).map(([name, spec]) => {
    const value = spec.kind === 'choice' ? spec.choices.join('|') : String(spec.default);
    return `--${name} ${value}`.padEnd(24) + spec.about;
  });
}
