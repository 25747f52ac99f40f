import { computed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { DownloadState } from '../../index.ts';
import { isSlow, watchSmoothness } from './smoothness.ts';
import { downloads, preparing, totals } from './transfers.ts';

/** States of a download in which it has work to do. */
const AT_WORK: ReadonlySet<DownloadState> = new Set(['finding', 'checking', 'downloading']);

/** Files are hashed, sought, or on their way. */
const isBusy = computed(
  () => preparing.value.length > 0 || totals.value.up > 0 || downloads.value.some(({ state }) => AT_WORK.has(state)),
);

/**
 * True once files moved, or this device did not draw smoothly, while the component was shown: what only decorates it then
 * stands still, and is not begun again afterwards. An animation is sixty drawings a second: when a transfer began, those of
 * five pages took more of two cores than everything else together (measured in traces of `npm run bench -- one-to-four`),
 * and of what a tab costs that joins 20 others, a third was drawn in those (with reduced motion: 9 s in place of 13).
 */
export function useStill(): boolean {
  const still = useRef(false);
  if (isBusy.value || isSlow.value) still.current = true;
  useEffect(() => {
    if (!still.current) watchSmoothness();
  }, []);
  return still.current;
}
