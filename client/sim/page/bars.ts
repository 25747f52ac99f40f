import type { Summary } from '../summary.ts';

/** How a figure is written. */
export type Unit = 'share' | 'hops' | 'ms' | 'seconds' | 'bytes' | 'megabytes' | 'count';

/** A figure that the project wants to reach. */
export interface Bar {
  readonly what: string;
  readonly scenario: string;
  /** Only runs of this size. Without it the largest counts. [peers] */
  readonly nodes?: number;
  /** Only runs told so. */
  readonly options?: Readonly<Record<string, number | string>>;
  /** Name in a `Summary`. */
  readonly figure: string;
  readonly unit: Unit;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** The best that others published. */
  readonly published: string;
}

const NONE = '–';
const HOPS = '8.4 at 25,000 with 50 links';
const LINKS = { linkTarget: 32 };
const DEFAULT_LINKS = { linkTarget: 40 };

/** Every bar that the simulator measures. */
export const BARS: readonly Bar[] = [
  ...(
    [
      [1_000, 3.2],
      [10_000, 4.7],
      [100_000, 6.6],
    ] as const
  ).map(([nodes, atMost]): Bar => {
    const what = `mean hops, ${nodes.toLocaleString('en')} peers, 32 links`;
    return {
      what,
      scenario: 'growth',
      nodes,
      options: LINKS,
      figure: 'hops.mean',
      unit: 'hops',
      atMost,
      published: HOPS,
    };
  }),
  {
    what: 'lookups that succeed, no churn',
    scenario: 'growth',
    figure: 'success',
    unit: 'share',
    atLeast: 1,
    published: '97 %',
  },
  {
    what: '30 % die at once, lookups before repair',
    scenario: 'static',
    options: { dead: 0.3 },
    figure: 'successBeforeRepair',
    unit: 'share',
    atLeast: 0.97,
    published: 'about 80 %',
  },
  {
    what: '30 % die at once, 60 s later',
    scenario: 'static',
    options: { dead: 0.3 },
    figure: 'success',
    unit: 'share',
    atLeast: 0.999,
    published: NONE,
  },
  {
    what: '50 % die at once, 120 s later',
    scenario: 'static',
    options: { dead: 0.5 },
    figure: 'successAfterLongRepair',
    unit: 'share',
    atLeast: 0.995,
    published: '"still works"',
  },
  {
    what: '50 % die at once, records still found',
    scenario: 'static',
    options: { dead: 0.5 },
    figure: 'recordsFound',
    unit: 'share',
    atLeast: 0.995,
    published: NONE,
  },
  ...(
    [
      [600, '10 min', 0.995, '99.9 % at 47 min'],
      [120, '2 min', 0.97, NONE],
    ] as const
  ).flatMap(([session, words, atLeast, published]): Bar[] => {
    const run = { scenario: 'churn', options: { session } };
    return [
      { ...run, what: `churn, mean session ${words}`, figure: 'success', unit: 'share', atLeast, published },
      {
        ...run,
        what: `the same: upkeep per peer and second`,
        figure: 'upkeepBytesPerNodePerSecond',
        unit: 'bytes',
        atMost: 1_000,
        published: session === 600 ? '750 B/s' : NONE,
      },
    ];
  }),
  {
    what: 'lookup latency at 25,000 with the default of 40 links, median',
    scenario: 'growth',
    nodes: 25_000,
    options: DEFAULT_LINKS,
    figure: 'latencyMs.p50',
    unit: 'ms',
    atMost: 300,
    published: '341 ms',
  },
  {
    what: 'the same, 99th percentile',
    scenario: 'growth',
    nodes: 25_000,
    options: DEFAULT_LINKS,
    figure: 'latencyMs.p99',
    unit: 'ms',
    atMost: 1_000,
    published: NONE,
  },
  {
    what: 'put returns, median',
    scenario: 'growth',
    figure: 'putMs.p50',
    unit: 'ms',
    atMost: 500,
    published: '510 ms',
  },
  {
    what: 'put returns, 95th percentile',
    scenario: 'growth',
    figure: 'putMs.p95',
    unit: 'ms',
    atMost: 1_000,
    published: '920 ms',
  },
  ...(['drop', 'misroute'] as const).flatMap((kind) =>
    (
      [
        [0.1, 0.99],
        [0.2, 0.97],
      ] as const
    ).map(([share, atLeast]): Bar => {
      const what = `${share * 100} % adversaries that ${kind}, 8 disjoint paths`;
      const published = share === 0.2 ? '99 %, on paper' : NONE;
      const options = { share, kind, disjoint: 8 };
      return { what, scenario: 'adversary', options, figure: 'success', unit: 'share', atLeast, published };
    }),
  ),
  {
    what: 'one bridge joins two halves: lookups across',
    scenario: 'partition',
    figure: 'success',
    unit: 'share',
    atLeast: 0.99,
    published: '0 % plain XOR',
  },
  {
    what: 'hot record: reads answered by its busiest holder',
    scenario: 'hot-key',
    figure: 'record.largestShare',
    unit: 'share',
    atMost: 0.05,
    published: NONE,
  },
  {
    what: 'hot provider key: the same',
    scenario: 'hot-key',
    figure: 'providers.largestShare',
    unit: 'share',
    atMost: 0.05,
    published: NONE,
  },
  {
    what: 'wall clock, 10,000 peers joined and 10,000 lookups',
    scenario: 'growth',
    nodes: 10_000,
    figure: 'lookedUpWallMs',
    unit: 'seconds',
    atMost: 60,
    published: NONE,
  },
  {
    what: 'wall clock, 100,000 peers joined and 100,000 lookups',
    scenario: 'growth',
    nodes: 100_000,
    figure: 'lookedUpWallMs',
    unit: 'seconds',
    atMost: 900,
    published: NONE,
  },
  {
    what: 'memory of that run',
    scenario: 'growth',
    nodes: 100_000,
    figure: 'peakRssMb',
    unit: 'megabytes',
    atMost: 3_000,
    published: NONE,
  },
];

/** The runs that a bar is about: of those that fit, the largest network. */
export function runsFor(
  bar: Pick<Bar, 'scenario' | 'nodes' | 'options'>,
  summaries: readonly Summary[],
): Summary | undefined {
  return summaries
    .filter(({ scenario, nodes, options }) => {
      const isRightSize = bar.nodes === undefined || nodes === bar.nodes;
      const isRightKind = Object.entries(bar.options ?? {}).every(([name, value]) => options[name] === value);
      return scenario === bar.scenario && isRightSize && isRightKind;
    })
    .reduce<Summary | undefined>((best, each) => (best && best.nodes > each.nodes ? best : each), undefined);
}

/** Whether the mean of the runs reaches the bar; undefined when nobody ran it. */
export function isReached({ figure, unit, atLeast, atMost }: Bar, runs: Summary | undefined): boolean | undefined {
  const value = runs?.figures[figure]?.mean;
  if (value === undefined) return undefined;
  const scaled = unit === 'seconds' ? value / 1000 : value;
  return (atLeast === undefined || scaled >= atLeast) && (atMost === undefined || scaled <= atMost);
}
