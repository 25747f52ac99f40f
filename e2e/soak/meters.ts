import { setTimeout } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import { median } from '../bench/figures.ts';
import type { Tab } from '../harness/tab.ts';
import type { Crowd, Member } from './crowd.ts';
import type { Instant } from './journal.ts';

/** Links of all tabs at one instant. */
export interface LinkSample {
  readonly at: Instant;
  readonly tabs: number;
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

export async function sampleLinks(crowd: Crowd): Promise<LinkSample | undefined> {
  const at = performance.now();
  const links = await crowd.links();
  if (links.length === 0) return undefined;
  return { at, tabs: links.length, min: Math.min(...links), median: median(links), max: Math.max(...links) };
}

/** Reads the JavaScript heap of one tab, after everything that can be collected was. */
export class HeapMeter {
  readonly #session: CDPSession;
  /** Each sample. [bytes] */
  readonly samples: number[] = [];

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  static async on(tab: Tab): Promise<HeapMeter> {
    const session = await tab.context.newCDPSession(tab.page);
    await session.send('HeapProfiler.enable');
    return new HeapMeter(session);
  }

  async sample(): Promise<void> {
    await this.#session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await this.#session.send('Runtime.getHeapUsage');
    this.samples.push(usedSize);
  }

  /** Medians of the first and of the last fifth of the samples. [bytes] */
  ends(): { readonly first: number; readonly last: number } {
    const fifth = Math.max(1, Math.floor(this.samples.length / 5));
    return { first: median(this.samples.slice(0, fifth)), last: median(this.samples.slice(-fifth)) };
  }

  close(): Promise<void> {
    return this.#session.detach();
  }
}

/** Shares of a core that the processes of `members` use over `spanMs` in which nobody asks them for anything. */
export async function idleShares(members: readonly Member[], spanMs: number): Promise<number[]> {
  const sessions = await Promise.all(members.map(({ tab }) => tab.context.newCDPSession(tab.page)));
  await Promise.all(sessions.map((session) => session.send('Performance.enable')));
  const before = await Promise.all(sessions.map(processSeconds));
  await setTimeout(spanMs);
  const after = await Promise.all(sessions.map(processSeconds));
  await Promise.all(sessions.map((session) => session.detach()));
  return after.map(({ used, at }, index) => {
    const start = before[index] ?? { used: 0, at: 0 };
    return (used - start.used) / (at - start.at);
  });
}

/** Processor time that a tab's process has used, and the browser's clock. [s] */
async function processSeconds(session: CDPSession): Promise<{ used: number; at: number }> {
  const { metrics } = await session.send('Performance.getMetrics');
  const read = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? Number.NaN;
  return { used: read('ProcessTime'), at: read('Timestamp') };
}
