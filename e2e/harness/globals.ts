import type { Node as SkeinNode } from '../../client/src/api.ts';

declare global {
  interface Window {
    /** The running node: the public door as the page offers it. */
    skein: SkeinNode;
    /** Every RTCPeerConnection the page made, in order, so that tests can ask the browser's own statistics. */
    connections: RTCPeerConnection[];
    /** Durations of main-thread tasks over 50 ms since the page was opened. [ms] */
    longTasks: { readonly start: number; readonly duration: number }[];
  }
}

/** Runs in each page before its own scripts. It only watches. */
export function watchPage(): void {
  const Native = window.RTCPeerConnection;
  const connections: RTCPeerConnection[] = [];
  window.connections = connections;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      connections.push(this);
    }
  };
  const tasks: { start: number; duration: number }[] = [];
  window.longTasks = tasks;
  // Only Chromium tells of them.
  if (!PerformanceObserver.supportedEntryTypes.includes('longtask')) return;
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) tasks.push({ start: entry.startTime, duration: entry.duration });
  }).observe({ type: 'longtask', buffered: true });
}
