import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { violations } from '../harness/axe.ts';
import { Firefox } from '../harness/firefox.ts';
import { KEYBOARD_REACHES, PHONE, brightness, overflow, reachedByKeyboard } from '../harness/layout.ts';
import type { Tab } from '../harness/tab.ts';
import { World } from '../harness/world.ts';

describe.each(['light', 'dark'] as const)('the %s page in Firefox', (colorScheme) => {
  let world: World;
  let wide: Tab;
  let narrow: Tab;

  beforeAll(async () => {
    world = await World.open();
    const firefox = await Firefox.start(world, { colorScheme });
    wide = await firefox.openTab();
    narrow = await firefox.openTab({ viewport: PHONE, query: { name: 'a'.repeat(60) } });
    const other = await world.openTab();
    await Promise.all([wide, narrow, other].map((tab) => tab.joined(2)));
    const file = await world.files.make(`${'a-very-long-name-'.repeat(8)}.bin`, 300_000);
    const infoHash = await other.share([file.path]);
    for (const tab of [wide, narrow]) {
      await tab.openLink(await other.shareLink(infoHash));
      await tab.downloaded(infoHash);
    }
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await world.dump(`${colorScheme}: ${task.name}`);
  });

  afterAll(async () => {
    await world?.close();
  });

  test('it is as bright as the system asks, and axe finds no fault, wide or narrow', async () => {
    for (const tab of [wide, narrow]) {
      expect((await brightness(tab)) > 128).toBe(colorScheme === 'light');
      expect(await violations(tab)).toEqual([]);
    }
  });

  test('on a phone of 390 pixels nothing sticks out sideways, with the invitation open or not', async () => {
    expect(await narrow.page.evaluate(() => innerWidth)).toBe(PHONE.width);
    expect(await overflow(narrow)).toBeLessThanOrEqual(0);
    await narrow.locate('invite-button').click();
    await narrow.locate('invite-qr').waitFor();
    expect(await overflow(narrow)).toBeLessThanOrEqual(0);
    expect(await violations(narrow)).toEqual([]);
    await narrow.page.keyboard.press('Escape');
    await narrow.locate('invite-dialog').waitFor({ state: 'detached' });
  });

  test('everything that matters is reached and worked with the keyboard alone', async () => {
    // Only in the window in front keys press buttons.
    await wide.page.bringToFront();
    await wide.until('the window to be in front', () => document.hasFocus(), undefined);
    await wide.locate('call-audio').waitFor();
    const reached = await reachedByKeyboard(wide, KEYBOARD_REACHES);
    for (const testId of KEYBOARD_REACHES) expect(reached).toContain(testId);
    await wide.locate('invite-button').focus();
    await wide.page.keyboard.press('Enter');
    await wide.locate('invite-dialog').waitFor();
    await wide.page.keyboard.press('Escape');
    await wide.locate('invite-dialog').waitFor({ state: 'detached' });
    await wide.locate('my-name-input').fill('by keyboard');
    await wide.page.keyboard.press('Enter');
    await wide.until('the new name', () => window.skein.name === 'by keyboard', undefined);
  });

  test('every icon is drawn', async () => {
    for (const tab of [wide, narrow]) {
      const drawn = await tab.page.evaluate(() =>
        [...document.querySelectorAll('svg.icon')].map(
          (icon) => icon.querySelector('path')?.hasAttribute('d') ?? false,
        ),
      );
      expect(drawn.length).toBeGreaterThan(15);
      expect(drawn).not.toContain(false);
    }
  });

  test('nothing of all this made the page complain', () => {
    for (const tab of [wide, narrow]) expect(tab.complaints).toEqual([]);
  });
});
