import type { Millis } from '../../shared/src/machine.ts';
import type { World } from './world.ts';

/** Time between two marks. [ms] */
const MARK_MS = 10_000;

/** An operation open for longer than this was forgotten: twice the longest deadline that scenarios give. [ms] */
const OVERDUE_MS = 20_000;

interface Mark {
  readonly at: Millis;
  /** Each peer's next operation number at that instant, by the peer's index. */
  readonly nextOps: Int32Array;
}

/** Notes now and then how many operations each peer has started, to tell at the end which are open for too long. */
export class OperationWatch {
  readonly #world: World;
  /** Oldest first. BOUNDED: by those of the last OVERDUE_MS, and one more. */
  readonly #marks: Mark[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#mark();
  }

  /** Operations of living peers that were open already when every deadline they may have has passed. */
  overdue(): number {
    const mark = this.#marks.findLast(({ at }) => at <= this.#world.now - OVERDUE_MS);
    if (!mark) return 0;
    let count = 0;
    for (const { index, listeners } of this.#world.alive) {
      const started = mark.nextOps[index] ?? 0;
      for (const op of listeners.keys()) if (op < started) count++;
    }
    return count;
  }

  #mark(): void {
    const { now, nodes } = this.#world;
    let highest = -1;
    for (const { index } of nodes.values()) highest = Math.max(highest, index);
    const nextOps = new Int32Array(highest + 1);
    for (const { index, nextOp } of nodes.values()) nextOps[index] = nextOp;
    this.#marks.push({ at: now, nextOps });
    while ((this.#marks[1]?.at ?? now) <= now - OVERDUE_MS) this.#marks.shift();
    this.#world.at(now + MARK_MS, () => this.#mark());
  }
}
