import type { Locator } from 'playwright-core';
import type { Tab } from './tab.ts';

/** What is dragged over the page from elsewhere: files and folders of the disk, by absolute paths, or a link. */
export type Dragged = { readonly files: readonly string[] } | { readonly link: string };

/** Drops something in the middle of the page, or on what `place` is, as the system does: the browser itself reads the files and folders. */
export async function drop(tab: Tab, dragged: Dragged, place: Locator = tab.page.locator('body')): Promise<void> {
  const session = await tab.context.newCDPSession(tab.page);
  const data =
    'files' in dragged
      ? { items: [], files: [...dragged.files], dragOperationsMask: 1 }
      : { items: [{ mimeType: 'text/uri-list', data: dragged.link }], dragOperationsMask: 1 };
  const at = await place.evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return { x: x + width / 2, y: Math.min(y + height, innerHeight) / 2 + Math.max(y, 0) / 2 };
  });
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, ...at, data });
  await session.detach();
}

/** Fills the clipboard with a text, or as a function inside the page does, and presses the keys that paste. */
export async function paste(tab: Tab, what: string | (() => Promise<void>)): Promise<void> {
  await tab.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  if (typeof what === 'string') await tab.page.evaluate((text) => navigator.clipboard.writeText(text), what);
  else await tab.page.evaluate(what);
  await tab.page.keyboard.press('Control+V');
}
