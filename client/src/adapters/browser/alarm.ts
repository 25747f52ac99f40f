import type { WorkerRequest } from '../../worker/protocol.ts';
import { watchTimers } from './clock.ts';

/** To the worker that wakes this page. */
let port: MessagePort | undefined;
/** When it is to call. */
let next = Infinity;

const timers = watchTimers(arm);

/**
 * Has `worker` wake the page's clock while the page is hidden. Browsers round timers of hidden pages to a second, and those
 * of pages without links after a while to a minute; those of workers they leave alone. A question that was lost on its way
 * is asked again by such a timer, and in most people's browsers this page is hidden. Where the worker is gone the page's
 * own timers go on. Of several nodes in one page the last one's worker serves all.
 */
export function wakeBy(worker: Worker): void {
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ kind: 'alarm', port: port2 } satisfies WorkerRequest, [port2]);
  if (!port) document.addEventListener('visibilitychange', armForFirst);
  port?.close();
  port = port1;
  port.onmessage = fireDue;
  armForFirst();
}

function arm(at: number): void {
  if (!document.hidden || at >= next) return;
  next = at;
  port?.postMessage(Math.max(0, at - performance.now()));
}

function armForFirst(): void {
  next = Infinity;
  let first = Infinity;
  for (const { at } of timers) first = Math.min(first, at);
  if (first < Infinity) arm(first);
}

function fireDue(): void {
  const now = performance.now();
  const due = [...timers].filter(({ at }) => at <= now).toSorted((a, b) => a.at - b.at);
  try {
    // One of them may have cancelled another.
    for (const timer of due) if (timers.has(timer)) timer.fire();
  } finally {
    armForFirst();
  }
}
