import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import { drop } from '../harness/dropping.ts';
import { PHONE } from '../harness/layout.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';

/** Downloads that nobody has anything of, as links to them name them. */
const [FIRST, SECOND] = ['ab'.repeat(20), 'cd'.repeat(20)] as const;

/** Waits until this, or something in it, has the focus. */
async function hasFocus(tab: Tab, place: Locator): Promise<void> {
  const element = await place.elementHandle();
  await tab.until('the focus to be there', (each) => each?.contains(document.activeElement), element!);
}

/** Presses a button as a keyboard does. */
async function press(button: Locator): Promise<void> {
  await button.focus();
  await button.press('Enter');
}

scenario('the button that pauses and goes on keeps the focus', async (world) => {
  const tab = await world.openTab({ hash: `f=${FIRST}` });
  const row = tab.downloadRow(FIRST);
  await press(row.getByTestId('pause-button'));
  await hasFocus(tab, row.getByTestId('resume-button'));
  await row.getByTestId('resume-button').press('Enter');
  await hasFocus(tab, row.getByTestId('pause-button'));
});

scenario(
  'what is removed hands the focus to what is beside it, and does not come back with a reload',
  async (world) => {
    const tab = await world.openTab({ hash: `f=${FIRST}` });
    await tab.downloadRow(FIRST).waitFor();
    await tab.openLink(SECOND);
    const [first, second] = [tab.downloadRow(FIRST), tab.downloadRow(SECOND)];
    await press(second.getByTestId('remove-button'));
    await press(tab.locate('remove-confirm'));
    await second.waitFor({ state: 'detached' });
    await hasFocus(tab, first);
    await press(first.getByTestId('remove-button'));
    await press(tab.locate('remove-confirm'));
    await first.waitFor({ state: 'detached' });
    await hasFocus(tab, tab.page.locator('#files'));
    await tab.page.reload();
    await tab.whole();
    expect(await tab.page.evaluate(() => [location.hash, window.skein.downloads.length])).toEqual(['', 0]);
  },
);

scenario(
  'a notice is heard where the page is listened to, and hands the focus on when it is closed',
  async (world) => {
    const tab = await world.openTab();
    await tab.whole();
    const live = tab.page.locator('main > [aria-live]:not(.sr-only)');
    expect(await live.evaluate((each) => getComputedStyle(each).display)).not.toBe('none');
    await drop(tab, { link: 'https://example.com/' }, tab.page.locator('#network'));
    await live.getByText('The link could not be opened').waitFor();
    await press(live.getByTestId('notice-close'));
    await live.getByTestId('notice').waitFor({ state: 'detached' });
    await hasFocus(tab, tab.page.locator('main'));
  },
  { needsChromium: true },
);

scenario(
  'where the clipboard is out of reach, as over plain http, copying leaves the focus on its button',
  async (world) => {
    const context = await world.newProfile();
    await context.addInitScript(() => Object.defineProperty(navigator, 'clipboard', { value: undefined }));
    const tab = await world.openTab({ context });
    const file = await world.files.make('one.bin', 1000);
    const row = tab.shareRow(await tab.share([file.path]));
    await press(row.getByTestId('copy-link'));
    await row.getByRole('button', { name: /copied/i }).waitFor();
    await hasFocus(tab, row.getByTestId('copy-link'));
  },
);

scenario('a text that is selected up to beside a dialog does not close it, and a click there does', async (world) => {
  const tab = await world.openTab();
  await tab.locate('invite-button').click();
  const box = (await tab.locate('invite-link').boundingBox())!;
  await tab.page.mouse.move(box.x + 5, box.y + box.height / 2);
  await tab.page.mouse.down();
  await tab.page.mouse.move(5, 5);
  await tab.page.mouse.up();
  // Whatever the press did is drawn before an answer comes from there.
  await tab.locate('invite-link').press('Home');
  expect(await tab.locate('invite-dialog').count()).toBe(1);
  await tab.page.mouse.click(5, 5);
  await tab.locate('invite-dialog').waitFor({ state: 'detached' });
});

scenario('the bar of a phone takes the focus along to the part that it brings into view', async (world) => {
  const tab = await world.openTab({ profile: { viewport: PHONE, hasTouch: true } });
  await tab.whole();
  await tab.page.getByRole('button', { name: 'Files', exact: true }).tap();
  await hasFocus(tab, tab.page.locator('#files'));
});

scenario('the buttons of a row are named by it, and a name turns nothing round', async (world) => {
  const tab = await world.openTab();
  const file = await world.files.make('holiday\u202egpj.exe', 1000);
  const row = tab.shareRow(await tab.share([file.path]));
  const buttons = row.getByRole('group', { name: 'holidaygpj.exe', exact: true });
  await buttons.getByRole('button', { name: 'Pause' }).waitFor();
  await buttons.getByTestId('row-toggle').click();
  await row.getByTestId('tab-files').click();
  await row.getByTestId('file-line').waitFor();
  expect(await row.evaluate((each) => each.textContent)).not.toContain('\u202e');
});
