import { DeadlineTimer } from './deadline-timer.ts';

/** Calls back on `port` after the milliseconds that come from there. Of several that are under way only the first is kept. */
export function serveAlarm(port: MessagePort): void {
  const timer = new DeadlineTimer(() => port.postMessage(undefined));
  port.onmessage = ({ data }: MessageEvent<number>) => timer.arm(performance.now() + data);
}
