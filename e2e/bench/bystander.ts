import type { BrowserContext, Page } from 'playwright-core';

/** Most that each piece of the bystander's work takes while nothing else runs. [ms] Less than the longest task of our pages: 8 by processor time. */
const WORK_MS = 5;

/** From one piece to the next. [ms] */
const PAUSE_MS = 50;

declare global {
  interface Window {
    /** How long each piece took by the clock. [ms] BOUNDED: by the length of a measurement. */
    workMs: number[];
  }
}

/**
 * A page beside the ones that are measured, which does the same little work over and over: where that takes long by the
 * clock, the machine had no core for it. What pages show beyond that is their own doing.
 */
export class Bystander {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  /** Opens it while the machine is quiet, and has it find out how much work is little. */
  static async open(context: BrowserContext): Promise<Bystander> {
    const page = await context.newPage();
    await page.evaluate(workNowAndThen, { workMs: WORK_MS, pauseMs: PAUSE_MS });
    return new Bystander(page);
  }

  /** The longest piece of its work by the clock. [ms] */
  async stop(): Promise<number> {
    const done = await this.#page.evaluate(() => window.workMs);
    await this.#page.close();
    if (done.length === 0) throw new Error('the page beside did no work: nothing was measured');
    return Math.max(...done);
  }
}

function workNowAndThen({ workMs, pauseMs }: { readonly workMs: number; readonly pauseMs: number }): void {
  const work = (rounds: number): number => {
    const from = performance.now();
    let sum = 0;
    for (let i = 0; i < rounds; i++) sum = (sum + Math.imul(sum ^ i, 0x9e3779b1)) | 0;
    document.title = String(sum);
    return performance.now() - from;
  };
  let rounds = 100_000;
  // Twice as much until it is too much.
  while (work(rounds) < workMs) rounds *= 2;
  window.workMs = [];
  setInterval(() => window.workMs.push(work(rounds / 2)), pauseMs);
}
