import type { Tab } from './tab.ts';

/** A narrow phone. [CSS pixels] */
export const PHONE = { width: 390, height: 844 };

/** How far the page sticks out sideways. [CSS pixels] */
export function overflow(tab: Tab): Promise<number> {
  return tab.page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** What of the page must be reached with the keyboard, by test id. */
export const KEYBOARD_REACHES = [
  'invite-button',
  'theme-button',
  'my-name-input',
  'link-input',
  'address-input',
  'call-audio',
  'call-video',
];

/** The test ids that the tab key comes by: it is pressed until `wanted` are among them, at most 40 times. */
export async function reachedByKeyboard(tab: Tab, wanted: readonly string[]): Promise<Set<string>> {
  const reached = new Set<string>();
  for (let i = 0; i < 40 && !wanted.every((testId) => reached.has(testId)); i++) {
    await tab.page.keyboard.press('Tab');
    const testId = await tab.page.evaluate(() => (document.activeElement as HTMLElement | null)?.dataset['testid']);
    if (testId !== undefined) reached.add(testId);
  }
  return reached;
}

/** How bright the page's ground is, from 0 to 255. */
export async function brightness(tab: Tab): Promise<number> {
  const background = await tab.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  return (background.match(/[\d.]+/g) ?? []).slice(0, 3).reduce((sum, part) => sum + Number(part), 0) / 3;
}
