import process from 'node:process';
import { makeBusyPicker, pickBlocks } from '../../client/src/swarm/test/picks.ts';
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
  return Promise.resolve([{ what: 'torrent machines, both sides, a block of 16 KiB', unit: 'µs', runs }, picking()]);
}

/** Requests of a measured run. */
const PICKS = 50_000;

/** What the picker costs for a request, with all that answers bring about in it: 100,000 pieces, 50 peers. */
function picking(): Figure {
  const swarm = makeBusyPicker();
  pickBlocks(swarm, PICKS);
  const runs = Array.from({ length: RUNS }, () => {
    const before = process.cpuUsage();
    pickBlocks(swarm, PICKS);
    return process.cpuUsage(before).user / PICKS;
  });
  return {
    what: 'picker, a request, 100,000 pieces of 50 peers',
    unit: 'µs',
    runs,
    bar: { is: 'at most', value: 5 },
  };
}
