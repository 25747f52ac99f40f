import { setTimeout as pause } from 'node:timers/promises';
import type { CDPSession } from 'playwright-core';
import type { Tab } from '../harness/tab.ts';
import type { Figure } from './figures.ts';
import { inWorld, MB, say } from './lab.ts';
import { firstByteAfter, noteTimesOf } from './latency.ts';
import { longestTaskSince } from './transfer.ts';

/** [bytes] */
const SIZE = 2000 * MB;

/** Share of the file after which the page is loaded again. */
const RELOAD_AT = 0.9;

/** How often the heap is looked at. [ms] */
const SAMPLE_MS = 1000;

/** The longest that the download may take before the measurement is given up. [ms] */
const PATIENCE_MS = 30 * 60_000;

/** What a download of 2 GB costs the page in memory, and how soon it goes on after the page was loaded again. */
export async function largeDownload(): Promise<Figure[]> {
  return inWorld(async (world) => {
    const file = await world.files.makeLarge('large.bin', SIZE);
    const seed = await world.openTab();
    const context = await world.newDiskProfile();
    await noteTimesOf(context);
    const tab = await world.openTab({ context });
    await Promise.all([seed.joined(), tab.joined()]);
    const infoHash = await seed.share([file]);
    const link = await seed.shareLink(infoHash);
    const openedAt = await tab.page.evaluate(now);
    await tab.openLink(link);
    const heap: number[] = [];
    await sampleUntil(tab, heap, (done) => done >= RELOAD_AT * SIZE);
    const tasks = [await tab.page.evaluate(longestTaskSince, openedAt)];
    await tab.page.reload({ waitUntil: 'commit' });
    const resumed = await firstByteAfter(tab);
    await sampleUntil(tab, heap, (done) => done >= SIZE);
    tasks.push(await tab.page.evaluate(longestTaskSince, resumed));
    return [
      {
        what: 'largest heap and buffers of a page that downloads 2 GB, worker included',
        unit: 'MB',
        runs: [Math.max(...heap) / MB],
        bar: { is: 'at most', value: 150 },
      },
      {
        what: 'longest main-thread task of that page (0: none over 50 ms)',
        unit: 'ms',
        runs: [Math.max(...tasks)],
        bar: { is: 'at most', value: 50 },
      },
      {
        what: 'page loaded again at 90 % of 2 GB, until the first new byte',
        unit: 'ms',
        runs: [resumed],
        bar: { is: 'at most', value: 2000 },
      },
    ];
  });
}

/** Notes the heap until so many bytes are verified. */
async function sampleUntil(tab: Tab, heap: number[], isEnough: (doneBytes: number) => boolean): Promise<void> {
  const meter = await WholeHeap.of(tab);
  const until = performance.now() + PATIENCE_MS;
  for (let said = 0; ;) {
    const done = await tab.page.evaluate(doneBytes);
    heap.push(await meter.read());
    if (done - said >= SIZE / 10) {
      said = done;
      say(`${(done / MB).toFixed(0)} MB, heap ${((heap.at(-1) ?? 0) / MB).toFixed(0)} MB`);
    }
    if (isEnough(done)) break;
    if (performance.now() > until) throw new Error(`only ${(done / MB).toFixed(0)} MB came in half an hour`);
    await pause(SAMPLE_MS);
  }
  await meter.close();
}

/** Heap and array buffers of a page and of its workers, garbage included. */
class WholeHeap {
  readonly #session: CDPSession;
  /** Sessions with the workers, by the browser's names. */
  readonly #workers = new Set<string>();
  readonly #answers = new Map<number, { readonly sessionId: string; readonly resolve: (bytes: number) => void }>();
  #next = 1;

  private constructor(session: CDPSession) {
    this.#session = session;
  }

  static async of(tab: Tab): Promise<WholeHeap> {
    const session = await tab.context.newCDPSession(tab.page);
    const heap = new WholeHeap(session);
    session.on('Target.attachedToTarget', ({ sessionId }) => heap.#workers.add(sessionId));
    session.on('Target.detachedFromTarget', ({ sessionId }) => heap.#onEnded(sessionId));
    session.on('Target.receivedMessageFromTarget', ({ message }) => heap.#onMessage(message));
    await session.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
    return heap;
  }

  /** [bytes] */
  async read(): Promise<number> {
    const page = bytesOf(await this.#session.send('Runtime.getHeapUsage'));
    const workers = await Promise.all([...this.#workers].map((sessionId) => this.#ask(sessionId)));
    return workers.reduce((sum, bytes) => sum + bytes, page);
  }

  close(): Promise<void> {
    return this.#session.detach();
  }

  async #ask(sessionId: string): Promise<number> {
    const id = this.#next++;
    const answer = new Promise<number>((resolve) => this.#answers.set(id, { sessionId, resolve }));
    const message = JSON.stringify({ id, method: 'Runtime.getHeapUsage' });
    await this.#session.send('Target.sendMessageToTarget', { sessionId, message });
    return answer;
  }

  #onMessage(message: string): void {
    const { id, result } = JSON.parse(message) as { id?: number; result?: HeapUsage };
    if (id === undefined || !result) return;
    this.#answers.get(id)?.resolve(bytesOf(result));
    this.#answers.delete(id);
  }

  /** A worker that has ended holds nothing, and answers nothing. */
  #onEnded(sessionId: string): void {
    this.#workers.delete(sessionId);
    for (const [id, answer] of this.#answers) {
      if (answer.sessionId !== sessionId) continue;
      this.#answers.delete(id);
      answer.resolve(0);
    }
  }
}

/** What the browser says of a heap; the buffers outside of it only newer ones. */
interface HeapUsage {
  readonly usedSize: number;
  readonly backingStorageSize?: number;
}

function bytesOf(usage: HeapUsage): number {
  return usage.usedSize + (usage.backingStorageSize ?? 0);
}

function doneBytes(): number {
  return window.skein?.downloads[0]?.progress.doneBytes ?? 0;
}

/** In a page: time since it was opened. [ms] */
function now(): number {
  return performance.now();
}
