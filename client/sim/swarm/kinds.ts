import { BLOCK_BYTES } from '../../../shared/src/limits/metainfo.ts';
import type { Millis } from '../../../shared/src/machine.ts';
import type { PeerKey } from '../../src/swarm/peer-key.ts';
import type { Figures } from '../report.ts';
import { Samples, mean, rounded } from '../statistics.ts';
import type { SwarmPeer } from './peer.ts';
import { Swarm, duplicateShare, simulatedPieceLength } from './swarm.ts';
import { type Rewrite, refusingHashes, selfish, silentOnHashes } from './wire-filter.ts';

const MIB = 1024 * 1024;

/** Sizes of a run; each kind has its own. */
export interface KindOptions {
  /** Leechers. */
  readonly nodes: number;
  readonly seed: number;
  /** Size of the file. [MiB] */
  readonly mib: number;
}

/** What a kind of run found. */
export interface SwarmRun {
  readonly figures: Figures;
  readonly virtualMs: Millis;
  /** Sentences about what must hold and does not. */
  readonly violations: readonly string[];
}

/** A kind of run of a swarm, with the sizes at which its bar stands. */
export interface SwarmKind {
  readonly name: string;
  /** One line of the usage text. */
  readonly about: string;
  readonly nodes: number;
  readonly mib: number;
  run(options: KindOptions): SwarmRun;
}

/** A home line: the uplink a quarter of the downlink. [kB/s] */
const HOME = { up: 1000, down: 4000 } as const;

/** A seed on a good line. [kB/s] */
const STRONG = { up: 4000, down: 4000 } as const;

/** A slow home line and the seed beside it: a download takes minutes there, so tit-for-tat has its rounds. [kB/s] */
const SLOW = { up: 250, down: 1000 } as const;
const SLOW_SEED = { up: 500, down: 1000 } as const;

/** A rented server: what it is asked for leaves at once. [kB/s] */
const SERVER = { up: 20_000, down: 20_000 } as const;

/** Right blocks that poisoners send to each peer before they lie. */
const RIGHT_FIRST = [1, 8, 64] as const;

/** Poisoners without hashes are alone with the leechers so long. [ms] Many round trips, each of which could cost a block. */
const ALONE_MS = 5000;

/** Pieces of a run in which whole ones may be lost: 64 blocks. [bytes] */
const LARGE_PIECE = MIB;

/** Peers of a flash crowd come within so long. [ms] */
const SPREAD_MS = 2000;

/** What is not done by then never will be. [ms] */
const HORIZON_MS = 4 * 3_600_000;

/** Six rounds of tit-for-tat. [ms] */
const ACQUAINTED_MS = 60_000;

/** How often a run looks whether something is so. [ms] */
const LOOK_MS = 100;

const completion = kind(
  'completion',
  'a flash crowd: time until all are done, of the fluid bound',
  100,
  64,
  (options) => {
    return crowd(options, STRONG, false);
  },
);

const scarce = kind('scarce', 'the same with a first seed no better than the leechers', 100, 64, (options) => {
  return crowd(options, HOME, false);
});

const verified = kind('verified', 'a flash crowd in version 2, where each block is verified', 100, 64, (options) => {
  return crowd(options, STRONG, false, true);
});

const seed = kind('seed', 'what a super-seed uploads until all are done, in copies of the file', 10, 64, (options) => {
  return crowd(options, HOME, true);
});

const tail = kind('tail', 'the last 1 % of each download, and what was fetched twice', 20, 64, (options) => {
  return crowd(options, STRONG, false);
});

const freeride = kind(
  'freeride',
  'contended: what a free-rider gets, of what a contributor gets',
  50,
  64,
  (options) => {
    const { swarm } = makeSwarm(options);
    const first = swarm.add('seed', SLOW_SEED);
    const riders = Math.max(1, Math.round(options.nodes / 10));
    const leechers = Array.from({ length: options.nodes }, (_, i) =>
      swarm.add('leecher', SLOW, i < riders ? { rewrite: selfish } : {}),
    );
    swarm.join(first);
    swarm.joinAll(leechers, SPREAD_MS);
    const contributors = leechers.slice(riders);
    const kept = (): [number, number] => [
      mean(leechers.slice(0, riders).map((peer) => peer.keptBytes)),
      mean(contributors.map((peer) => peer.keptBytes)),
    ];
    // At first nobody has given anything, and to whom to give is luck.
    swarm.network.run(ACQUAINTED_MS, () => false);
    const before = kept();
    // Who is done gives without need: the contest is over when the first one is.
    swarm.network.run(HORIZON_MS, () => contributors.some((peer) => peer.isComplete));
    const after = kept();
    const isOver = contributors.some((peer) => peer.isComplete);
    return {
      ...outcome(swarm, isOver ? [] : contributors),
      figures: {
        freeRiderShare: rounded((after[0] - before[0]) / (after[1] - before[1]), 4),
        withFirstMinute: rounded(after[0] / after[1], 4),
        contributorBytesPerSecond: Math.round((1000 * after[1]) / swarm.network.now),
        duplicateShare: rounded(duplicateShare(contributors), 5),
      },
    };
  },
);

const leave = kind('leave', 'seeds leave as soon as one copy is out: whether everyone is done', 10, 8, (options) => {
  const { swarm } = makeSwarm(options);
  const seeds = [swarm.add('seed', HOME), swarm.add('seed', HOME)];
  const leechers = Array.from({ length: options.nodes }, () => swarm.add('leecher', HOME));
  for (const each of seeds) swarm.join(each);
  swarm.joinAll(leechers, SPREAD_MS);
  const isOut = (): boolean => swarm.copies(leechers) >= 1;
  swarm.watch(LOOK_MS, isOut, () => seeds.forEach((each) => each.leave()));
  swarm.runUntilDone(leechers, HORIZON_MS);
  return {
    ...outcome(swarm, leechers),
    figures: {
      doneShare: rounded(leechers.filter((peer) => peer.isComplete).length / leechers.length),
      ...common(leechers),
    },
  };
});

const poison = kind('poison', 'version 2 with a poisoner: what it costs each peer, in blocks', 20, 16, (options) => {
  const { swarm } = makeSwarm(options, true);
  const first = swarm.add('seed', HOME);
  const poisoner = swarm.add('seed', SERVER, { liesAfter: 0 });
  const leechers = Array.from({ length: options.nodes }, () => swarm.add('leecher', HOME));
  for (const each of [first, poisoner]) swarm.join(each);
  swarm.joinAll(leechers, SPREAD_MS);
  swarm.runUntilDone(leechers, HORIZON_MS);
  const wasted = leechers.map((peer) => peer.wrongBytes / BLOCK_BYTES);
  return {
    ...outcome(swarm, leechers),
    figures: {
      wastedBlocks: rounded(mean(wasted), 3),
      mostWastedBlocks: Math.max(...wasted),
      // With those that were on their way when the link was closed.
      sentBlocks: rounded(poisoner.sentBytes / BLOCK_BYTES / leechers.length, 3),
      // What left its line, small messages included.
      sentWithMessages: rounded(poisoner.line.sentBytes / BLOCK_BYTES / leechers.length, 3),
      bannedShare: rounded(leechers.filter(({ banned }) => banned.has(poisoner.id)).length / leechers.length),
      blamedInnocents: leechers.filter(({ banned }) => banned.size > Number(banned.has(poisoner.id))).length,
      ...common(leechers),
    },
  };
});

const betrayal = kind(
  'betrayal',
  'the same with poisoners that send so many right blocks first: what each costs a peer, in blocks',
  20,
  16,
  (options) => {
    const { swarm } = makeSwarm(options, true);
    const first = swarm.add('seed', HOME);
    const poisoners = RIGHT_FIRST.map((liesAfter) => swarm.add('seed', SERVER, { liesAfter }));
    const leechers = Array.from({ length: options.nodes }, () => swarm.add('leecher', HOME));
    for (const each of [first, ...poisoners]) swarm.join(each);
    swarm.joinAll(leechers, SPREAD_MS);
    swarm.runUntilDone(leechers, HORIZON_MS);
    const lost = poisoners.map((each) => lostTo([each], leechers));
    // Of what a poisoner gave before and one block, which is the most that it may cost.
    const shares = RIGHT_FIRST.map((count, i) => (lost[i]?.most ?? 0) / (count + 1));
    return {
      ...outcome(swarm, leechers),
      figures: {
        mostLostShare: rounded(Math.max(...shares), 3),
        ...Object.fromEntries(RIGHT_FIRST.map((count, i) => [`after${count}`, lost[i] ?? null])),
        blamedInnocents: blamedInnocents(leechers, poisoners),
        ...common(leechers),
      },
    };
  },
);

const refuse = kind(
  'refuse',
  'poisoners of which nobody gets hashes come first: what each costs a peer, in blocks',
  20,
  16,
  (options) => {
    const refusing = withheld(options, [refusingHashes, refusingHashes]);
    const silent = withheld(options, [silentOnHashes]);
    const mixed = withheld(options, [refusingHashes, silentOnHashes]);
    const runs = [refusing, silent, mixed];
    return {
      virtualMs: Math.max(...runs.map(({ virtualMs }) => virtualMs)),
      violations: runs.flatMap(({ violations }) => violations),
      figures: {
        mostLostBlocks: Math.max(...runs.map(({ lost }) => lost.most)),
        ...{ refusing: refusing.lost, silent: silent.lost, mixed: mixed.lost },
        blamedInnocents: runs.reduce((sum, { blamed }) => sum + blamed, 0),
        ...common(runs.flatMap(({ leechers }) => leechers)),
      },
    };
  },
);

/** Every kind by its name on the command line. */
export const KINDS: ReadonlyMap<string, SwarmKind> = new Map(
  [freeride, seed, completion, scarce, verified, tail, leave, poison, betrayal, refuse].map((each) => [
    each.name,
    each,
  ]),
);

function kind(
  name: string,
  about: string,
  nodes: number,
  mib: number,
  run: (options: KindOptions) => SwarmRun,
): SwarmKind {
  return { name, about, nodes, mib, run };
}

/** One seed and leechers of equal lines that come together. */
function crowd(
  options: KindOptions,
  line: typeof HOME | typeof STRONG,
  isSuperSeeding: boolean,
  isV2 = false,
): SwarmRun {
  const { swarm, bytes } = makeSwarm(options, isV2);
  const first = swarm.add('seed', line);
  if (isSuperSeeding) first.input({ kind: 'command', command: { kind: 'setSuperSeeding', isSuperSeeding } });
  const leechers = Array.from({ length: options.nodes }, () => swarm.add('leecher', HOME));
  swarm.join(first);
  swarm.joinAll(leechers, SPREAD_MS);
  swarm.runUntilDone(leechers, HORIZON_MS);
  const { nodes } = options;
  // Kumar and Ross 2006: nobody can be faster than the seed sends one copy, than all uplinks send all copies, or than
  // a downlink takes one.
  const boundMs = Math.max(bytes / line.up, (nodes * bytes) / (line.up + nodes * HOME.up), bytes / HOME.down);
  const times = Samples.of(leechers.map((peer) => ((peer.completedAt ?? swarm.network.now) - SPREAD_MS) / boundMs));
  return {
    ...outcome(swarm, leechers),
    figures: {
      timesBound: rounded(times.percentile(1), 3),
      meanTimesBound: rounded(times.mean, 3),
      seedCopies: rounded(first.sentBytes / bytes, 3),
      ...common(leechers),
    },
  };
}

function makeSwarm(
  { seed: number, mib }: KindOptions,
  isV2 = false,
  pieceLength = simulatedPieceLength(mib * MIB),
): { readonly swarm: Swarm; readonly bytes: number } {
  const bytes = mib * MIB;
  return { swarm: new Swarm({ seed: number, fileBytes: bytes, pieceLength, isV2 }), bytes };
}

function outcome(swarm: Swarm, leechers: readonly SwarmPeer[]): Omit<SwarmRun, 'figures'> {
  const left = leechers.filter((peer) => !peer.isComplete).length;
  return { virtualMs: swarm.network.now, violations: left === 0 ? [] : [`${left} of ${leechers.length} are not done`] };
}

/** Poisoners that rewrite their messages so, leechers, and much later a seed. */
function withheld(options: KindOptions, rewrites: readonly Rewrite[]) {
  const { swarm } = makeSwarm(options, true, LARGE_PIECE);
  const poisoners = rewrites.map((rewrite) => swarm.add('seed', SERVER, { liesAfter: 0, rewrite }));
  const leechers = Array.from({ length: options.nodes }, () => swarm.add('leecher', HOME));
  for (const each of poisoners) swarm.join(each);
  swarm.joinAll(leechers, SPREAD_MS);
  swarm.network.run(SPREAD_MS + ALONE_MS, () => false);
  swarm.join(swarm.add('seed', HOME));
  swarm.runUntilDone(leechers, HORIZON_MS);
  const lost = lostTo(poisoners, leechers);
  return { ...outcome(swarm, leechers), leechers, lost, blamed: blamedInnocents(leechers, poisoners) };
}

/** What one of the poisoners cost one of the peers. [blocks] */
function lostTo(poisoners: readonly SwarmPeer[], peers: readonly SwarmPeer[]) {
  const blocks = poisoners.flatMap(({ id }) => peers.map(({ lies }) => (lies.get(id) ?? 0) / BLOCK_BYTES));
  return { mean: rounded(mean(blocks), 2), most: Math.max(...blocks) };
}

/** How many of the peers banned others than these poisoners. */
function blamedInnocents(peers: readonly SwarmPeer[], poisoners: readonly SwarmPeer[]): number {
  const ids = new Set<PeerKey>(poisoners.map(({ id }) => id));
  return peers.filter(({ banned }) => [...banned].some((id) => !ids.has(id))).length;
}

/** What is of interest in every run. */
function common(leechers: readonly SwarmPeer[]): Figures {
  const tails = Samples.of(
    leechers.flatMap(({ completedAt, almostAt, joinedAt }) =>
      completedAt === undefined || almostAt === undefined ? [] : [(completedAt - almostAt) / (completedAt - joinedAt)],
    ),
  );
  return {
    done: tails.size,
    duplicateShare: rounded(duplicateShare(leechers), 5),
    tailShare: {
      mean: rounded(tails.mean, 4),
      p50: rounded(tails.percentile(0.5), 4),
      p95: rounded(tails.percentile(0.95), 4),
    },
  };
}
