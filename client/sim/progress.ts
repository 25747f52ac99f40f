import { writeSync } from 'node:fs';
import type { Millis } from '../../shared/src/machine.ts';
import type { World } from './world.ts';

/** Time of the network between two lines. [ms] */
const LINE_MS: Millis = 1_000;

/** Where the lines go, so that a report stays alone on standard output. */
const STANDARD_ERROR = 2;

/** Hears one line. */
type Tell = (line: string) => void;

/** Tells now and then how far a run is: one of 100,000 peers takes an hour. The run itself stays the same. */
export function tellProgress(world: World, tell: Tell = toStandardError): void {
  const startedAt = performance.now();
  const next = (): void => {
    const peers = world.nodes.size * world.shard.count;
    const [time, wall] = [world.now, performance.now() - startedAt].map((ms) => `${Math.round(ms / 1000)} s`);
    tell(`${time} of the network's time: about ${peers} peers, after ${wall}`);
    world.at(world.now + LINE_MS, next);
  };
  next();
}

/** At once, also from a thread that does not return to its loop for an hour. */
function toStandardError(line: string): void {
  writeSync(STANDARD_ERROR, `${line}\n`);
}
