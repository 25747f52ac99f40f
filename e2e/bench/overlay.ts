import process from 'node:process';
import { measureForwarding } from '../../client/sim/forwarding.ts';
import { measureIdling } from '../../client/sim/idling.ts';
import type { Figure } from './figures.ts';

/** Runs that are measured, after one that warms up. */
const RUNS = 5;

/** Routed messages of a run: enough for the memory of messages to be as full as it gets. */
const MESSAGES = 100_000;

/** Life of the idle machine in a run. [s] */
const IDLE_SECONDS = 600;

/** Most processor time of a routed message. [µs] The project's promise. */
const ROUTED_BAR_MICROS = 5;

/** What the overlay machine costs without browser and network: processor time, which load stretches little. */
export function overlayMachine(): Promise<Figure[]> {
  measureForwarding(MESSAGES, usedMs);
  const routed = Array.from({ length: RUNS }, () => measureForwarding(MESSAGES, usedMs).microsPerMessage);
  measureIdling(IDLE_SECONDS, usedMs);
  const idle = Array.from({ length: RUNS }, () => measureIdling(IDLE_SECONDS, usedMs).microsPerSecond);
  return Promise.resolve([
    {
      what: 'overlay machine, a routed message forwarded, its ack and its reply; 40 links at 10,000 peers',
      unit: 'µs',
      runs: routed,
      bar: { is: 'at most', value: ROUTED_BAR_MICROS },
    },
    {
      what: 'the same over its bar',
      unit: '',
      runs: routed.map((micros) => micros / ROUTED_BAR_MICROS),
    },
    { what: 'overlay machine, a second of doing nothing with 40 links', unit: 'µs', runs: idle },
  ]);
}

/** Processor time of this process so far, in its own code. [ms] */
function usedMs(): number {
  return process.cpuUsage().user / 1_000;
}
