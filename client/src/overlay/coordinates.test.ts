import { describe, expect, test } from 'vitest';
import { randomBelow, randomUnit, seededRng } from '../../../shared/src/machine.ts';
import { Coordinates, type PackedPlace, UNKNOWN_PLACE, UNKNOWN_RTT_MS, knownPlace, packPlace } from './coordinates.ts';

/** Peers of the network that is located. */
const PEERS = 60;

/** Links of each of them. */
const LINKS = 12;

/** A peer that really is somewhere. */
interface Located {
  readonly x: number;
  readonly y: number;
  readonly height: number;
  readonly coordinates: Coordinates;
}

function rttBetween(a: Located, b: Located): number {
  return Math.hypot(a.x - b.x, a.y - b.y) + a.height + b.height;
}

/** Peers in two regions 120 ms apart, who measured random others `rounds` times; `lieOf` says what a peer claims instead. */
function locate(rounds: number, lieOf?: (index: number) => PackedPlace | undefined): Located[] {
  const rng = seededRng(1);
  const peers = Array.from({ length: PEERS }, (_, i): Located => {
    const region = i % 2 === 0 ? 0 : 120;
    const [x, y] = [region + 30 * randomUnit(rng), 40 * randomUnit(rng)];
    return { x, y, height: 5 + 20 * randomUnit(rng), coordinates: new Coordinates() };
  });
  const links = peers.map(() => Array.from({ length: LINKS }, () => randomBelow(rng, PEERS)));
  for (let round = 0; round < rounds; round++) {
    for (const [i, peer] of peers.entries()) {
      for (const j of links[i] as number[]) {
        const other = peers[j] as Located;
        const lie = lieOf?.(j);
        const error = lie === undefined ? other.coordinates.error : 0;
        if (i !== j) peer.coordinates.measured(rttBetween(peer, other), lie ?? other.coordinates.told, error, i - j);
      }
    }
  }
  return peers;
}

/** Median of how far predictions between `peers` are off. [share of the round trip] */
function medianMiss(peers: readonly Located[]): number {
  const misses: number[] = [];
  for (const a of peers) {
    for (const b of peers) {
      if (a === b) continue;
      const rtt = rttBetween(a, b);
      misses.push(Math.abs(a.coordinates.rttTo(b.coordinates.told) - rtt) / rtt);
    }
  }
  return misses.sort((x, y) => x - y)[misses.length >> 1] as number;
}

describe('a place', () => {
  test('is told within 2 ms, and the edge of the plane for what lies beyond', () => {
    const coordinates = new Coordinates();
    const at = (x: number, y: number, height: number): number => coordinates.rttTo(packPlace(x, y, height));
    expect(at(300, 400, 0)).toBeCloseTo(500 + 4, 6);
    expect(Math.abs(at(301, -402, 41) - (Math.hypot(301, 402) + 41 + 4))).toBeLessThan(2 + Math.SQRT2 * 2);
    expect(packPlace(5_000, -5_000, 5_000)).toBe(packPlace(1_020, -1_020, 252));
  });

  test('outside of the plane is none, and predicts what any peer would', () => {
    const inside = packPlace(-1_020, -1_020, 0);
    expect(knownPlace(inside)).toBe(inside);
    expect([0x3f, inside & 0x7fff, inside & ~0x7fc0].map(knownPlace)).toEqual(Array(3).fill(UNKNOWN_PLACE));
    expect(new Coordinates().rttTo(UNKNOWN_PLACE)).toBe(UNKNOWN_RTT_MS);
  });
});

describe('coordinates', () => {
  test('predict round trips that were never measured', () => {
    expect(medianMiss(locate(30))).toBeLessThan(0.15);
  });

  test('are settled after a few measurements, and not before', () => {
    const newcomer = new Coordinates();
    const [, , ...others] = locate(30);
    expect(newcomer.isSettled).toBe(false);
    const self: Located = { x: 10, y: 10, height: 10, coordinates: newcomer };
    for (let round = 0; round < 3; round++) {
      for (const [i, other] of others.slice(0, 6).entries())
        newcomer.measured(rttBetween(self, other), other.coordinates.told, other.coordinates.error, i);
    }
    expect(newcomer.isSettled).toBe(true);
    const near = others.filter((_, i) => i % 2 === 0);
    const far = others.filter((_, i) => i % 2 === 1);
    const mean = (peers: readonly Located[]): number =>
      peers.reduce((sum, { coordinates }) => sum + newcomer.rttTo(coordinates.told), 0) / peers.length;
    expect(mean(near)).toBeLessThan(mean(far) / 1.5);
  });

  test('stay useful when one peer in ten lies about its place, differently at each moment', () => {
    const rng = seededRng(2);
    const lie = (index: number): PackedPlace | undefined =>
      index % 10 === 0 ? packPlace(2_000 * (randomUnit(rng) - 0.5), 2_000 * (randomUnit(rng) - 0.5), 0) : undefined;
    const honest = locate(30, lie).filter((_, i) => i % 10 !== 0);
    expect(medianMiss(honest)).toBeLessThan(0.4);
  });

  test('one lie moves a settled peer by less than a place is worth', () => {
    const [peer] = locate(30) as [Located, ...Located[]];
    const before = peer.coordinates.told;
    peer.coordinates.measured(1, packPlace(1_020, 1_020, 252), 0, 0);
    expect(Math.abs(peer.coordinates.rttTo(before) - 2 * 4)).toBeLessThan(2 * 50 + 60);
  });

  test('take no note of round trips that cannot be, nor of peers without a place', () => {
    const coordinates = new Coordinates();
    for (const rtt of [0, -5, Number.NaN, Number.POSITIVE_INFINITY, 60_000])
      coordinates.measured(rtt, packPlace(10, 10, 10), 0.1, 0);
    coordinates.measured(50, UNKNOWN_PLACE, 0.1, 0);
    expect(coordinates.told).toBe(new Coordinates().told);
    expect(coordinates.known).toBe(UNKNOWN_PLACE);
    expect(coordinates.error).toBe(1);
  });

  test('are told anew only when they moved', () => {
    const [a, b] = locate(30) as [Located, Located, ...Located[]];
    const told = new Set<PackedPlace>();
    for (let i = 0; i < 50; i++) {
      a.coordinates.measured(rttBetween(a, b), b.coordinates.told, b.coordinates.error, 0);
      told.add(a.coordinates.told);
    }
    expect(told.size).toBeLessThan(6);
  });
});
