import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

/** How often figures on the page change at most. [ms] Four times a second: quicker cannot be read. */
const REFRESH_MS = 250;

/** Counts seconds; whoever reads it in a render is drawn again each second. For clocks. */
export const second = signal(0);

/** Starts the clock of the page. */
export function startTicker(): void {
  setInterval(() => {
    if (!document.hidden) second.value += 1;
  }, 1000);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) second.value += 1;
  });
}

/**
 * `action` behind a gate: the first call runs at once, further ones at most every `REFRESH_MS`, and none is lost.
 * `cancel` drops what is waiting.
 */
export function throttled(action: () => void): { (): void; cancel(): void } {
  let last = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = (): void => {
    timer = undefined;
    last = performance.now();
    action();
  };
  const gate = (): void => {
    if (timer !== undefined) return;
    const wait = last + REFRESH_MS - performance.now();
    if (wait <= 0) run();
    else timer = setTimeout(run, wait);
  };
  gate.cancel = (): void => {
    clearTimeout(timer);
    timer = undefined;
  };
  return gate;
}

/** Redraws that wait for the common pace. BOUNDED: by the components that are drawn. */
const waiting = new Set<() => void>();

/** Carries out what waits: all rows change together, so that the page is laid out once for them. */
const redrawWaiting = throttled(() => {
  const redraws = [...waiting];
  waiting.clear();
  for (const redraw of redraws) redraw();
});

/** Draws the component again when `source` says that it changed: at once for `now`, else at the page's pace. */
export function useChanges(
  source: unknown,
  subscribe: (changed: { readonly now: () => void; readonly soon: () => void }) => (() => void)[],
): void {
  const [, setRevision] = useState(0);
  useEffect(() => {
    const now = (): void => setRevision((revision) => revision + 1);
    const soon = (): void => {
      waiting.add(now);
      redrawWaiting();
    };
    const stops = subscribe({ now, soon });
    // Something may have changed between the render and this effect.
    now();
    return () => {
      waiting.delete(now);
      for (const stop of stops) stop();
    };
    // The subscription belongs to the source alone: `subscribe` is a fresh closure with every render.
  }, [source]);
}
