import { expect } from 'vitest';
import { allFound, serves, shareLibrary } from '../harness/library.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';

/** More than anybody has by chance, and more than one provider's keys were held once. */
const LIBRARY = 300;

/** Rows that a person looks through. */
const ROWS = 200;

/** Downloads that begin at once. More than the channels that a link has. */
const WANTED = 50;

/** Waits until a tab shows a row for each of so many shares. */
async function rows(tab: Tab, count: number): Promise<void> {
  await tab.until(
    `${count} rows`,
    (wanted) => document.querySelectorAll('[data-testid="share-row"]').length === wanted,
    count,
  );
}

scenario(
  'each of hundreds of shares is found, all come back after a reload, and fifty are downloaded at once over a few links',
  async (world) => {
    const [library, ...others] = (await world.openJoinedTabs(4, 2)) as [Tab, ...Tab[]];
    const shared = await shareLibrary(library, LIBRARY);
    expect(new Set(shared).size).toBe(LIBRARY);
    const owner = await library.id();
    const newcomer = await world.openTab();
    await newcomer.joined(1);
    await allFound(newcomer, shared, owner, 60_000);
    await library.page.reload();
    await library.started();
    await serves(library, LIBRARY, 60_000);
    expect(await library.id()).toBe(owner);
    await allFound(others[0]!, shared, owner, 60_000);
    await newcomer.page.evaluate((keys) => keys.forEach((key) => window.skein.download(key)), shared.slice(0, WANTED));
    await newcomer.until(
      'all downloads to be done',
      (wanted) => window.skein.downloads.filter(({ state }) => state === 'done').length === wanted,
      WANTED,
      { timeoutMs: 60_000 },
    );
    for (const tab of world.tabs) {
      expect(new Set(await tab.linkedIds()).size).toBeLessThan(world.tabs.length);
      expect(tab.uncaught).toEqual([]);
    }
  },
  { timeoutMs: 240_000 },
);

scenario(
  'a library of hundreds of rows can be scrolled, paused and stopped, on a phone, too',
  async (world) => {
    const library = await world.openTab({ profile: { viewport: { width: 390, height: 844 } } });
    const shared = await shareLibrary(library, ROWS);
    await rows(library, ROWS);
    // The newest comes first; the oldest is far below.
    const oldest = library.shareRow(shared[0]!);
    await oldest.getByTestId('pause-button').click();
    await oldest.getByText('Paused', { exact: true }).waitFor();
    await oldest.getByTestId('resume-button').click();
    await oldest.getByText('Sharing', { exact: true }).waitFor();
    await oldest.getByTestId('stop-button').click();
    await oldest.waitFor({ state: 'detached' });
    const widths = await library.page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    expect(widths[0]).toBeLessThanOrEqual(widths[1]!);
    await library.page.reload();
    await library.started();
    await serves(library, ROWS - 1, 60_000);
    await rows(library, ROWS - 1);
    expect(await oldest.count()).toBe(0);
  },
  { timeoutMs: 180_000 },
);
