import { LATENCY_BIN_MS, type Report } from '../report.ts';
import { grouped } from '../results.ts';
import type { Summary } from '../summary.ts';
import { type Series, drawLines, drawRows } from '../svg.ts';
import { BARS, runsFor } from './bars.ts';

/** A file of the report. */
export interface Plot {
  readonly name: string;
  readonly caption: string;
  readonly svg: string;
}

/** Sizes that one plot shows side by side. */
const MAX_SIZES = 4;

/** End of the axis of latencies. [ms] */
const LONGEST_MS = 1_500;

/** What a network of ideal tables would need at 32 links: the desk model that the bars come from. */
const IDEAL = [
  { x: 1_000, y: 3.1 },
  { x: 10_000, y: 4.6 },
  { x: 100_000, y: 6.5 },
];

/** Every plot for which there are runs. */
export function plotsOf(reports: readonly Report[], summaries: readonly Summary[]): Plot[] {
  const growth = grouped(reports.filter(({ scenario }) => scenario === 'growth')).filter(isOfMostLinks);
  const sizes = spreadOut(growth, MAX_SIZES);
  if (sizes.length === 0) return [];
  return [hopsBySize(summaries), hopsDistribution(sizes), latencyDistribution(sizes), successByScenario(summaries)];
}

/** Runs at 32 links, for which the bars stand. */
function isOfMostLinks([report]: readonly Report[]): boolean {
  return report?.options['linkTarget'] === 32;
}

function hopsBySize(summaries: readonly Summary[]): Plot {
  const points = summaries
    .filter(({ scenario, options }) => scenario === 'growth' && options['linkTarget'] === 32)
    .flatMap(({ nodes, figures }) => {
      const hops = figures['hops.mean'];
      return hops ? [{ x: nodes, y: hops.mean, spread: hops.spread }] : [];
    })
    .toSorted((a, b) => a.x - b.x);
  const svg = drawLines({
    title: 'Mean hops of a lookup by size of the network',
    description: points.map(({ x, y }) => `${x} peers: ${y} hops`).join('; '),
    x: {
      label: 'peers',
      min: 80,
      max: 130_000,
      isLogarithmic: true,
      ticks: [100, 1_000, 10_000, 100_000],
      format: thousands,
    },
    y: { label: 'hops', min: 0, max: 10, ticks: [0, 2, 4, 6, 8, 10] },
    series: [
      { name: 'Skein, 32 links, joined by introductions', points, kind: 'line', shade: 1 },
      { name: 'ideal tables of 32 links, computed', points: IDEAL, kind: 'dashed' },
      { name: 'Kademlia, 50 links (dht-sim)', points: [{ x: 25_000, y: 8.36 }], kind: 'marks' },
      { name: 'XOR (Gummadi 2003)', points: [{ x: 65_536, y: 7.7 }], kind: 'marks' },
    ],
    legend: 'left',
  });
  return { name: 'hops-by-size', caption: 'Mean hops by size of the network, beside published figures', svg };
}

function hopsDistribution(sizes: readonly Report[][]): Plot {
  const series = sizes.map((reports, i): Series => {
    const counts = added(reports.map(({ histograms }) => histograms.hops));
    const all = sumOf(counts);
    const points = counts.map((count, hops) => ({ x: hops, y: (100 * count) / all }));
    return { name: nameOf(reports), points, kind: 'line', shade: shadeOf(i, sizes.length) };
  });
  const highest = Math.max(...series.flatMap(({ points }) => points.map(({ y }) => y)));
  const longest = Math.max(4, ...series.map(({ points }) => points.length - 1));
  const top = 20 * Math.ceil(highest / 20);
  const svg = drawLines({
    title: 'Share of lookups by hops',
    description: `Distribution of hops for ${sizes.map(nameOf).join(', ')}.`,
    x: { label: 'hops', min: 0, max: longest, ticks: Array.from({ length: longest + 1 }, (_, hops) => hops) },
    y: { label: 'of the lookups', min: 0, max: top, ticks: steps(top, 20), format: (value) => `${value} %` },
    series,
    legend: 'right',
  });
  return { name: 'hops-distribution', caption: 'Distribution of hops', svg };
}

function latencyDistribution(sizes: readonly Report[][]): Plot {
  const series = sizes.map((reports, i): Series => {
    const counts = added(reports.map(({ histograms }) => histograms.latencyMs));
    const all = sumOf(counts);
    let soFar = 0;
    const points = counts.map((count, bin) => {
      soFar += count;
      return { x: (bin + 1) * LATENCY_BIN_MS, y: (100 * soFar) / all };
    });
    if (counts.length * LATENCY_BIN_MS < LONGEST_MS) points.push({ x: LONGEST_MS, y: (100 * soFar) / all });
    const visible = points.filter(({ x }) => x <= LONGEST_MS);
    return { name: nameOf(reports), points: visible, kind: 'line', shade: shadeOf(i, sizes.length) };
  });
  const svg = drawLines({
    title: 'Lookups answered within a time',
    description: `Cumulative distribution of latency for ${sizes.map(nameOf).join(', ')}.`,
    x: { label: 'ms', min: 0, max: LONGEST_MS, ticks: [0, 250, 500, 750, 1_000, 1_250, 1_500] },
    y: { label: 'of the lookups', min: 0, max: 100, ticks: [0, 25, 50, 75, 100], format: (value) => `${value} %` },
    series: [...series, { name: 'Axona, 25,000 (dht-sim)', points: [{ x: 341, y: 50 }], kind: 'marks' }],
    legend: 'left',
  });
  return { name: 'latency-distribution', caption: 'Lookups answered within a time', svg };
}

function successByScenario(summaries: readonly Summary[]): Plot {
  const rows = BARS.flatMap((bar) => {
    const runs = bar.unit === 'share' && bar.atLeast !== undefined ? runsFor(bar, summaries) : undefined;
    const figure = runs?.figures[bar.figure];
    if (!runs || !figure) return [];
    return [
      {
        label: shortened(bar.what),
        value: 100 * figure.mean,
        spread: 100 * figure.spread,
        bar: 100 * (bar.atLeast ?? 0),
      },
    ];
  });
  const least = Math.min(95, ...rows.map(({ value, spread }) => Math.floor((value - spread) / 5) * 5));
  const svg = drawRows({
    title: 'Success by scenario; the upright mark is the bar',
    description: rows.map(({ label, value }) => `${label}: ${value.toFixed(2)} %`).join('; '),
    x: {
      label: '% of the operations',
      min: least,
      max: 100,
      ticks: steps(100, least < 80 ? 10 : 1, least),
      format: twoDigits,
    },
    rows,
  });
  return { name: 'success-by-scenario', caption: 'Success by scenario', svg };
}

function nameOf([report]: readonly Report[]): string {
  return `${(report?.nodes ?? 0).toLocaleString('en')} peers`;
}

/** Of many sizes the first, the last and some between. */
function spreadOut<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))] as T);
}

/** The darkest for the largest. */
function shadeOf(index: number, count: number): number {
  return MAX_SIZES - count + index;
}

function added(histograms: readonly (readonly number[])[]): number[] {
  const length = Math.max(0, ...histograms.map((each) => each.length));
  return Array.from({ length }, (_, i) => histograms.reduce((sum, each) => sum + (each[i] ?? 0), 0));
}

function sumOf(counts: readonly number[]): number {
  return Math.max(
    1,
    counts.reduce((sum, count) => sum + count, 0),
  );
}

function steps(to: number, step: number, from = 0): number[] {
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
}

function thousands(value: number): string {
  return value.toLocaleString('en');
}

function twoDigits(value: number): string {
  return String(Number(value.toFixed(2)));
}

function shortened(words: string): string {
  return words.length > 44 ? `${words.slice(0, 43)}…` : words;
}
