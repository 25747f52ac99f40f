import type { Locator } from 'playwright-core';
import { expect } from 'vitest';
import { violations } from '../harness/axe.ts';
import type { MadeFile } from '../harness/files.ts';
import { scenario } from '../harness/scenario.ts';
import { type Tab, says } from '../harness/tab.ts';
import { fetchFrom, uploadedBytes } from '../harness/transfers.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

/** Slow enough that a test can act while files of some MB are on their way. [bytes/s] */
const SLOW = 500_000;

/** A narrow phone. [CSS pixels] */
const PHONE = { width: 390, height: 844 };

interface Pair {
  readonly seed: Tab;
  readonly leecher: Tab;
  readonly infoHash: string;
}

/** One tab shares the files no faster than `SLOW`, another one has begun to download them. */
async function openSlowPair(world: World, files: readonly MadeFile[]): Promise<Pair> {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const infoHash = await seed.share(files.map((file) => file.path));
  await setUpload(seed, infoHash, SLOW);
  await leecher.openLink(await seed.shareLink(infoHash));
  await leecher.until(
    'the first bytes',
    (hash) => window.skein.downloads.some((each) => each.infoHash === hash && each.progress.doneBytes > 0),
    infoHash,
  );
  return { seed, leecher, infoHash };
}

/** Limits one share by its own row, as a person does; undefined lifts the limit. */
async function setUpload(seed: Tab, infoHash: string, limit: number | undefined): Promise<void> {
  const row = seed.shareRow(infoHash);
  if ((await row.getByTestId('row-toggle').getAttribute('aria-expanded')) === 'false')
    await row.getByTestId('row-toggle').click();
  await row.getByTestId('tab-info').click();
  const field = row.getByTestId('limit-up');
  const text = limit === undefined ? '' : String(limit / 1000);
  await field.fill(text);
  await field.press('Enter');
  await seed.until(
    'the limit to be set',
    ({ hash, wanted }) => window.skein.shares.find((each) => each.infoHash === hash)?.limits.up === wanted,
    { hash: infoHash, wanted: limit },
  );
}

function fileLine(row: Locator, path: string): Locator {
  return row.locator(`[data-testid="file-line"][data-path="${path}"]`);
}

async function openFiles(row: Locator): Promise<void> {
  await row.getByTestId('row-toggle').click();
  await row.getByTestId('tab-files').click();
}

/** Closes a tab as a person does. True when it asked first, and the person stayed. */
async function asksBeforeClosing(tab: Tab): Promise<boolean> {
  const asked = tab.page.waitForEvent('dialog').then(async (dialog) => {
    expect(dialog.type()).toBe('beforeunload');
    await dialog.dismiss();
    return true;
  });
  const closed = tab.page.waitForEvent('close').then(() => false);
  await tab.page.close({ runBeforeUnload: true });
  return Promise.race([asked, closed]);
}

scenario(
  'sharing is cancelled while a large file is read: nothing of it is shared, and the next file is',
  async (world) => {
    const tab = await world.openTab();
    const large = await world.files.makeEmpty('film.bin', 20_000 * MB);
    await tab.locate('file-input').setInputFiles(large);
    const row = tab.locate('preparing');
    await row.getByTestId('cancel-share').focus();
    await tab.page.keyboard.press('Enter');
    await row.waitFor({ state: 'detached' });
    expect(await tab.page.evaluate(() => document.activeElement?.tagName)).toBe('BUTTON');
    expect(await tab.locate('notice').count()).toBe(0);
    const small = await world.files.make('picture.bin', 10_000);
    const infoHash = await tab.share([small.path]);
    expect(await tab.page.evaluate(() => window.skein.shares.map((share) => share.infoHash))).toEqual([infoHash]);
  },
);

scenario('a link that is too long for a QR code says so, and one that is not is drawn', async (world) => {
  const tab = await world.openTab();
  for (const [infoHash, name] of [
    ['a'.repeat(40), '長'.repeat(255)],
    ['b'.repeat(40), 'short'],
  ] as const) {
    await tab.openLink(`magnet:?xt=urn:btih:${infoHash}&dn=${encodeURIComponent(name)}`);
    const row = tab.downloadRow(infoHash);
    await row.getByTestId('row-toggle').click();
    await row.getByTestId('qr-button').click();
    if (name === 'short') await tab.page.locator('svg[data-testid=share-qr]').waitFor();
    else await tab.locate('share-qr').getByText('The link is too long for a QR code').waitFor();
    await tab.page.keyboard.press('Escape');
  }
});

scenario('a skipped file is not fetched; wanted after all, it comes too', async (world) => {
  const wanted = await world.files.make('wanted.bin', 3 * MB);
  const skipped = await world.files.make('skipped.bin', 9 * MB);
  const { seed, leecher, infoHash } = await openSlowPair(world, [wanted, skipped]);
  const row = leecher.downloadRow(infoHash);
  await says(row, 'row-eta', /^(\d+ min )?\d+ s left$/);
  await says(row, 'row-sources', /^1 source · 1 peer$/);
  await says(seed.shareRow(infoHash), 'row-sources', /^1 peer$/);
  await says(seed.shareRow(infoHash), 'row-ratio', /^ratio 0\.\d\d$/);
  await openFiles(row);
  await fileLine(row, skipped.name).getByTestId('file-priority').selectOption('skip');
  await setUpload(seed, infoHash, undefined);
  await leecher.downloaded(infoHash);
  expect(await leecher.hashInPage(infoHash, wanted.name)).toBe(wanted.sha256);
  expect(await fileLine(row, skipped.name).getByTestId('file-save-button').isDisabled()).toBe(true);
  expect(await uploadedBytes(seed, infoHash)).toBeLessThan(wanted.size + skipped.size);
  expect((await leecher.save(infoHash)).name).toBe(wanted.name);
  // With all that is wanted here, the source is of no more use and is let go: it has to be asked again.
  await leecher.until(
    'the source to be let go',
    (hash) => window.skein.downloads.find((each) => each.infoHash === hash)?.peers().length === 0,
    infoHash,
  );
  await fileLine(row, skipped.name).getByTestId('file-priority').selectOption('normal');
  await leecher.until(
    'the other file to come',
    (hash) =>
      window.skein.downloads
        .find((each) => each.infoHash === hash)
        ?.files()
        .every((file) => file.doneBytes === file.size),
    infoHash,
  );
  await leecher.downloaded(infoHash);
  expect(await leecher.hashInPage(infoHash, skipped.name)).toBe(skipped.sha256);
  // Nothing is to come, and nothing was given.
  for (const fact of ['row-eta', 'row-ratio']) expect(await row.getByTestId(fact).textContent()).toBe('');
  await says(seed.shareRow(infoHash), 'row-ratio', /^ratio 1\.\d$/);
});

scenario('a file that is wanted first is here while the others are still on their way', async (world) => {
  const other = await world.files.make('a-other.bin', 4 * MB);
  const first = await world.files.make('b-first.bin', 4 * MB);
  const { leecher, infoHash } = await openSlowPair(world, [other, first]);
  const row = leecher.downloadRow(infoHash);
  await openFiles(row);
  await fileLine(row, first.name).getByTestId('file-priority').selectOption('high');
  const fractionOfOther = await leecher.page.evaluate(async (hash) => {
    const download = window.skein.downloads.find((each) => each.infoHash === hash);
    for await (const _ of download ?? []) {
      const [a, b] = download?.files().map((file) => file.doneBytes / file.size) ?? [];
      if (b === 1) return a ?? 1;
    }
    return 1;
  }, infoHash);
  expect(fractionOfOther).toBeLessThan(0.6);
});

scenario('a share that is paused gives nothing, and goes on when it is resumed', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const [file, other] = [await world.files.make('held.bin', MB), await world.files.make('given.bin', MB)];
  const infoHash = await seed.share([file.path]);
  const row = seed.shareRow(infoHash);
  await row.getByTestId('pause-button').click();
  await seed.page.locator(`[data-info-hash="${infoHash}"][data-state="share-paused"]`).waitFor();
  await leecher.openLink(await seed.shareLink(infoHash));
  await leecher.downloadRow(infoHash).getByText('Finding peers').waitFor();
  // In the time in which another share of the same tab comes, this one would have come, too.
  await fetchFrom(seed, leecher, await seed.share([other.path]));
  await leecher.downloadRow(infoHash).getByText('Finding peers').waitFor();
  expect(await uploadedBytes(seed, infoHash)).toBe(0);
  await row.getByTestId('resume-button').click();
  await leecher.downloaded(infoHash);
});

scenario('what is done stops being given on request, and data that was kept is not fetched again', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const file = await world.files.make('kept.bin', 2 * MB);
  const infoHash = await seed.share([file.path]);
  const link = await seed.shareLink(infoHash);
  await leecher.openLink(link);
  await leecher.downloaded(infoHash);
  const row = leecher.downloadRow(infoHash);
  await row.getByTestId('stop-seeding-button').click();
  await row.getByText('Done, not shared').waitFor();
  expect(await row.getByTestId('save-button').isEnabled()).toBe(true);
  await row.getByTestId('seed-again-button').click();
  await row.getByText('Done', { exact: true }).waitFor();
  await seed.until(
    'all that it gave to be counted',
    ({ hash, size }) => window.skein.shares.find(({ infoHash }) => infoHash === hash)?.progress.uploadedBytes === size,
    { hash: infoHash, size: file.size },
  );
  await row.getByTestId('remove-button').click();
  await leecher.locate('remove-keep').check();
  await leecher.locate('remove-confirm').click();
  await row.waitFor({ state: 'detached' });
  await leecher.openLink(link);
  await leecher.downloaded(infoHash);
  expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
  expect(await uploadedBytes(seed, infoHash)).toBe(file.size);
});

scenario(
  'an opened row shows pieces, peers with their letters and slots, and facts, without a fault',
  async (world) => {
    const file = await world.files.make('shown.bin', 12 * MB);
    const { seed, leecher, infoHash } = await openSlowPair(world, [file]);
    const giving = seed.shareRow(infoHash);
    const taking = leecher.downloadRow(infoHash);
    await taking.getByTestId('row-toggle').click();
    await giving.getByTestId('tab-peers').click();
    await taking.getByTestId('tab-peers').click();
    await giving.locator('[data-testid="swarm-peer"][data-flags*="U"][data-slot="regular"]').waitFor();
    await taking.locator('[data-testid="swarm-peer"][data-flags*="D"]').waitFor();
    await taking.locator('.legend summary').click();
    // Each peer's row says the same to a screen reader, once for every peer.
    await taking.locator('.legend').getByText('you get data from it', { exact: true }).waitFor();
    // Figures change together twice a second: each is waited for.
    await says(taking, 'pieces-stored', /^\d+ of \d+ pieces/);
    await says(taking, 'pieces-available', /peers hold 1 copy/);
    await says(giving, 'row-needed', /no other source/);
    expect(await violations(leecher)).toEqual([]);
    for (const tab of ['tab-files', 'tab-info']) {
      await taking.getByTestId(tab).click();
      expect(await violations(leecher)).toEqual([]);
    }
    await taking.getByText(infoHash, { exact: true }).waitFor();
    await taking.getByTestId('tab-info').press('ArrowLeft');
    expect(await taking.getByTestId('tab-peers').getAttribute('aria-selected')).toBe('true');
    await leecher.page.emulateMedia({ colorScheme: 'dark' });
    expect(await violations(leecher)).toEqual([]);
  },
);

scenario('the ring stands still while files move, lookups of the node’s own included', async (world) => {
  const { leecher } = await openSlowPair(world, [await world.files.make('moving.bin', 20 * MB)]);
  await leecher.page.evaluate(() => {
    window.skein.get('nobody keeps this').catch(() => undefined);
  });
  const drawn = leecher.locate('ring-lookup').first();
  await drawn.waitFor({ state: 'attached' });
  const animations = await drawn.evaluate((lookup) =>
    [lookup, ...lookup.children].map((part) => getComputedStyle(part).animationName),
  );
  expect(new Set(animations)).toEqual(new Set(['none']));
  expect(await leecher.page.locator('.pulse').count()).toBe(0);
});

scenario('closing asks first while someone depends on this tab, and no longer when nobody does', async (world) => {
  const file = await world.files.make('needed.bin', 8 * MB);
  const { seed, leecher, infoHash } = await openSlowPair(world, [file]);
  await seed.shareRow(infoHash).getByText('no other source').waitFor();
  expect(await asksBeforeClosing(seed)).toBe(true);
  expect(await asksBeforeClosing(leecher)).toBe(true);
  await setUpload(seed, infoHash, undefined);
  await leecher.downloaded(infoHash);
  await seed.until(
    'nobody to want it any more',
    (hash) =>
      window.skein.shares
        .find((each) => each.infoHash === hash)
        ?.peers()
        .every((peer) => !peer.isInterested) ?? false,
    infoHash,
  );
  expect(await asksBeforeClosing(seed)).toBe(false);
});

scenario(
  'a thousand files are listed fifty at a time, also on a phone without anything sticking out',
  async (world) => {
    const seed = await world.openTab();
    const leecher = await world.openTab({ profile: { viewport: PHONE, hasTouch: true } });
    await Promise.all([seed.joined(), leecher.joined()]);
    const infoHash = await seed.page.evaluate(async () => {
      const files = Array.from({ length: 1000 }, (_, at) => {
        const file = new File([`content of ${at}`], `${'long-name-'.repeat(6)}${at}.txt`);
        Object.defineProperty(file, 'webkitRelativePath', { value: `many/${'folder-'.repeat(6)}/${file.name}` });
        return file;
      });
      return (await window.skein.share(files, { name: 'many' })).infoHash;
    });
    await leecher.openLink(await seed.shareLink(infoHash));
    await leecher.downloaded(infoHash);
    const row = leecher.downloadRow(infoHash);
    await row.getByTestId('row-toggle').click();
    const lines = row.getByTestId('file-line');
    await lines.nth(49).waitFor();
    expect(await lines.count()).toBe(50);
    await row.getByTestId('more-files').click();
    await lines.nth(99).waitFor();
    expect(await lines.count()).toBe(100);
    for (const tab of ['tab-peers', 'tab-info', 'tab-files']) {
      await row.getByTestId(tab).click();
      const overflow = await leecher.page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      expect(overflow).toBeLessThanOrEqual(0);
    }
  },
);

scenario(
  'a link can be sent by what the device has for that, and nothing is offered where it has nothing',
  async (world) => {
    const tab = await world.openTab({ profile: { viewport: PHONE, hasTouch: true } });
    const [one, two] = [await world.files.make('one.bin', 1000), await world.files.make('two.bin', 1000)];
    const before = await tab.share([one.path]);
    expect(await tab.shareRow(before).getByTestId('send-link').count()).toBe(0);
    // As Chromium has it on phones, and not here: links of pages alone, and somebody who thinks better of it.
    await tab.page.evaluate(() => {
      const sent: ShareData[] = [];
      Object.assign(window, { sent });
      Object.assign(navigator, {
        canShare: ({ url }: ShareData) => url?.startsWith('http') === true,
        share: (data: ShareData) => {
          sent.push(data);
          return Promise.reject(new DOMException('Share canceled', 'AbortError'));
        },
      });
    });
    const infoHash = await tab.share([two.path]);
    const row = tab.shareRow(infoHash);
    await row.getByTestId('send-link').click();
    const sent = await tab.page.evaluate(() => (window as unknown as { sent: ShareData[] }).sent);
    expect(sent).toEqual([{ url: await tab.shareLink(infoHash), title: 'Link to two.bin' }]);
    await row.getByTestId('row-toggle').click();
    await row.getByTestId('tab-info').click();
    await row.getByTestId('magnet-link').waitFor();
    expect(await row.getByTestId('send-link').count()).toBe(1);
    expect(await violations(tab)).toEqual([]);
    expect(tab.uncaught).toEqual([]);
  },
);
