import { expect } from 'vitest';
import { deterministicBytes } from '../harness/files.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import { fetchFrom, shareByHandle } from '../harness/transfers.ts';

const MB = 1_000_000;

/** What one download is limited to. [bytes/s] */
const OWN_LIMITS = { down: 2 * MB, up: MB };

/** What one share is limited to, as a person types it. [kB/s] */
const TYPED_LIMIT = '500';

/** Waits until the browser's database holds these settings of a torrent, with which the next page begins. */
async function recorded(
  tab: Tab,
  database: 'skein-shares' | 'skein-swarm',
  store: 'shares' | 'resume',
  infoHash: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  await tab.until(
    `${JSON.stringify(settings)} to be recorded`,
    ({ from, table, hash, wanted }) =>
      new Promise<boolean>((resolve) => {
        const opening = indexedDB.open(from);
        // Not there yet: to make it, with its tables, is the page's.
        opening.onupgradeneeded = () => opening.transaction?.abort();
        opening.onerror = () => resolve(false);
        opening.onsuccess = () => {
          const asking = opening.result.transaction(table).objectStore(table).get(hash);
          asking.onsuccess = () => {
            opening.result.close();
            const record = asking.result as { settings?: Record<string, unknown> } | undefined;
            const isAsWanted = (key: string): boolean =>
              JSON.stringify(record?.settings?.[key]) === JSON.stringify(wanted[key]);
            resolve(Object.keys(wanted).every(isAsWanted));
          };
        };
      }),
    { from: database, table: store, hash: infoHash, wanted: settings },
  );
}

/** Limits the only download of a tab, and has it come in order. */
async function limitAndOrder(leecher: Tab, infoHash: string): Promise<void> {
  await leecher.page.evaluate((limits) => {
    const [download] = window.skein.downloads;
    download?.setLimits(limits);
    download?.setSequential(true);
  }, OWN_LIMITS);
  await recorded(leecher, 'skein-swarm', 'resume', infoHash, { limits: OWN_LIMITS, isSequential: true });
}

/** Opens what a share's row says of the torrent, and lets a person limit it and make it a super-seed. */
async function limitAndSuperSeed(seed: Tab, infoHash: string): Promise<void> {
  const row = seed.shareRow(infoHash);
  await row.getByTestId('row-toggle').click();
  await row.getByTestId('super-seed').check();
  await row.getByTestId('tab-info').click();
  await row.getByTestId('limit-up').fill(TYPED_LIMIT);
  await row.getByTestId('limit-up').press('Enter');
  await recorded(seed, 'skein-shares', 'shares', infoHash, { limits: { up: MB / 2 }, isSuperSeeding: true });
}

/** The row shows what `limitAndSuperSeed` set, once it is opened again. */
async function showsWhatWasSet(seed: Tab, infoHash: string): Promise<void> {
  const row = seed.shareRow(infoHash);
  await row.getByText('Super-seeding', { exact: true }).waitFor();
  await row.getByTestId('row-toggle').click();
  expect(await row.getByTestId('super-seed').isChecked()).toBe(true);
  await row.getByTestId('tab-info').click();
  expect(await row.getByTestId('limit-up').inputValue()).toBe(TYPED_LIMIT);
}

/** A tab downloads `size` bytes by this link, and no faster than its only source gives them. */
async function comesAtTheLimit(tab: Tab, link: string, infoHash: string, size: number): Promise<void> {
  const startedAt = performance.now();
  await tab.openLink(link);
  await tab.downloaded(infoHash);
  const seconds = (performance.now() - startedAt) / 1000;
  // Half as much again and what a bucket may hold: without the limit it takes less than a second on any machine.
  expect(size).toBeLessThan(1.5 * (MB / 2) * seconds + MB);
}

scenario('an upload limit and super-seeding hold after a reload of the sharing page, until they end', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const infoHash = await shareByHandle(seed, deterministicBytes(4 * MB, 5));
  const link = await seed.shareLink(infoHash);
  await limitAndSuperSeed(seed, infoHash);
  await seed.page.reload();
  await showsWhatWasSet(seed, infoHash);
  const claimed = leecher.page.evaluate(async (hash) => {
    const isHere = (): boolean => window.skein.downloads.some((each) => each.infoHash === hash);
    while (!isHere()) await new Promise((resolve) => requestAnimationFrame(resolve));
    const download = window.skein.downloads.find((each) => each.infoHash === hash)!;
    for await (const _ of download) {
      const [peer] = download.peers();
      if (peer && peer.downloadedBytes > 0) return peer.progress;
    }
    return undefined;
  }, infoHash);
  await comesAtTheLimit(leecher, link, infoHash, 4 * MB);
  // A super-seed says that it has no more than what it gives just now.
  expect(await claimed).toBeLessThan(1);
  // Somebody else has everything: it has ended, and does not begin anew with the next page.
  await seed.shareRow(infoHash).getByText('Sharing', { exact: true }).waitFor();
  await recorded(seed, 'skein-shares', 'shares', infoHash, { limits: { up: MB / 2 }, isSuperSeeding: false });
  await leecher.close();
  await seed.page.reload();
  await seed.shareRow(infoHash).getByText('Sharing', { exact: true }).waitFor();
  const state = await seed.page.evaluate(() => {
    const [share] = window.skein.shares;
    return { limits: share?.limits, isSuperSeeding: share?.isSuperSeeding };
  });
  expect(state).toEqual({ limits: { down: undefined, up: MB / 2 }, isSuperSeeding: false });
});

scenario(
  'of two tabs of a profile that share the same, the second leaves alone what the first comes back with',
  async (world) => {
    const first = await world.openTab();
    const infoHash = await shareByHandle(first, deterministicBytes(MB, 7));
    await limitAndSuperSeed(first, infoHash);
    const second = await world.openBeside(first);
    await second.page.evaluate(async () => {
      const handle = await (await navigator.storage.getDirectory()).getFileHandle('mine.bin');
      const file = await handle.getFile();
      const share = await window.skein.share([file], { handles: new Map([[file, handle]]) });
      share.setLimits({ up: 1 });
    });
    await second.close();
    await first.page.reload();
    await showsWhatWasSet(first, infoHash);
  },
);

scenario('an upload limit and super-seeding hold when the files of a share have to be given again', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const file = await world.files.make('given twice.bin', 4 * MB);
  const infoHash = await seed.share([file.path]);
  const link = await seed.shareLink(infoHash);
  await limitAndSuperSeed(seed, infoHash);
  await seed.page.reload();
  await seed.shareRow(infoHash).getByText('Drop the files again').waitFor();
  await seed.locate('file-input').setInputFiles([file.path]);
  await showsWhatWasSet(seed, infoHash);
  await comesAtTheLimit(leecher, link, infoHash, file.size);
});

scenario(
  'a share that was paused is paused on the next page, and on the one after it no more once resumed',
  async (world) => {
    const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
    const infoHash = await shareByHandle(seed, deterministicBytes(MB, 6));
    const link = await seed.shareLink(infoHash);
    const row = seed.shareRow(infoHash);
    await row.getByTestId('pause-button').click();
    await recorded(seed, 'skein-shares', 'shares', infoHash, { isPaused: true });
    await seed.page.reload();
    await row.getByTestId('resume-button').click();
    await recorded(seed, 'skein-shares', 'shares', infoHash, { isPaused: false });
    await seed.page.reload();
    await row.getByTestId('pause-button').waitFor();
    await leecher.openLink(link);
    await leecher.downloaded(infoHash);
  },
);

scenario('the upload limit of a download that is done holds after a reload', async (world) => {
  const [seed, second] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const file = await world.files.make('handed on.bin', 4 * MB);
  const infoHash = await seed.share([file.path]);
  const link = await seed.shareLink(infoHash);
  await fetchFrom(seed, second, infoHash);
  const row = second.downloadRow(infoHash);
  await row.getByTestId('row-toggle').click();
  await row.getByTestId('tab-info').click();
  await row.getByTestId('limit-up').fill(TYPED_LIMIT);
  await row.getByTestId('limit-up').press('Enter');
  await recorded(second, 'skein-swarm', 'resume', infoHash, { limits: { up: MB / 2 } });
  await second.page.reload();
  await second.downloaded(infoHash);
  await row.getByTestId('row-toggle').click();
  await row.getByTestId('tab-info').click();
  expect(await row.getByTestId('limit-up').inputValue()).toBe(TYPED_LIMIT);
  await seed.close();
  const third = await world.openTab();
  await third.joined(1);
  await comesAtTheLimit(third, link, infoHash, file.size);
});

scenario('limits, order and what a link selected are as they were after a reload', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const files = [await world.files.make('a.bin', 3 * MB), await world.files.make('b.bin', 3 * MB)];
  const infoHash = await seed.share(files.map(({ path }) => path));
  const magnet = await seed.page.evaluate(() => {
    const [share] = window.skein.shares;
    share?.pause();
    return share?.magnet ?? '';
  });
  await leecher.openLink(`${magnet}&so=0`);
  await leecher.downloadRow(infoHash).waitFor();
  // Nobody has given the metadata yet: what the link selected must last until somebody does.
  await limitAndOrder(leecher, infoHash);
  await leecher.page.reload();
  await leecher.started();
  await leecher.downloadRow(infoHash).waitFor();
  await seed.shareRow(infoHash).getByTestId('resume-button').click();
  await leecher.downloaded(infoHash);
  const state = await leecher.page.evaluate(() => {
    const [download] = window.skein.downloads;
    const files = download?.files().map(({ path, priority }) => [path, priority]);
    return { limits: download?.limits, isSequential: download?.isSequential, files };
  });
  expect(state).toEqual({
    limits: OWN_LIMITS,
    isSequential: true,
    files: [
      ['a.bin', 'normal'],
      ['b.bin', 'skip'],
    ],
  });
});

scenario('limits and order show and hold when a page that a share link opened is loaded again', async (world) => {
  const seed = await world.openTab();
  const file = await world.files.make('linked.bin', 4 * MB);
  const infoHash = await seed.share([file.path]);
  await seed.shareRow(infoHash).getByTestId('pause-button').click();
  const { hash } = new URL(await seed.shareLink(infoHash));
  const leecher = await world.openTab({ hash });
  await leecher.downloadRow(infoHash).waitFor();
  await limitAndOrder(leecher, infoHash);
  await leecher.page.reload();
  await leecher.until(
    'the settings to be back',
    (limits) => {
      const [download] = window.skein?.downloads ?? [];
      return download?.isSequential === true && download.limits.up === limits.up;
    },
    OWN_LIMITS,
  );
  await seed.shareRow(infoHash).getByTestId('resume-button').click();
  await leecher.downloaded(infoHash);
  expect(await leecher.page.evaluate(() => window.skein.downloads[0]?.limits)).toEqual(OWN_LIMITS);
});
