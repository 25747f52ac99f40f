import type { BrowserContext, CDPSession } from 'playwright-core';
import type { BrowserOptions } from '../harness/browser.ts';
import type { MadeFile } from '../harness/files.ts';
import type { Tab } from '../harness/tab.ts';
import { Bystander } from './bystander.ts';
import type { Figure } from './figures.ts';
import { inWorld, MB } from './lab.ts';
import { measureTransfer } from './transfer.ts';

/** One event of a browser's trace, as far as it is read here. */
interface TraceEvent {
  readonly name: string;
  /** `X` for something with a duration, `M` for a name. */
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  /** When it began, or was set. [us] */
  readonly ts: number;
  /** By the clock. [us] */
  readonly dur?: number;
  /** Of the processor, of this thread alone. [us] */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** What the trace is to hold: the tasks of each thread, the names of threads, and marks that pages set. */
const CATEGORIES = 'disabled-by-default-devtools.timeline,blink.user_timing,__metadata';

/**
 * Set in the pages when a transfer begins and when it is over. They tell which processes are the pages' (a browser has
 * renderers for surfaces of its own, too), and keep what tracing itself does at its start and its end out of the count: the
 * browser that is asked first hands its trace over while the other is still traced.
 */
const BEGIN = 'the transfer begins';
const END = 'the transfer is over';

/**
 * Root's Chromium puts its network threads before its pages (nice -8), which a person's on Linux may not: with it the pages'
 * longest tasks took 95 ms by the clock, without it 38 (medians of five transfers each).
 */
const PERSONS: BrowserOptions = { isUnprivileged: true };

/** Above this a task is a long one. [ms] W3C Long Tasks: what a person may notice. */
const LONG_TASK_MS = 50;

/** As many as of the transfers that are measured without a trace. */
const RUNS = 5;

/** What one transfer cost the main threads of both its pages. */
interface Run {
  readonly tasks: number;
  readonly overLimit: number;
  /** The longest by the clock, which goes on while a thread waits for a core. [ms] */
  readonly longestMs: number;
  /** The longest by the processor's time, which is the page's own. [ms] */
  readonly longestWorkMs: number;
  /** The longest piece of the bystander's by the clock. [ms] */
  readonly besideMs: number;
}

/**
 * The tasks of the pages' main threads while 100 MB are moved from one to the other. Both cores are busy then; what a page
 * beside them waits for one tells how much of a task's time that is.
 */
export async function longestTasks(): Promise<Figure[]> {
  return inWorld(async (world) => {
    const file = await world.files.make('tasks.bin', 100 * MB);
    const tabs: Tab[] = [];
    for (let i = 0; i < 2; i++) tabs.push(await world.openTab({ context: await world.newDiskProfile(PERSONS) }));
    await Promise.all(tabs.map((tab) => tab.joined(1)));
    // In a browser of its own: of those that are traced every page counts.
    const beside = await world.newDiskProfile(PERSONS);
    const runs: Run[] = [];
    for (let i = 0; i < RUNS; i++) runs.push(await measureRun(tabs, file, beside));
    return [
      {
        what: `main-thread tasks over ${LONG_TASK_MS} ms by the clock, of two pages while 100 MB are moved`,
        unit: '',
        runs: runs.map(({ overLimit }) => overLimit),
      },
      {
        what: 'in all transfers together',
        unit: '',
        // A promise about every task: all runs count, not the middle one.
        runs: [runs.reduce((sum, { overLimit }) => sum + overLimit, 0)],
        bar: { is: 'at most', value: 0 },
      },
      { what: 'tasks in all', unit: '', runs: runs.map(({ tasks }) => tasks) },
      { what: 'the longest by the clock', unit: 'ms', runs: runs.map(({ longestMs }) => longestMs) },
      {
        what: 'work of at most 5 ms by a page beside them, the longest by the clock',
        unit: 'ms',
        runs: runs.map(({ besideMs }) => besideMs),
      },
      {
        what: 'the longest by processor time',
        unit: 'ms',
        runs: runs.map(({ longestWorkMs }) => longestWorkMs),
        bar: { is: 'at most', value: LONG_TASK_MS },
      },
    ];
  });
}

async function measureRun(tabs: readonly Tab[], file: MadeFile, beside: BrowserContext): Promise<Run> {
  const [seed, leecher] = tabs as [Tab, Tab];
  const infoHash = await seed.share([file.path]);
  const bystander = await Bystander.open(beside);
  const tracers = await Promise.all(tabs.map(({ context }) => Tracer.start(context)));
  await mark(tabs, BEGIN);
  await measureTransfer(seed, [leecher], infoHash, file.size);
  await mark(tabs, END);
  const besideMs = await bystander.stop();
  const tasks = (await Promise.all(tracers.map((tracer) => tracer.stop()))).flatMap(mainThreadTasks);
  return {
    tasks: tasks.length,
    overLimit: tasks.filter(({ dur = 0 }) => dur > LONG_TASK_MS * 1000).length,
    longestMs: longest(tasks.map(({ dur }) => dur)),
    longestWorkMs: longest(tasks.map(({ tdur }) => tdur)),
    besideMs,
  };
}

async function mark(tabs: readonly Tab[], name: string): Promise<void> {
  await Promise.all(tabs.map(({ page }) => page.evaluate((each) => performance.mark(each).startTime, name)));
}

/** Traces one browser. */
class Tracer {
  readonly #session: CDPSession;
  readonly #events: TraceEvent[] = [];

  private constructor(session: CDPSession) {
    this.#session = session;
    session.on('Tracing.dataCollected', ({ value }) => this.#events.push(...(value as unknown as TraceEvent[])));
  }

  static async start(context: BrowserContext): Promise<Tracer> {
    const browser = context.browser();
    if (!browser) throw new Error('this profile has no browser of its own');
    const tracer = new Tracer(await browser.newBrowserCDPSession());
    await tracer.#session.send('Tracing.start', { traceConfig: { includedCategories: CATEGORIES.split(',') } });
    return tracer;
  }

  async stop(): Promise<readonly TraceEvent[]> {
    const ended = new Promise((resolve) => this.#session.once('Tracing.tracingComplete', resolve));
    await this.#session.send('Tracing.end');
    await ended;
    await this.#session.detach();
    return this.#events;
  }
}

/** The tasks of the pages' main threads that began between the two marks. */
function mainThreadTasks(events: readonly TraceEvent[]): TraceEvent[] {
  const begins = timesOf(events, BEGIN);
  const ends = timesOf(events, END);
  const thread = ({ pid, tid }: TraceEvent): string => `${pid}/${tid}`;
  const names = events.filter(({ ph, name }) => ph === 'M' && name === 'thread_name');
  const main = new Set(names.filter(({ args }) => args?.name === 'CrRendererMain').map(thread));
  const tasks = events.filter((event) => {
    const { ph, name, pid, ts } = event;
    const isMeasured = ts >= (begins.get(pid) ?? Infinity) && ts <= (ends.get(pid) ?? -Infinity);
    return ph === 'X' && name === 'RunTask' && isMeasured && main.has(thread(event));
  });
  if (tasks.length === 0) throw new Error('the trace has no task of a page: nothing was measured');
  return tasks;
}

/** When each page set `mark`, by its process. [us] */
function timesOf(events: readonly TraceEvent[], mark: string): Map<number, number> {
  return new Map(events.filter(({ name }) => name === mark).map(({ pid, ts }) => [pid, ts]));
}

/** [ms] */
function longest(micros: readonly (number | undefined)[]): number {
  return micros.reduce<number>((most, each) => Math.max(most, each ?? 0), 0) / 1000;
}
