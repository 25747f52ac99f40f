/** Which runs the report is made of: every one that a bar of the project names, and one of each scenario. */
export interface Suite {
  readonly seeds: number;
  /** Commands of the simulator, without seeds. */
  readonly runs: readonly (readonly string[])[];
}

/** Links for which hops are stated: the published figures are for 32 to 50. */
const LINKS = ['--links', '32'];

/** Who works against the others, and how many of them. */
const ADVERSARIES = [
  ['drop', '0.1'],
  ['drop', '0.2'],
  ['misroute', '0.1'],
  ['misroute', '0.2'],
  ['lie', '0.2'],
  ['sybil', '0.2'],
  ['eclipse', '0.2'],
] as const;

/** Far more than links lose, which is nothing until they break: it shows that no single frame matters. [share] */
const FRAME_LOSS = '0.01';

/** Sizes that end in about twenty minutes, all in all. */
export const MODERATE: Suite = {
  seeds: 3,
  runs: runsOf({
    growth: [100, 300, 1_000],
    latency: [],
    lossy: 300,
    nodes: 200,
    churn: 100,
    hours: 2,
    readers: 10_000,
    readersAmong: 300,
  }),
};

/** Sizes at which the bars stand: hours. */
export const FULL: Suite = {
  seeds: 5,
  runs: runsOf({
    growth: [1_000, 10_000, 100_000],
    latency: [25_000],
    lossy: 1_000,
    nodes: 1_000,
    churn: 1_000,
    hours: 24,
    readers: 10_000,
    readersAmong: 1_000,
  }),
};

interface Sizes {
  readonly growth: readonly number[];
  /** Networks with as many links as peers aim for by default: what lookups there take is what people wait. */
  readonly latency: readonly number[];
  /** The network whose links lose frames. */
  readonly lossy: number;
  readonly nodes: number;
  readonly churn: number;
  /** Without the server. */
  readonly hours: number;
  /** Readers of a hot key, and the peers that they are. */
  readonly readers: number;
  readonly readersAmong: number;
}

function runsOf({ growth, latency, lossy, nodes, churn, hours, readers, readersAmong }: Sizes): string[][] {
  const size = ['--nodes', String(nodes)];
  return [
    ...growth.map((each) => ['growth', '--nodes', String(each), ...LINKS, '--settle', '240']),
    ...latency.map((each) => ['growth', '--nodes', String(each), '--settle', '240']),
    ['growth', '--nodes', String(lossy), ...LINKS, '--loss', FRAME_LOSS],
    ...['0.3', '0.5'].map((dead) => ['static', ...size, ...LINKS, '--dead', dead]),
    ...['600', '120'].map((session) => ['churn', '--nodes', String(churn), ...LINKS, '--session', session]),
    ['broken-pairs', ...size, ...LINKS, '--share', '0.3'],
    ...ADVERSARIES.map(([kind, share]) => ['adversary', ...size, ...LINKS, '--kind', kind, '--share', share]),
    ['partition', ...size],
    ['storm', ...size],
    ['hot-key', '--nodes', String(readersAmong), ...LINKS, '--readers', String(readers)],
    ['server-death', '--hours', String(hours)],
  ];
}

/** Those runs of `suite` that are of one of `scenarios`; all without any. */
export function narrowed({ seeds, runs }: Suite, scenarios: readonly string[]): Suite {
  return { seeds, runs: scenarios.length === 0 ? runs : runs.filter(([name = '']) => scenarios.includes(name)) };
}

/** How a suite is run. */
export interface SuiteChoice {
  /** The first of the seeds. */
  readonly seed: number;
  readonly seeds: number;
  /** Runs at the same time. */
  readonly jobs: number;
}

/** Runs a suite with each of its seeds, by `run`, which gets a command and does what it likes with its report. */
export async function runSuite(
  { runs }: Suite,
  { seed, seeds, jobs }: SuiteChoice,
  run: (args: readonly string[]) => Promise<void>,
): Promise<void> {
  const waiting = runs.flatMap((args) =>
    Array.from({ length: seeds }, (_, i) => [...args, '--seed', String(seed + i), '--json']),
  );
  const worker = async (): Promise<void> => {
    for (let args = waiting.shift(); args; args = waiting.shift()) await run(args);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
}
