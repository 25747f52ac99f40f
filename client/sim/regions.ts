/** A part of the world in which many peers live near each other. */
export interface Region {
  readonly name: string;
  /** Of all peers. [0..1] */
  readonly share: number;
  /** Its middle, on a plane on which distances are one-way latencies of the core. [ms, before the scale of the model] */
  readonly x: number;
  readonly y: number;
  /** Standard deviation of its peers' places in each direction. [the same] */
  readonly spread: number;
}

/**
 * Regions of the simulated world. A plane is enough: routes between Asia and Europe go through America, not round the
 * back of the globe (Dabek et al. 2004 §5.2), so east of Europe nothing leads on to the west of Asia. Distances of the
 * middles are what light in fibre and detours of cables take: half of the usual round trips of 65 ms across North America, 85 ms
 * over the Atlantic, 110 ms over the Pacific, 130 ms from Virginia to São Paulo. Shares lean to where King's name servers
 * stand (North America and Europe). Together with the heights and the noise of pairs they give King's distribution.
 */
export const REGIONS: readonly [Region, ...Region[]] = [
  { name: 'North America, east', share: 0.24, x: 0, y: 0, spread: 9 },
  { name: 'North America, west', share: 0.14, x: -33, y: 4, spread: 7 },
  { name: 'Europe', share: 0.34, x: 42, y: -6, spread: 9 },
  { name: 'East Asia', share: 0.14, x: -86, y: 14, spread: 14 },
  { name: 'South America', share: 0.06, x: 14, y: 58, spread: 10 },
  { name: 'South Asia', share: 0.05, x: 98, y: 30, spread: 14 },
  { name: 'Oceania', share: 0.03, x: -100, y: 50, spread: 8 },
];
