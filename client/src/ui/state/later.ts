import { signal } from '@preact/signals';
import { fetchAhead } from '../../ahead.ts';
import laterStyles from '../styles/later.css?url';

/** The parts of the page that are loaded behind the first ones, once they are here. */
export const later = signal<typeof import('../later.ts') | undefined>();

/** A part that did not come is asked for again after this long. [ms] */
const RETRY_MS = 2000;

/** The style sheet of those parts, once it is asked for. */
let styles: Promise<void> | undefined;

/** Loads what the first picture of the page does not need. Runs while the node joins, so nobody waits for it. */
export async function loadLater(): Promise<void> {
  let parts;
  try {
    styles ??= addStyles(laterStyles);
    [parts] = await Promise.all([import('../later.ts'), styles]);
  } catch {
    // Nothing is seen yet that a person would miss.
    if (await isReplaced()) return location.reload();
    setTimeout(() => void loadLater(), RETRY_MS);
    return;
  }
  parts.addLaterIcons();
  parts.startWatching();
  parts.prepareSound();
  later.value = parts;
}

/** The server has the page of another build by now, and nothing more of this one. Not where it is gone, or something else answers. */
async function isReplaced(): Promise<boolean> {
  try {
    const page = await (await fetch('.')).text();
    return page.includes('"app"') && !page.includes(document.scripts[0]?.src.split('/').pop() ?? '');
  } catch {
    return false;
  }
}

/**
 * Adds a style sheet to the page. Not by an import of the code: where that fails, the next one finds the code only.
 * Rejects when it does not come; then it is as if it had never been asked for.
 */
async function addStyles(href: string): Promise<void> {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = href;
  const arrival = new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = reject;
  });
  document.head.append(link);
  try {
    await arrival;
  } catch (error) {
    link.remove();
    styles = undefined;
    throw error;
  }
}

/** Fetches the code that waits for a click: QR codes, zip archives and the player. */
export function warmUp(): void {
  fetchAhead([() => import('uqr'), () => import('client-zip'), () => import('../files/player.tsx')], () => false);
}
