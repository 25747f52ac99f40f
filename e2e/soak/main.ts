import { parseArgs } from 'node:util';
import { World } from '../harness/world.ts';
import { checks, formatReport, toJson } from './report.ts';
import { type SoakOptions, soak } from './soak.ts';

const USAGE = `Usage: npm run soak -- [--tabs 24] [--minutes 10] [--churn SECONDS] [--seed S] [--links BUDGET] [--lookups L]
  [--idle SECONDS] [--person] [--json]
  --links    budget of the second network of --tabs tabs, in which hops are compared with the simulator's; 0: none
  --idle     how long tabs are watched doing nothing; 0: not at all
  --person   a browser with no more rights than anybody's: root's puts its network threads before its pages`;

const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Runs a soak as the command line asks for. Resolves to whether every promise was kept. */
export async function main(args: readonly string[]): Promise<boolean> {
  const values = readArgs(args);
  if (!values) {
    say(USAGE);
    return false;
  }
  const world = await World.open({ browser: { isUnprivileged: values.isPerson } });
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
  person: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
} as const;

/** Undefined when the arguments make no sense. */
function readArgs(
  args: readonly string[],
): { options: SoakOptions; isPerson: boolean; isJsonOnly: boolean } | undefined {
  let values;
  try {
    ({ values } = parseArgs({ args: [...args], options: OPTIONS }));
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return undefined;
  }
  const [tabs, minutes, churn, seed, links, lookups, idle] = [
    values.tabs,
    values.minutes,
    values.churn,
    values.seed,
    values.links,
    values.lookups,
    values.idle,
  ].map(Number) as [number, number, number, number, number, number, number];
  const isSound =
    tabs >= 2 && minutes > 0 && churn > 0 && Number.isInteger(seed) && links >= 0 && lookups > 0 && idle >= 0;
  if (!isSound) return undefined;
  const comparisons = links > 0 ? [{ tabs, links }] : [];
  const options = { tabs, minutes, churn, seed, comparisons, lookups, idle };
  return { options, isPerson: values.person, isJsonOnly: values.json };
}
