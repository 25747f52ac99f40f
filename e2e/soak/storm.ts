import { setTimeout } from 'node:timers/promises';
import type { Rng } from '../../shared/src/machine.ts';
import type { World } from '../harness/world.ts';
import { Background } from './background.ts';
import { Crowd, type Ending } from './crowd.ts';
import type { Instant } from './journal.ts';
import { HeapMeter, type LinkSample, sampleLinks } from './meters.ts';
import type { Measurements } from './report.ts';
import { failures } from './verdict.ts';
import { Workload } from './workload.ts';

export interface StormOptions {
  readonly tabs: number;
  readonly minutes: number;
  /** Seconds from one closing to the next. */
  readonly churn: number;
}

/**
 * When the heap is watched from. [ms] A page compiles what runs often in its first minutes and the engine keeps what it
 * compiled: in a run of 4 min, 0.3 MB of the 0.4 MB that were added after the first one were code.
 */
const WARM_UP_MS = 120_000;

/** Fewer samples of the heap say nothing about growth. */
const MIN_HEAP_SAMPLES = 10;

/** What happened while tabs came and went. */
export type Happened = Omit<Measurements, 'options' | 'idle' | 'comparisons'>;

/** Samples of heap and links over a run, and the least time between two of them. [ms] */
const SAMPLES = 50;
const MIN_SAMPLE_MS = 2_000;

/** Tabs that work all the while, of which one is ended without warning and another opened at every beat of a clock. */
export class Storm {
  readonly crowd: Crowd;
  readonly #options: StormOptions;
  readonly #rng: Rng;
  readonly #workload: Workload;
  readonly #replacements = new Background();
  readonly #links: LinkSample[] = [];
  readonly #ended: Record<Ending, number> = { close: 0, crash: 0 };

  constructor(world: World, options: StormOptions, rng: Rng) {
    const workload = new Workload(rng);
    this.crowd = new Crowd(world, undefined, (operation) => workload.operations.push(operation));
    this.#workload = workload;
    this.#options = options;
    this.#rng = rng;
  }

  /** Resolves when the time is over and nothing is under way any more. */
  async rage(): Promise<Happened> {
    const startedAt = performance.now();
    const endsAt = startedAt + 60_000 * this.#options.minutes;
    for (const member of this.crowd.members) this.#workload.start(member);
    const [heap] = await Promise.all([this.#watch(startedAt, endsAt), this.#churn(startedAt, endsAt)]);
    await this.#replacements.settle();
    await this.#workload.stop();
    const { operations, lostPuts, cutShort } = this.#workload;
    return {
      startedAt,
      endedAt: performance.now(),
      opened: operations.filter(({ kind }) => kind === 'join').length,
      closed: this.#ended.close,
      crashed: this.#ended.crash,
      cutShort,
      operations,
      failures: failures({ census: this.crowd.census, operations, lostPuts }),
      links: this.#links,
      heap,
    };
  }

  /** The clock does not wait: when a tab takes long to join, the next one goes all the same. */
  async #churn(startedAt: Instant, endsAt: Instant): Promise<void> {
    const periodMs = 1000 * this.#options.churn;
    let ending: Ending = 'close';
    for (let at = startedAt + periodMs; at < endsAt; at += periodMs) {
      await until(at);
      this.#replacements.add(this.#replaceOne(ending));
      ending = ending === 'close' ? 'crash' : 'close';
    }
  }

  async #replaceOne(ending: Ending): Promise<void> {
    const victim = this.crowd.victim(this.#rng);
    if (victim) {
      this.#ended[ending]++;
      await this.crowd.end(victim, ending);
    }
    const newcomer = await this.crowd.open();
    if (newcomer) this.#workload.start(newcomer);
  }

  async #watch(startedAt: Instant, endsAt: Instant): Promise<Measurements['heap']> {
    const [oldest] = this.crowd.members;
    if (!oldest) return undefined;
    const meter = await HeapMeter.on(oldest.tab);
    const periodMs = Math.max(MIN_SAMPLE_MS, (endsAt - startedAt) / SAMPLES);
    for (let at = startedAt; at < endsAt; at += periodMs) {
      await until(at);
      if (at >= startedAt + WARM_UP_MS) await meter.sample();
      const sample = await sampleLinks(this.crowd);
      if (sample) this.#links.push(sample);
    }
    await meter.close();
    if (meter.samples.length < MIN_HEAP_SAMPLES) return undefined;
    return { ...meter.ends(), samples: meter.samples };
  }
}

async function until(at: Instant): Promise<void> {
  await setTimeout(Math.max(0, at - performance.now()));
}
