import type { Unit } from './bars.ts';

/** What somebody else published, and which of our figures stands beside it. */
export interface Published {
  readonly what: string;
  readonly theirs: string;
  /** Theirs was measured so. */
  readonly setting: string;
  readonly source: string;
  readonly scenario: string;
  readonly nodes?: number;
  readonly options?: Readonly<Record<string, number | string>>;
  readonly figure: string;
  readonly unit: Unit;
}

/** Figures of others, as read in their papers or in digests of them. Settings differ: they are no race, but a scale. */
export const PUBLISHED: readonly Published[] = [
  {
    what: 'mean hops',
    theirs: '7.7',
    setting: '65,536 peers, XOR geometry, static',
    source: 'Gummadi et al., SIGCOMM 2003',
    scenario: 'growth',
    figure: 'hops.mean',
    unit: 'hops',
  },
  {
    what: 'mean hops',
    theirs: '8.36',
    setting: '25,000 peers, Kademlia with 50 links, simulated browsers',
    source: 'YZ-social/dht-sim, documents',
    scenario: 'growth',
    figure: 'hops.mean',
    unit: 'hops',
  },
  {
    what: 'lookups that succeed without churn',
    theirs: '97 %',
    setting: 'the same network after organic joins',
    source: 'YZ-social/dht-sim, documents',
    scenario: 'growth',
    figure: 'success',
    unit: 'share',
  },
  {
    what: 'lookup latency, median',
    theirs: '341 ms',
    setting: 'Axona, 25,000 peers, 100 links',
    source: 'YZ-social/dht-sim, documents',
    scenario: 'growth',
    figure: 'latencyMs.p50',
    unit: 'ms',
  },
  {
    what: 'lookup latency, recursive',
    theirs: '350 ms, 225 ms with proximity',
    setting: 'R/Kademlia, 5,000 peers, Weibull 0.5',
    source: 'Heep, ATNAC 2010',
    scenario: 'growth',
    figure: 'latencyMs.p50',
    unit: 'ms',
  },
  {
    what: 'lookup latency, iterative',
    theirs: '630 ms',
    setting: 'R/Kademlia, the same, five questions at once',
    source: 'Heep, ATNAC 2010',
    scenario: 'growth',
    figure: 'iterative.ms.p50',
    unit: 'ms',
  },
  {
    what: 'lookup latency, median',
    theirs: '450 ms',
    setting: 'Kademlia, 1,024 peers, King latencies, 10 B/s upkeep',
    source: 'Li et al., INFOCOM 2005',
    scenario: 'growth',
    figure: 'latencyMs.p50',
    unit: 'ms',
  },
  {
    what: 'lookup latency, floor of recursive routing',
    theirs: 'about 204 ms',
    setting: 'three one-way latencies of 68 ms',
    source: 'Dabek, as quoted by YZ-social/dht-sim',
    scenario: 'growth',
    figure: 'latencyMs.p50',
    unit: 'ms',
  },
  {
    what: 'walk of the live network, median',
    theirs: '622 ms',
    setting: 'IPFS 2022, iterative, over the Internet',
    source: 'Trautwein et al., SIGCOMM 2022',
    scenario: 'growth',
    figure: 'iterative.ms.p50',
    unit: 'ms',
  },
  {
    what: 'put returns, median',
    theirs: '0.51 s',
    setting: 'IPFS with Optimistic Provide, over the Internet',
    source: 'Trautwein et al., INFOCOM 2024',
    scenario: 'growth',
    figure: 'putMs.p50',
    unit: 'ms',
  },
  {
    what: 'put returns, 95th percentile',
    theirs: '0.92 s',
    setting: 'the same',
    source: 'Trautwein et al., INFOCOM 2024',
    scenario: 'growth',
    figure: 'putMs.p95',
    unit: 'ms',
  },
  {
    what: 'paths that survive 30 % deaths, no repair',
    theirs: 'about 80 %',
    setting: '65,536 peers, XOR geometry',
    source: 'Gummadi et al., SIGCOMM 2003',
    scenario: 'static',
    options: { dead: 0.3 },
    figure: 'successBeforeRepair',
    unit: 'share',
  },
  {
    what: 'lookups that succeed under churn',
    theirs: '99.9 % consistent',
    setting: 'Bamboo, 1,000 peers, median session 47 min',
    source: 'Rhea et al., USENIX 2004',
    scenario: 'churn',
    options: { session: 600 },
    figure: 'success',
    unit: 'share',
  },
  {
    what: 'upkeep under churn, per peer',
    theirs: 'about 750 B/s; Chord 2,400 B/s',
    setting: 'Bamboo, 1,000 peers',
    source: 'Rhea et al., USENIX 2004',
    scenario: 'churn',
    options: { session: 600 },
    figure: 'upkeepBytesPerNodePerSecond',
    unit: 'bytes',
  },
  {
    what: 'lookups past 20 % adversaries',
    theirs: '99 %',
    setting: 'S/Kademlia, 10,000 peers, disjoint paths, no churn',
    source: 'Baumgart and Mies, ICPADS 2007',
    scenario: 'adversary',
    options: { share: 0.2, kind: 'drop' },
    figure: 'success',
    unit: 'share',
  },
  {
    what: 'failures with pairs that cannot connect',
    theirs: '1.3 to 7.5 % (Tapestry), 2.9 to 4.8 % (Chord)',
    setting: '1,024 peers, 5 % of the pairs broken; ours: success',
    source: 'Li et al., INFOCOM 2005',
    scenario: 'broken-pairs',
    figure: 'success',
    unit: 'share',
  },
  {
    what: 'lookups across one bridge',
    theirs: '0 % plain XOR, 94 to 100 % Axona',
    setting: 'two halves, simulated',
    source: 'YZ-social/dht-sim, documents',
    scenario: 'partition',
    figure: 'success',
    unit: 'share',
  },
];
