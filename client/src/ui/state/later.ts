import { signal } from '@preact/signals';

/** The parts of the page that are loaded behind the first ones, once they are here. */
export const later = signal<typeof import('../later.ts') | undefined>();

/** A part that did not come is asked for again after this long. [ms] */
const RETRY_MS = 2000;

/** Loads what the first picture of the page does not need. Runs while the node joins, so nobody waits for it. */
export async function loadLater(): Promise<void> {
  let parts;
  try {
    parts = await import('../later.ts');
  } catch {
    setTimeout(() => void loadLater(), RETRY_MS);
    return;
  }
  parts.addLaterIcons();
  parts.startWatching();
  parts.prepareSound();
  later.value = parts;
}

/**
 * Fetches the code that waits for a click: QR codes and zip archives. The browser keeps it, so that both work after the
 * server is gone, too.
 */
export function warmUp(): void {
  const fetchAll = (): void => void Promise.all([import('uqr'), import('client-zip')]);
  if ('requestIdleCallback' in window) requestIdleCallback(fetchAll);
  else setTimeout(fetchAll, 1000);
}
