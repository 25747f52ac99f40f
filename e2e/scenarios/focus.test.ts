import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import { drop } from '../harness/dropping.ts';
import { PHONE } from '../harness/layout.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import { Disk, inState } from '../harness/transfers.ts';

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

scenario('the buttons that open a link and save a file keep the focus', async (world) => {
  const [seed, tab] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const file = await world.files.make('saved.bin', 1000);
  const infoHash = await seed.share([file.path]);
  await tab.locate('link-input').fill(await seed.shareLink(infoHash));
  await press(tab.locate('link-open'));
  await tab.downloaded(infoHash);
  await hasFocus(tab, tab.locate('link-open'));
  const save = tab.downloadRow(infoHash).getByTestId('save-button');
  const saving = tab.page.waitForEvent('download');
  await press(save);
  await saving;
  await save.getByText('Save', { exact: true }).waitFor();
  await hasFocus(tab, save);
});

scenario('a row that goes together with its open dialog hands the focus on all the same', async (world) => {
  const tab = await world.openTab({ hash: `f=${FIRST}` });
  const row = tab.downloadRow(FIRST);
  await press(row.getByTestId('remove-button'));
  await tab.locate('remove-cancel').focus();
  await tab.page.evaluate(() => window.skein.downloads[0]?.remove());
  await row.waitFor({ state: 'detached' });
  await hasFocus(tab, tab.page.locator('#files'));
});

scenario('the panel of a call takes the focus of the buttons that go with each step of it', async (world) => {
  const [tab, other] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  await tab.linkedTo(await other.id());
  const panel = tab.locate('call-panel');
  for (const start of ['call-audio', 'call-again']) {
    await press(tab.locate(start));
    await hasFocus(tab, panel);
    await press(panel.getByTestId('hang-up'));
    await panel.getByTestId('call-again').waitFor();
    await hasFocus(tab, panel);
  }
  await press(panel.getByTestId('call-close'));
  await panel.waitFor({ state: 'detached' });
  await hasFocus(tab, tab.page.locator('main'));
});

scenario('the button that lets a call be heard leaves the focus in its panel', async (world) => {
  const context = await world.newProfile();
  // As browsers refuse pages that nobody has touched yet.
  await context.addInitScript(() => {
    const play = Reflect.get(HTMLMediaElement.prototype, 'play') as (this: HTMLMediaElement) => Promise<void>;
    HTMLMediaElement.prototype.play = function () {
      const isOffered = document.querySelector('[data-testid="tap-to-hear"]') !== null;
      return isOffered ? play.call(this) : Promise.reject(new DOMException('', 'NotAllowedError'));
    };
  });
  const [tab, other] = [await world.openTab({ context }), await world.openTab()];
  await Promise.all([tab.joined(), other.joined()]);
  const calling = other.page.evaluate(
    async (id) => void (await window.skein.call(id, { audio: true, video: false })),
    await tab.id(),
  );
  await tab.locate('answer-audio').click();
  await calling;
  await press(tab.locate('tap-to-hear'));
  await tab.locate('tap-to-hear').waitFor({ state: 'detached' });
  await hasFocus(tab, tab.locate('call-panel'));
});

scenario('the first of the last files that are shown takes the focus of the button that showed them', async (world) => {
  const tab = await world.openTab();
  await tab.whole();
  const infoHash = await tab.page.evaluate(async () => {
    const files = Array.from({ length: 60 }, (_, at) => new File([`content of ${at}`], `${at}.txt`));
    return (await window.skein.share(files, { name: 'many' })).infoHash;
  });
  const row = tab.shareRow(infoHash);
  await row.getByTestId('row-toggle').click();
  await press(row.getByTestId('more-files'));
  await hasFocus(tab, row.getByTestId('file-line').nth(50));
  await tab.page.keyboard.press('Tab');
  await hasFocus(tab, row.getByTestId('file-line').nth(50).getByTestId('file-save-button'));
});

scenario(
  'a download that is tried again with success keeps the focus in its row',
  async (world) => {
    const seed = await world.openTab();
    const tab = await world.openTab({ context: await world.newDiskProfile() });
    await Promise.all([seed.joined(), tab.joined()]);
    const disk = await Disk.of(tab, world);
    await disk.limitTo((await disk.usage()) + 1_000_000);
    const infoHash = await seed.share([(await world.files.make('large.bin', 3_000_000)).path]);
    await tab.openLink(await seed.shareLink(infoHash));
    await inState(tab, infoHash, 'paused');
    await disk.lift();
    const row = tab.downloadRow(infoHash);
    await press(row.getByTestId('trouble-action'));
    await row.getByTestId('row-error').waitFor({ state: 'detached' });
    await hasFocus(tab, row);
    await tab.downloaded(infoHash);
  },
  { needsChromium: true },
);

scenario('the player hands the focus on when it gives up, and when it is closed', async (world) => {
  const tab = await world.openTab();
  const file = await world.files.make('film.mp4', 10_000);
  const row = tab.shareRow(await tab.share([file.path]));
  await row.getByTestId('row-toggle').click();
  await press(row.getByTestId('file-play-button'));
  await row.getByRole('alert').getByText('cannot play this file').waitFor();
  await hasFocus(tab, row.getByTestId('player-close'));
  // What it was started with is gone meanwhile.
  await row.getByTestId('tab-peers').click();
  await press(row.getByTestId('player-close'));
  await row.getByTestId('player').waitFor({ state: 'detached' });
  await hasFocus(tab, row);
});

scenario('whoever comes and goes leaves the focus in the view of the network', async (world) => {
  const tab = await world.openTab();
  await tab.whole();
  const network = tab.page.locator('#network');
  await tab.locate('network-empty').getByRole('button', { name: 'Open another tab' }).focus();
  const other = await world.openTab();
  await tab.locate('network-empty').waitFor({ state: 'detached' });
  await hasFocus(tab, network);
  const [id, third] = [await other.id(), await world.openTab()];
  const slot = (of: string): Locator => tab.page.locator(`[data-testid="slot"][data-peer-id="${of}"]`);
  await slot(await third.id()).waitFor();
  await slot(id).focus();
  await other.close();
  await slot(id).waitFor({ state: 'detached' });
  await hasFocus(tab, slot(await third.id()));
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

scenario('nothing that has the focus lies under the bar of a phone', async (world) => {
  const tab = await world.openTab({ profile: { viewport: PHONE } });
  await tab.whole();
  await tab.locate('theme-button').focus();
  const reached: string[] = [];
  for (let testId = ''; testId !== 'address-input'; reached.push(testId)) {
    await tab.page.keyboard.press('Tab');
    testId = await tab.page.evaluate(() => (document.activeElement as HTMLElement).dataset['testid'] ?? '');
    const isCovered = await tab.page.evaluate(() => {
      const { left, right, top, bottom } = document.activeElement!.getBoundingClientRect();
      return document.elementFromPoint((left + right) / 2, (top + bottom) / 2)?.closest('.tab-bar') !== null;
    });
    expect([testId, isCovered]).toEqual([testId, false]);
  }
  expect(reached).toContain('limits-button');
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
