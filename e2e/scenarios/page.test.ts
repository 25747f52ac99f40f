import { expect } from 'vitest';
import { violations } from '../harness/axe.ts';
import { type Tab, says } from '../harness/tab.ts';
import { KEYBOARD_REACHES, PHONE, brightness, overflow, reachedByKeyboard } from '../harness/layout.ts';
import { scenario } from '../harness/scenario.ts';
import { limitShare } from '../harness/transfers.ts';

declare global {
  interface Window {
    /** What waits for the page's next idle moment, where a test holds those back. BOUNDED: by the test. */
    idlers: (() => void)[];
  }
}

/** How long a page may take to find a server that is back. [ms] It backs off. */
const BACK_WITHIN_MS = 45_000;

scenario('the first page of all says that it is alone and what to do about it', async (world) => {
  const tab = await world.openTab();
  await tab.serverState('connected');
  await says(tab.page, 'network-empty', /first one here.*another tab/i);
  await says(tab.page, 'drop-zone', /drop/i);
  expect(await tab.page.title()).toMatch(/Skein/);
  const opened = tab.context.waitForEvent('page');
  await tab.locate('invite-button').click();
  await tab.locate('open-tab').click();
  const second = await opened;
  await tab.joined(1);
  await second.close();
});

scenario('an invitation shows the link, a QR code and copies the link', async (world) => {
  const tab = await world.openTab({ query: { name: 'inviter' } });
  await tab.locate('invite-button').click();
  expect(await tab.locate('invite-link').inputValue()).toContain(world.server.url);
  await tab.locate('invite-qr').waitFor();
  expect(await violations(tab)).toEqual([]);
  await tab.page.keyboard.press('Escape');
  await tab.locate('invite-dialog').waitFor({ state: 'detached' });
});

scenario(
  'an invitation whose code is on its way is said to come, and does not open for whoever has gone on meanwhile',
  async (world) => {
    const context = await world.newProfile();
    let arrive = (): void => undefined;
    const arrival = new Promise<void>((resolve) => (arrive = resolve));
    await context.route(/\/assets\/later-.*\.js$/, async (route) => {
      await arrival;
      await route.continue();
    });
    const tab = await world.openTab({ context });
    await tab.locate('invite-button').press('Enter');
    await says(tab.page, 'invite-button', /one moment/i);
    await tab.locate('theme-button').focus();
    await says(tab.page, 'invite-button', /^invite$/i);
    arrive();
    await tab.whole();
    expect(await tab.locate('invite-dialog').count()).toBe(0);
  },
);

scenario('the link of a share is copied with its button', async (world) => {
  const tab = await world.openTab();
  const file = await world.files.make('shared.bin', 1000);
  const infoHash = await tab.share([file.path]);
  await tab.shareRow(infoHash).getByTestId('copy-link').click();
  const link = await tab.shareLink(infoHash);
  expect(link).toContain(`#f=${infoHash}`);
  await tab.until(
    'the link on the clipboard',
    async (wanted) => (await navigator.clipboard.readText()) === wanted,
    link,
  );
  await tab.shareRow(infoHash).getByTestId('stop-button').click();
  await tab.shareRow(infoHash).waitFor({ state: 'detached' });
});

scenario('a text that is no link is refused beside the field that it was pasted into', async (world) => {
  const tab = await world.openTab();
  await tab.openLink('this is not a link');
  await tab.page.getByRole('alert').filter({ hasText: /link/i }).first().waitFor();
  expect(await tab.page.evaluate(() => window.skein.downloads.length)).toBe(0);
});

scenario('a download that nobody has anything of says that it is looking, and can be removed', async (world) => {
  const tab = await world.openTab({ hash: `f=${'ab'.repeat(20)}&n=nobody%20has%20this.bin` });
  const row = tab.downloadRow('ab'.repeat(20));
  await row.waitFor();
  await says(row, 'row-name', /^nobody has this\.bin$/);
  await says(row, 'row-state', /finding peers/i);
  await row.getByTestId('remove-button').click();
  await tab.locate('remove-confirm').click();
  await row.waitFor({ state: 'detached' });
});

scenario('everything that matters is reached and worked with the keyboard alone', async (world) => {
  const [tab, other] = await world.openJoinedTabs(2, 1);
  await tab!.linkedTo(await other!.id());
  await tab!.page
    .locator(`[data-testid="person-row"][data-peer-id="${await other!.id()}"]`)
    .getByTestId('call-audio')
    .waitFor();
  const reached = await reachedByKeyboard(tab!, KEYBOARD_REACHES);
  for (const testId of KEYBOARD_REACHES) expect(reached).toContain(testId);
  await tab!.locate('invite-button').focus();
  await tab!.page.keyboard.press('Enter');
  await tab!.locate('invite-dialog').waitFor();
  await tab!.page.keyboard.press('Escape');
  await tab!.locate('invite-dialog').waitFor({ state: 'detached' });
  await tab!.locate('my-name-input').fill('by keyboard');
  await tab!.page.keyboard.press('Enter');
  expect(await tab!.page.evaluate(() => window.skein.name)).toBe('by keyboard');
});

for (const colorScheme of ['light', 'dark'] as const) {
  scenario(`the ${colorScheme} page is readable and has no fault that axe finds`, async (world) => {
    const a = await world.openTab({ profile: { colorScheme } });
    const b = await world.openTab();
    await Promise.all([a.joined(), b.joined()]);
    const file = await world.files.make('seen.bin', 300_000);
    const infoHash = await b.share([file.path]);
    await a.openLink(await b.shareLink(infoHash));
    await a.downloaded(infoHash);
    expect((await brightness(a)) > 128).toBe(colorScheme === 'light');
    expect(await violations(a)).toEqual([]);
  });
}

scenario('every icon of the page is drawn, those of the parts that come later too', async (world) => {
  const [tab, other] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const file = await world.files.make('drawn.bin', 10_000);
  const infoHash = await other.share([file.path]);
  await tab.openLink(await other.shareLink(infoHash));
  await tab.downloaded(infoHash);
  for (const each of [tab, other]) {
    await each.until('all parts to be here', () => document.querySelectorAll('svg.icon').length > 15, undefined);
    const empty = await each.page
      .locator('svg.icon')
      .evaluateAll((icons) => icons.filter((icon) => !icon.querySelector('path[d]')).length);
    expect(empty).toBe(0);
  }
});

scenario('on a phone of 390 pixels nothing sticks out sideways', async (world) => {
  const tab = await world.openTab({ profile: { viewport: PHONE, hasTouch: true }, query: { name: 'a'.repeat(60) } });
  expect(await overflow(tab)).toBeLessThanOrEqual(0);
  const other = await world.openTab();
  await Promise.all([tab.joined(), other.joined()]);
  const file = await world.files.make(`${'a-very-long-name-'.repeat(8)}.bin`, 10_000);
  const infoHash = await other.share([file.path]);
  await tab.openLink(await other.shareLink(infoHash));
  await tab.downloaded(infoHash);
  expect(await overflow(tab)).toBeLessThanOrEqual(0);
  await tab.locate('invite-button').click();
  await tab.locate('invite-dialog').waitFor();
  expect(await overflow(tab)).toBeLessThanOrEqual(0);
});

scenario('a name without a place where a line could end breaks no sentence of a phone', async (world) => {
  const tab = await world.openTab({ profile: { viewport: PHONE, hasTouch: true } });
  const other = await world.openTab({ query: { name: 'W'.repeat(64) } });
  await Promise.all([tab.joined(), other.joined()]);
  const id = await other.id();
  await tab.linkedTo(id);
  await tab.locate('lookup-input').fill(id);
  await tab.locate('lookup-start').click();
  await says(tab.page, 'lookup-path', /WWW/);
  expect(await overflow(tab)).toBeLessThanOrEqual(0);
  await other.page.evaluate(
    async (who) => (await window.skein.call(who, { audio: false, video: false })).hangUp(),
    await tab.id(),
  );
  await says(tab.page, 'notice', /You missed a call from W/);
  expect(await overflow(tab)).toBeLessThanOrEqual(0);
});

scenario(
  'at 320 pixels, as at four times the size, every control is whole and names can be told apart',
  async (world) => {
    const tab = await world.openTab({ profile: { viewport: { width: 320, height: 800 } } });
    const other = await world.openTab({ query: { name: 'grassy swan' } });
    await Promise.all([tab.joined(), other.joined()]);
    const file = await world.files.make('one.bin', 10_000);
    const infoHash = await other.share([file.path]);
    await tab.openLink(await other.shareLink(infoHash));
    await tab.downloaded(infoHash);
    for (const summary of await tab.page.locator('main summary').all()) await summary.click();
    await tab.locate('contact-row').first().waitFor();
    expect(await overflow(tab)).toBeLessThanOrEqual(0);
    const cut = await tab.page.evaluate(() =>
      [...document.querySelectorAll('main button, main input, main select')]
        .filter((control) => control.checkVisibility())
        .filter((control) => {
          const panel = control.closest('.panel')?.getBoundingClientRect();
          const { left, right } = control.getBoundingClientRect();
          return panel && (left < panel.left || right > panel.right);
        })
        .map((control) => control.outerHTML),
    );
    expect(cut).toEqual([]);
    const name = tab.locate('contact-row').first().locator('button');
    expect((await name.boundingBox())?.width).toBeGreaterThan(40);
  },
);

for (const viewport of [PHONE, { width: 1280, height: 800 }])
  scenario(`at ${viewport.width} pixels no control is smaller than 24 (WCAG 2.5.8)`, async (world) => {
    const tab = await world.openTab({ profile: { viewport } });
    const other = await world.openTab();
    await Promise.all([tab.joined(), other.joined()]);
    const file = await world.files.make('slow.bin', 3_000_000);
    const infoHash = await tab.share([file.path]);
    // So slow that the other one is there to be listed until the end.
    await limitShare(tab, infoHash, 10_000);
    await other.openLink(await tab.shareLink(infoHash));
    const row = tab.shareRow(infoHash);
    await row.getByTestId('row-toggle').click();
    await row.getByTestId('tab-peers').click();
    await row.locator('.legend summary').click();
    await tab.locate('contacts-fold').locator('summary').click();
    await tab.locate('contact-row').waitFor();
    const small = await tab.page.evaluate(() =>
      // The slots of the buckets are contacts, which the table of them lists in a size for fingers.
      [...document.querySelectorAll('button:not(.slot), input:not(.offscreen), select, summary')]
        .map((control) => [control, (control.closest('label') ?? control).getBoundingClientRect()] as const)
        .filter(([, { width, height }]) => width > 0 && (width < 24 || height < 24))
        .map(([control, { width, height }]) => `${width} x ${height} ${control.outerHTML}`),
    );
    expect(small).toEqual([]);
  });

scenario('with the system’s own colours the open part of a row can be told from the others', async (world) => {
  const tab = await world.openTab({ profile: { forcedColors: 'active' } });
  const file = await world.files.make('one.bin', 10_000);
  const infoHash = await tab.share([file.path]);
  await tab.shareRow(infoHash).locator('[aria-expanded=false]').click();
  const lines = await tab.page
    .getByRole('tab')
    .evaluateAll((all) => all.map((each) => [each.ariaSelected, getComputedStyle(each).borderBottomColor]));
  const chosen = lines.find(([isSelected]) => isSelected === 'true')?.[1];
  expect(lines.length).toBeGreaterThan(1);
  expect(lines.filter(([, colour]) => colour === chosen).length).toBe(1);
});

scenario('a browser without WebRTC is told so, and nothing breaks', async (world) => {
  const context = await world.newProfile();
  await context.addInitScript(() => {
    Reflect.deleteProperty(window, 'RTCPeerConnection');
    Reflect.deleteProperty(window, 'webkitRTCPeerConnection');
  });
  const tab = await world.openTab({ context, waitForStart: false });
  await tab.page.getByText('This browser cannot connect to others').waitFor();
  expect(tab.uncaught).toEqual([]);
});

scenario('a window in which nothing can be kept says so, and files are shared and downloaded', async (world) => {
  const other = await world.openTab();
  const context = await world.newProfile();
  await context.route(/\/assets\/main-.*\.js$/, async (route) => {
    const response = await route.fetch();
    const refuse =
      "StorageManager.prototype.getDirectory = () => Promise.reject(new DOMException('', 'SecurityError'));";
    await route.fulfill({ response, body: `${refuse}\n${await response.text()}` });
  });
  const window = await world.openTab({ context });
  await Promise.all([window.joined(), other.joined()]);
  await window.page.getByText('Nothing is kept in this window').waitFor();
  const file = await world.files.make('over.bin', 1_000_000);
  const infoHash = await other.share([file.path]);
  await window.openLink(await other.shareLink(infoHash));
  await window.downloaded(infoHash);
  expect((await window.save(infoHash)).sha256).toBe(file.sha256);
  expect(window.uncaught).toEqual([]);
});

scenario('a page whose server is out of reach says what still works, and goes on when it is back', async (world) => {
  const tab = await world.openTab();
  await tab.serverState('connected');
  await tab.whole();
  await world.server.kill();
  await tab.page.getByText('Neither the server nor anybody else can be reached').waitFor({ timeout: 20_000 });
  await says(tab.page, 'status', /neither the server nor a peer can be reached/i);
  // A new tab could not be loaded.
  const offer = tab.locate('network-empty').getByRole('button', { name: 'Open another tab' });
  await offer.waitFor({ state: 'detached' });
  await tab.locate('invite-button').click();
  await tab.page.getByText('The server cannot be reached from here now').waitFor();
  expect(await tab.locate('open-tab').count()).toBe(0);
  await tab.page.keyboard.press('Escape');
  await world.server.restart();
  await tab.serverState('connected', 30_000);
  await tab.page.getByText('Neither the server nor anybody else can be reached').waitFor({ state: 'detached' });
  await offer.waitFor();
});

scenario('a page that the code for files reaches late has links before, and shares once it is there', async (world) => {
  const other = await world.openTab();
  const context = await world.newProfile();
  let attempts = 0;
  let arrive = (): void => undefined;
  const arrival = new Promise<void>((resolve) => (arrive = resolve));
  await context.route('**/assets/service-*.js', async (route) => {
    attempts += 1;
    // The first attempt fails, the second one takes as long as the test says.
    if (attempts === 1) return route.abort();
    await arrival;
    return route.continue();
  });
  const late = await world.openTab({ context });
  await Promise.all([late.joined(), other.joined()]);
  const early = await late.page.evaluate(() => {
    try {
      return window.skein.download(`magnet:?xt=urn:btih:${'0'.repeat(40)}`).state;
    } catch (error) {
      return (error as { code?: string }).code;
    }
  });
  expect(early).toBe('not-ready');
  arrive();
  const file = await world.files.make('late.bin', 10_000);
  const infoHash = await late.share([file.path]);
  await other.openLink(await late.shareLink(infoHash));
  await other.downloaded(infoHash);
  expect(attempts).toBe(2);
});

scenario('a page that code and styles behind the first picture fail to reach asks for both again', async (world) => {
  const context = await world.newProfile();
  const attempts = { js: 0, css: 0 };
  await context.route(/\/assets\/later-.*\.(js|css)$/, async (route) => {
    const kind = route.request().url().endsWith('.css') ? 'css' : 'js';
    attempts[kind] += 1;
    await (attempts[kind] === 1 ? route.abort() : route.continue());
  });
  const tab = await world.openTab({ context });
  await tab.locate('invite-button').click();
  await tab.locate('invite-dialog').waitFor();
  const isStyled = await tab.locate('invite-qr').evaluate((code) => getComputedStyle(code).width === '200px');
  expect(isStyled).toBe(true);
  expect(attempts.css).toBe(2);
});

scenario(
  'a page whose server goes before it has fetched everything says what is missing, and fetches it later',
  async (world) => {
    const context = await world.newProfile();
    // The page has no idle moment before the test says so.
    await context.addInitScript(() => {
      window.idlers = [];
      window.requestIdleCallback = (idler) =>
        window.idlers.push(() => idler({ didTimeout: true, timeRemaining: () => 0 }));
    });
    const [tab, other] = [await world.openTab({ context }), await world.openTab()];
    await Promise.all([tab.joined(), other.joined()]);
    await tab.whole();
    await world.server.kill();
    await tab.serverState('lost');
    await tab.locate('invite-button').click();
    await tab.page.getByText('The QR code comes when the server is back').waitFor();
    const nextIdle = (): Promise<void> => tab.page.evaluate(() => window.idlers.splice(0).forEach((idler) => idler()));
    await nextIdle();
    await world.server.restart();
    await tab.page.locator('svg[data-testid=invite-qr]').waitFor({ timeout: BACK_WITHIN_MS });
    await tab.until(
      'all code to be fetched',
      (names) => {
        // From now on it has idle moments: what did not come is asked for again at a time of its own.
        window.idlers.splice(0).forEach((idler) => idler());
        const entries = performance.getEntriesByType('resource') as PerformanceResourceTiming[];
        const fetched = entries.filter(({ responseStatus }) => responseStatus === 200);
        return names.every((name) => fetched.some((each) => each.name.includes(`/assets/${name}-`)));
      },
      ['client-zip', 'player', 'strangers', 'media-streams'],
    );
    expect(tab.uncaught).toEqual([]);
  },
);
