import { shuffle } from '../../../shared/src/machine.ts';
import { quantity, share } from '../options.ts';
import { grow } from '../phases.ts';
import { defineScenario } from '../scenario.ts';
import { FRAME_NAMES, SentTotals } from '../sent-totals.ts';
import type { SimNode } from '../sim-node.ts';
import { rounded } from '../statistics.ts';
import { Truth } from '../truth.ts';
import { drain, evenly, lookUp, newTally, pick } from '../workload.ts';

/** Seconds watched before the deaths, and after them. */
const BEFORE_S = 10;
const AFTER_S = 60;

/** The last newcomers get this long before the watch begins. [ms] */
const SETTLE_MS = 60_000;

/** Lookups per peer and second all the while. */
const LOOKUPS_PER_S = 0.1;

/** Length of a signal. [bytes] A sealed session description. */
const SIGNAL_BYTES = 600;

/** Routed frames (ROUTE, ACK, REPLY) that the living send in any second, per peer. [frames/s] KDHT's collapse, the case to beat: 2,573 forwards in 10 s at a handful of peers. */
const MAX_FRAMES = 40;

/** The same for the busiest peer. [frames/s] */
const MAX_FRAMES_OF_ONE = 250;

/** A share of the peers dies at once while the others go on writing to them: what that costs, second by second. */
export const storm = defineScenario({
  name: 'storm',
  about: 'a share of the peers dies at once and is written to all the same: frames by second',
  options: {
    share: share(0.2, 'of the peers that die at once'),
    signals: quantity(0.2, 'signals to the dead per living peer and second'),
  },
  defaults: { nodes: 200 },
  run(world, { nodes, share: deadShare, signals }) {
    grow(world, nodes, SETTLE_MS);
    const victims = shuffle(world.rng, world.alive).slice(0, Math.round(deadShare * nodes));
    const survivors = world.alive.filter((node) => !victims.includes(node));
    const truth = Truth.of(survivors);
    const tally = newTally();
    const sent = { delivered: 0, undelivered: 0 };
    const meter = new Meter(survivors);
    for (let second = -BEFORE_S; second < AFTER_S; second++) {
      if (second === 0) for (const victim of victims) world.kill(victim);
      evenly(world, Math.round(survivors.length * LOOKUPS_PER_S), 1000, () => {
        const asker = pick(world.rng, survivors);
        if (asker) lookUp(world, asker, tally, { truth });
      });
      evenly(world, Math.round(survivors.length * signals), 1000, () => {
        const from = pick(world.rng, survivors);
        const target = pick(world.rng, victims)?.contact.id;
        if (!from || target === undefined) return;
        const payload = new Uint8Array(SIGNAL_BYTES);
        const route = { kind: 'route', target, protocol: 'app', payload, timeoutMs: 10_000 } as const;
        world.operate(from, route, ({ kind }) => sent[kind === 'failed' ? 'undelivered' : 'delivered']++);
      });
      world.run(world.now + 1000);
      meter.read(second);
    }
    drain(world, () => tally.open);
    return { tally, extra: { ...meter.figures, signals: sent }, violations: meter.violations() };
  },
});

/** What one peer has sent so far. */
interface Count {
  readonly frames: number;
  readonly routes: number;
  readonly bytes: number;
}

/** What all of them sent in one second, per peer. */
interface Row extends Count {
  /** Seconds since the deaths. */
  readonly second: number;
  readonly framesOfBusiest: number;
}

/** Counts what the survivors send, second by second. */
class Meter {
  readonly #nodes: readonly SimNode[];
  #before: readonly Count[];
  readonly #rows: Row[] = [];

  constructor(nodes: readonly SimNode[]) {
    this.#nodes = nodes;
    this.#before = nodes.map(countOf);
  }

  read(second: number): void {
    const now = this.#nodes.map(countOf);
    const sums = { frames: 0, routes: 0, bytes: 0 };
    let framesOfBusiest = 0;
    now.forEach((count, i) => {
      const before = this.#before[i] ?? count;
      sums.frames += count.frames - before.frames;
      sums.routes += count.routes - before.routes;
      sums.bytes += count.bytes - before.bytes;
      framesOfBusiest = Math.max(framesOfBusiest, count.frames - before.frames);
    });
    const perPeer = (sum: number): number => rounded(sum / this.#nodes.length);
    const { frames, routes, bytes } = sums;
    const row = { frames: perPeer(frames), routes: perPeer(routes), bytes: Math.round(perPeer(bytes)) };
    this.#rows.push({ second, ...row, framesOfBusiest });
    this.#before = now;
  }

  /** Per peer and second: before, in the worst second after, over the last ten, and the whole table by second. */
  get figures(): Record<string, number | Record<string, Record<string, number>>> {
    const quiet = this.#rows.filter(({ second }) => second < 0);
    const after = this.#rows.filter(({ second }) => second >= 0);
    const bySecond = this.#rows.map(({ second, ...row }) => [second < 0 ? String(second) : `+${second}`, row] as const);
    return {
      framesBefore: meanFrames(quiet),
      framesInWorstSecond: Math.max(...after.map(({ frames }) => frames)),
      framesAtEnd: meanFrames(after.slice(-10)),
      framesOfBusiestPeer: Math.max(...after.map(({ framesOfBusiest }) => framesOfBusiest)),
      bySecond: Object.fromEntries(bySecond),
    };
  }

  violations(): string[] {
    return this.#rows.flatMap(({ second, frames, framesOfBusiest }) => [
      ...exceeding(frames, MAX_FRAMES, `routed frames per peer in second ${second}`),
      ...exceeding(framesOfBusiest, MAX_FRAMES_OF_ONE, `routed frames of one peer in second ${second}`),
    ]);
  }
}

function exceeding(value: number, most: number, what: string): string[] {
  return value > most ? [`${value} ${what}, ${most} are the bound`] : [];
}

function countOf({ overlay }: SimNode): Count {
  const sent = new SentTotals().add(overlay.counters);
  const bytes = FRAME_NAMES.reduce((sum, name) => sum + sent.bytes[name], 0);
  return { frames: sent.routedFrames, routes: sent.frames.route, bytes };
}

function meanFrames(rows: readonly Row[]): number {
  return rounded(rows.reduce((sum, { frames }) => sum + frames, 0) / Math.max(1, rows.length));
}
