import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

/** A tab that shares a file, and the open row of that, where its limits are. */
async function openShare(world: World): Promise<{ readonly tab: Tab; readonly row: Locator }> {
  const tab = await world.openTab();
  const file = await world.files.make('limited.bin', 10_000);
  const row = tab.shareRow(await tab.share([file.path]));
  await row.getByTestId('row-toggle').click();
  await row.getByTestId('tab-info').click();
  return { tab, row };
}

scenario('a limit that is typed stands in its field before anything else is heard of the share', async (world) => {
  const { row } = await openShare(world);
  // In one task of the page: what the worker answers comes in a later one, and would draw the row anew.
  const shown = await row.getByTestId('limit-up').evaluate(async (field: HTMLInputElement) => {
    const drawn = async (): Promise<void> => {
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    };
    field.value = '500';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    await drawn();
    field.dispatchEvent(new Event('change', { bubbles: true }));
    await drawn();
    return { text: field.value, limit: window.skein.shares[0]?.limits.up };
  });
  expect(shown).toEqual({ text: '500', limit: 500_000 });
});

scenario('what is typed for a limit and is no number leaves it as it was, and says so; 0 lifts it', async (world) => {
  const { tab, row } = await openShare(world);
  const field = row.getByTestId('limit-up');
  const limit = (): Promise<number | undefined> => tab.page.evaluate(() => window.skein.shares[0]?.limits.up);
  for (const [typed, shown, refused] of [
    ['1,5', '1.5', false],
    ['-3', '1.5', true],
    ['2', '2', false],
    ['1,500', '2', true],
    ['0', '', false],
    ['e', '', true],
  ] as const) {
    await field.press('Control+a');
    await field.pressSequentially(typed);
    await field.press('Tab');
    expect(await field.inputValue()).toBe(shown);
    expect(await limit()).toBe(shown === '' ? undefined : Number(shown) * 1000);
    expect([typed, await row.getByTestId('limit-problem').count()]).toEqual([typed, refused ? 1 : 0]);
  }
});

scenario('limits of one transfer and of all hold, and those of all are kept over a reload', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  await seed.locate('limits-button').click();
  await seed.locate('limits-dialog').getByTestId('limit-up').fill('1000');
  await seed.locate('limits-done').click();
  expect(await seed.locate('limits-button').textContent()).toContain('↑ 1.0 MB/s');
  const file = await world.files.make('limited.bin', 6 * MB);
  const infoHash = await seed.share([file.path]);
  const startedAt = performance.now();
  await leecher.openLink(await seed.shareLink(infoHash));
  await leecher.downloaded(infoHash);
  const seconds = (performance.now() - startedAt) / 1000;
  // Half as much again and what a bucket may hold: without the limit it takes less than a second on any machine.
  expect(file.size).toBeLessThan(1.5 * MB * seconds + 2 * MB);
  await seed.page.reload();
  await seed.started();
  await seed.until('the limit to be back', () => window.skein.limits.up === 1_000_000, undefined);
});
