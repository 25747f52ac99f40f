import { signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

/**
 * The beat on which figures on the page change. [ms] Twice a second: quicker cannot be read, and each drawing costs a page
 * 5 ms of processor time. They change together: between two drawings the compositor then goes to sleep, which it does not
 * when each figure has a beat of its own (five busy pages: a fifth of two cores went into drawing).
 */
const BEAT_MS = 500;

/** Counts seconds; whoever reads it in a render is drawn again each second. For clocks. */
export const second = signal(0);

/** The same for what is seen of a hidden page too, which is its tab's title: it is the one thing that changes there. */
export const titleSecond = signal(0);

/** Starts the clock of the page. */
export function startTicker(): void {
  const tick = (): void => {
    titleSecond.value += 1;
    if (!document.hidden) second.value += 1;
    setTimeout(tick, untilBeat() + BEAT_MS);
  };
  setTimeout(tick, untilBeat());
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) second.value += 1;
  });
}

/** How long until the next beat. [ms] */
function untilBeat(): number {
  return BEAT_MS - (performance.now() % BEAT_MS);
}

/**
 * `action` behind a gate: after a pause the first call runs at once, further ones wait for the next beat, and none is
 * lost. `cancel` drops what is waiting.
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
    if (performance.now() - last > 2 * BEAT_MS) run();
    else timer = setTimeout(run, untilBeat());
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
