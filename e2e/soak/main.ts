import { parseArgs } from 'node:util';
import { World } from '../harness/world.ts';
import { checks, formatReport, toJson } from './report.ts';
import { type SoakOptions, soak } from './soak.ts';

const USAGE = `Usage: npm run soak -- [--tabs 24] [--minutes 10] [--churn SECONDS] [--seed S] [--links BUDGET] [--lookups L]
  [--idle SECONDS] [--browsers 1] [--person] [--json]
  --links    budget of the second network of --tabs tabs, in which hops are compared with the simulator's; 0: none
  --idle     how long tabs are watched doing nothing; 0: not at all
  --browsers how many the tabs are spread over: all of one share its network thread
  --person   browsers with no more rights than anybody's: root's puts its network threads before its pages`;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Runs a soak as the command line asks for. Resolves to whether every promise was kept. */
export async function main(args: readonly string[]): Promise<boolean> {
  const values = readArgs(args);
  if (!values) {
    say(USAGE);
    return false;
  }
  const { browsers, isPerson } = values;
  const world = await World.open({ browsers, browser: { isUnprivileged: isPerson } });
  try {
    const run = await soak(world, values.options, say);
    const text = formatReport(run);
    if (values.isJsonOnly) say(text);
    else process.stdout.write(`${text}\n`);
    process.stdout.write(`${JSON.stringify(toJson(run))}\n`);
    const kept = checks(run).every(({ holds }) => holds);
    if (!kept) await world.dump('soak');
    return kept;
  } finally {
    await world.close();
  }
}

const OPTIONS = {
  tabs: { type: 'string', default: '24' },
  minutes: { type: 'string', default: '10' },
  churn: { type: 'string', default: '5' },
  seed: { type: 'string', default: '1' },
  links: { type: 'string', default: '8' },
  lookups: { type: 'string', default: '300' },
  idle: { type: 'string', default: '30' },
  browsers: { type: 'string', default: '1' },
  person: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

interface Arguments {
  readonly options: SoakOptions;
  readonly browsers: number;
  readonly isPerson: boolean;
  readonly isJsonOnly: boolean;
}

/** Undefined when the arguments make no sense. */
function readArgs(args: readonly string[]): Arguments | undefined {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS }));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return undefined;
  }
  const [tabs, minutes, churn, seed, links, lookups, idle, browsers] = [
    values.tabs,
    values.minutes,
    values.churn,
    values.seed,
    values.links,
    values.lookups,
    values.idle,
    values.browsers,
  ].map(Number) as [number, number, number, number, number, number, number, number];
  const isSound =
    [tabs >= 2, minutes > 0, churn > 0, links >= 0, lookups > 0, idle >= 0].every(Boolean) &&
    [seed, browsers].every(Number.isInteger) &&
    browsers >= 1;
  if (!isSound) return undefined;
  const comparisons = links > 0 ? [{ tabs, links }] : [];
  const options = { tabs, minutes, churn, seed, comparisons, lookups, idle };
  return { options, browsers, isPerson: values.person, isJsonOnly: values.json };
}
