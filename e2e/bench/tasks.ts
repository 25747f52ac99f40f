import type { BrowserContext, CDPSession } from 'playwright-core';
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
  /** By the clock. [us] */
  readonly dur?: number;
  /** Of the processor, of this thread alone. [us] */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** What the trace is to hold: the tasks of each thread, the names of threads, and marks that pages set. */
const CATEGORIES = 'disabled-by-default-devtools.timeline,blink.user_timing,__metadata';

/** Tells which processes are the pages': a browser has renderers for surfaces of its own, too. */
const MARK = 'this page is measured';

/**
 * The longest tasks of the pages' main threads while 100 MB are moved from one to the other. Where both cores are busy the
 * clock goes on while a thread waits for one, so that the shortest timer may take 50 ms; the processor's time is the page's own.
 */
export async function longestTasks(): Promise<Figure[]> {
  return inWorld(async (world) => {
    const file = await world.files.make('tasks.bin', 100 * MB);
    const tabs: Tab[] = [];
    for (let i = 0; i < 2; i++) tabs.push(await world.openTab({ context: await world.newDiskProfile() }));
    await Promise.all(tabs.map((tab) => tab.joined(1)));
    const [seed, leecher] = tabs as [Tab, Tab];
    const infoHash = await seed.share([file.path]);
    // In a browser of its own: of those that are traced every page counts.
    const bystander = await Bystander.open(await world.newProfile());
    const tracers = await Promise.all(tabs.map(({ context }) => Tracer.start(context)));
    await Promise.all(tabs.map(({ page }) => page.evaluate((mark) => performance.mark(mark).startTime, MARK)));
    await measureTransfer(seed, [leecher], infoHash, file.size);
    const beside = await bystander.stop();
    const tasks = (await Promise.all(tracers.map((tracer) => tracer.stop()))).flatMap(mainThreadTasks);
    return [
      { what: 'main-thread tasks of two pages while 100 MB are moved', unit: '', runs: [tasks.length] },
      { what: 'the longest of them by the clock', unit: 'ms', runs: [longest(tasks.map(({ dur }) => dur))] },
      {
        what: `work of at most 5 ms by a page beside them, the longest of ${beside.count} by the clock`,
        unit: 'ms',
        runs: [beside.longestMs],
      },
      {
        what: 'the longest of them by processor time',
        unit: 'ms',
        runs: [longest(tasks.map(({ tdur }) => tdur))],
        bar: { is: 'at most', value: 50 },
      },
    ];
  });
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

function mainThreadTasks(events: readonly TraceEvent[]): TraceEvent[] {
  const pages = new Set(events.filter(({ name }) => name === MARK).map(({ pid }) => pid));
  const thread = ({ pid, tid }: TraceEvent): string => `${pid}/${tid}`;
  const names = events.filter(({ ph, name }) => ph === 'M' && name === 'thread_name');
  const main = new Set(names.filter(({ args }) => args?.name === 'CrRendererMain').map(thread));
  const tasks = events.filter(
    (event) => event.ph === 'X' && event.name === 'RunTask' && pages.has(event.pid) && main.has(thread(event)),
  );
  if (tasks.length === 0) throw new Error('the trace has no task of a page: nothing was measured');
  return tasks;
}

/** [ms] */
function longest(micros: readonly (number | undefined)[]): number {
  return micros.reduce<number>((most, each) => Math.max(most, each ?? 0), 0) / 1000;
}
