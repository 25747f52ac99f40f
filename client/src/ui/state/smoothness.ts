import { signal } from '@preact/signals';
import { FramePace } from '../view/frame-pace.ts';

/** A device that could not draw smoothly is not asked to for this long. [ms] What it is busy with lasts longer than a moment. */
const REST_MS = 30_000;

/** True for a while after this device did not draw smoothly. */
export const isSlow = signal(false);

/** The look that is taken at the moment. */
let current: FramePace | undefined;

/** Something begins to move: sees whether it does so smoothly. One look at a time. */
export function watchSmoothness(): void {
  if (current || isSlow.value || document.hidden) return;
  const pace = new FramePace();
  current = pace;
  // The same function each time, so that the page is listened to once.
  document.addEventListener('visibilitychange', interrupt, { once: true });
  const onFrame = (now: number): void => {
    if (current !== pace) return;
    const verdict = pace.frame(now);
    if (!verdict) return void requestAnimationFrame(onFrame);
    current = undefined;
    if (verdict === 'slow') rest();
  };
  requestAnimationFrame(onFrame);
}

/** A page that is hidden gets no frames, and says nothing about its device. */
function interrupt(): void {
  current = undefined;
}

function rest(): void {
  isSlow.value = true;
  setTimeout(() => (isSlow.value = false), REST_MS);
}
