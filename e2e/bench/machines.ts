import process from 'node:process';
import { moveTorrent } from '../../client/src/swarm/test/transfer.ts';
import type { Figure } from './figures.ts';

/** Runs that are measured, after one that warms up. */
const RUNS = 5;

/** What the machines themselves cost, without browser and network: processor time, which load stretches little. */
export function machines(): Promise<Figure[]> {
  moveTorrent();
  const runs = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    const blocks = moveTorrent();
    return process.cpuUsage(before).user / blocks;
  });
  return Promise.resolve([{ what: 'torrent machines, both sides, a block of 16 KiB', unit: 'µs', runs }]);
}
