import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { WorkerRequest } from '../../worker/protocol.ts';
import { wakeBy } from './alarm.ts';
import { browserClock } from './clock.ts';

/** The part of a document that says whether anybody looks. */
class Page extends EventTarget {
  hidden = false;

  setHidden(hidden: boolean): void {
    this.hidden = hidden;
    this.dispatchEvent(new Event('visibilitychange'));
  }
}

const page = new Page();
/** Delays that the page asked the worker for. [ms] */
let asked: number[];
const ports: MessagePort[] = [];

/** A worker that calls back as it is asked to, with timers of its own; the page's never fire from now on. */
beforeEach(() => {
  page.hidden = false;
  asked = [];
  vi.stubGlobal('document', page);
  const { setTimeout: wait } = globalThis;
  vi.stubGlobal('setTimeout', () => 0);
  const worker = {
    postMessage(request: WorkerRequest) {
      if (request.kind !== 'alarm') throw new Error(`unexpected ${request.kind}`);
      const { port } = request;
      ports.push(port);
      port.onmessage = ({ data }: MessageEvent<number>) => {
        asked.push(data);
        wait(() => port.postMessage(undefined), Math.ceil(data) + 1);
      };
    },
  };
  wakeBy(worker as unknown as Worker);
});

afterEach(() => {
  vi.unstubAllGlobals();
  for (const port of ports.splice(0)) port.close();
});

/** A timer `ms` from now, and what resolves when it fires. */
function timer(ms: number): { readonly at: number; readonly fired: Promise<number>; readonly cancel: () => void } {
  const at = browserClock.now() + ms;
  let cancel = (): void => undefined;
  const fired = new Promise<number>((resolve) => {
    cancel = browserClock.setTimer(at, () => resolve(browserClock.now()));
  });
  return { at, fired, cancel };
}

test('a timer of a hidden page fires though the page’s own timers do not, and not too early', async () => {
  page.setHidden(true);
  const { at, fired } = timer(20);
  expect(await fired).toBeGreaterThanOrEqual(at);
});

test('a timer that was set while the page was shown fires after it was hidden', async () => {
  const { fired } = timer(20);
  page.setHidden(true);
  await fired;
});

test('an earlier timer does not wait for a later one, and the later one fires too', async () => {
  page.setHidden(true);
  const later = timer(40);
  const earlier = timer(5);
  expect(await earlier.fired).toBeLessThan(await later.fired);
});

test('a timer that another one cancels does not fire, though both are due', async () => {
  page.setHidden(true);
  const order: string[] = [];
  const at = browserClock.now();
  let cancelSecond = (): void => undefined;
  browserClock.setTimer(at, () => {
    order.push('first');
    cancelSecond();
  });
  cancelSecond = browserClock.setTimer(at, () => order.push('second'));
  await timer(10).fired;
  expect(order).toEqual(['first']);
});

test('a page that is looked at asks nothing of the worker', async () => {
  timer(60_000).cancel();
  page.setHidden(true);
  await timer(5).fired;
  expect(Math.max(...asked)).toBeLessThanOrEqual(5);
});
