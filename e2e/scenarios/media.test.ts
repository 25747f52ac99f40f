import { expect } from 'vitest';
import { violations } from '../harness/axe.ts';
import { makeFilm, playsBeyond, showsSecond } from '../harness/film.ts';
import { askForMedia, partHash } from '../harness/media.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import { doneBytes, inState, stored, limitShare } from '../harness/transfers.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

/** A narrow phone. [CSS pixels] */
const PHONE = { width: 390, height: 844 };

interface Pair {
  readonly seed: Tab;
  readonly leecher: Tab;
  readonly infoHash: string;
  readonly size: number;
}

/** One tab shares a file of known bytes slowly, another one has begun to download it. */
async function openSlowPair(world: World, size: number, bytesPerSecond: number): Promise<Pair> {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const file = await world.files.make('known.mp4', size, 7);
  const infoHash = await seed.share([file.path]);
  await limitShare(seed, infoHash, bytesPerSecond);
  await leecher.openLink(await seed.shareLink(infoHash));
  await stored(leecher, infoHash, 1);
  return { seed, leecher, infoHash, size };
}

scenario('any part of a file is read in order while the rest is still to come, and is fetched first', async (world) => {
  const { leecher, infoHash, size } = await openSlowPair(world, 24 * MB, 1.5 * MB);
  for (const begin of [20 * MB, 9 * MB + 1]) {
    const end = begin + 500_000;
    const sha256 = await leecher.page.evaluate(
      async ({ hash, range }) => {
        const [file] = window.skein.downloads.find((each) => each.infoHash === hash)?.files() ?? [];
        const bytes = await new Response(file?.stream(range)).arrayBuffer();
        const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
        return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
      },
      { hash: infoHash, range: { begin, end } },
    );
    expect(sha256).toBe(partHash(size, 7, begin, end));
  }
  // Fetched in any other order, two such parts would have been here only with most of the file.
  expect(await doneBytes(leecher, infoHash)).toBeLessThan(0.6 * size);
});

scenario(
  'players get ranges of unfinished, finished and own files as from a server, also after a reload',
  async (world) => {
    const { seed, leecher, infoHash, size } = await openSlowPair(world, 12 * MB, 1.5 * MB);
    const early = await askForMedia(leecher, infoHash, 'known.mp4', `bytes=${11 * MB}-${11 * MB + 99_999}`);
    expect(await doneBytes(leecher, infoHash)).toBeLessThan(0.7 * size);
    expect(early).toMatchObject({
      status: 206,
      length: 100_000,
      sha256: partHash(size, 7, 11 * MB, 11 * MB + 100_000),
    });
    expect(early.headers['content-range']).toBe(`bytes ${11 * MB}-${11 * MB + 99_999}/${size}`);
    expect(early.headers['content-type']).toBe('video/mp4');
    await limitShare(seed, infoHash, undefined);
    await leecher.downloaded(infoHash);
    for (const tab of [leecher, seed]) {
      const suffix = await askForMedia(tab, infoHash, 'known.mp4', 'bytes=-1000');
      expect(suffix).toMatchObject({ status: 206, sha256: partHash(size, 7, size - 1000, size) });
      const whole = await askForMedia(tab, infoHash, 'known.mp4', undefined);
      expect(whole).toMatchObject({ status: 200, length: size, sha256: partHash(size, 7, 0, size) });
      const outside = await askForMedia(tab, infoHash, 'known.mp4', `bytes=${size}-`);
      expect(outside).toMatchObject({ status: 416, length: 0 });
    }
    await leecher.page.reload();
    await leecher.downloaded(infoHash);
    const again = await askForMedia(leecher, infoHash, 'known.mp4', 'bytes=5-14');
    expect(again).toMatchObject({ status: 206, length: 10, sha256: partHash(size, 7, 5, 15) });
  },
);

scenario(
  'a player that lets go of an answer ends it, and what is no media has no address and opens as no page',
  async (world) => {
    const { leecher, infoHash } = await openSlowPair(world, 12 * MB, 1 * MB);
    const outcome = await leecher.page.evaluate(async (hash) => {
      const [file] = window.skein.downloads.find((each) => each.infoHash === hash)?.files() ?? [];
      const url = (await file?.mediaUrl()) ?? '';
      const stop = new AbortController();
      const response = await fetch(url, { headers: { range: 'bytes=11000000-' }, signal: stop.signal });
      const reading = response.arrayBuffer().catch((error: Error) => error.name);
      stop.abort();
      const missing = await fetch(url.replace(hash, 'ab'.repeat(20)));
      return { status: response.status, reading: await reading, missing: missing.status, url };
    }, infoHash);
    expect(outcome).toMatchObject({ status: 206, reading: 'AbortError', missing: 404 });
    // The server knows no such address, and the service worker leaves documents alone.
    const page = await leecher.context.newPage();
    expect((await page.goto(outcome.url))?.status()).toBe(404);
    const refused = await leecher.page.evaluate(async () => {
      const files = [new File(['<script>parent.x = 1</script>'], 'page.html')];
      const share = await window.skein.share(files);
      return share.files[0]?.mediaUrl().then(
        () => 'given',
        (error: { code: string }) => error.code,
      );
    });
    expect(refused).toBe('bad-argument');
  },
);

function currentTime(tab: Tab): Promise<number> {
  return tab.page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
}

scenario(
  'a film plays in its row while it is still coming and when it is here, and can be sought back',
  async (world) => {
    const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
    const { path, size } = await makeFilm(world, seed, 'film.webm', 4);
    const infoHash = await seed.share([path]);
    // Three times as slow as it plays: it cannot be here before it is seen.
    await limitShare(seed, infoHash, size / 12);
    await leecher.openLink(await seed.shareLink(infoHash));
    await stored(leecher, infoHash, 1);
    const row = leecher.downloadRow(infoHash);
    await row.getByTestId('row-toggle').click();
    await row.getByTestId('file-play-button').focus();
    await leecher.page.keyboard.press('Enter');
    await playsBeyond(leecher, 0.5);
    expect(await row.getAttribute('data-state')).toBe('downloading');
    expect(await doneBytes(leecher, infoHash)).toBeLessThan(size);
    expect(await violations(leecher)).toEqual([]);
    // Asked inside of the page: from outside, the moment in which it is back may be over.
    const soughtTo = await leecher.page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          const video = document.querySelector('video')!;
          video.addEventListener('seeked', () => resolve(video.currentTime), { once: true });
          video.currentTime = 0.1;
        }),
    );
    expect(soughtTo).toBeLessThan(0.5);
    await playsBeyond(leecher, 0.4);
    await row.getByTestId('player-close').click();
    await row.getByTestId('player').waitFor({ state: 'detached' });
    expect(await leecher.page.evaluate(() => document.activeElement?.getAttribute('data-testid'))).toBe(
      'file-play-button',
    );
    await row.getByTestId('file-play-button').click();
    await playsBeyond(leecher, 0.3);
    await limitShare(seed, infoHash, undefined);
    await leecher.downloaded(infoHash);
    await playsBeyond(leecher, 2);
    await seed.shareRow(infoHash).getByTestId('row-toggle').click();
    await seed.shareRow(infoHash).getByTestId('file-play-button').click();
    await playsBeyond(seed, 0.5);
    expect(await currentTime(seed)).toBeGreaterThan(0.5);
  },
  { timeoutMs: 180_000 },
);

/** Has the film of a row that is open play on from this second. */
function seek(tab: Tab, second: number): Promise<void> {
  return tab.page.evaluate((to) => {
    const video = document.querySelector('video');
    if (video) video.currentTime = to;
  }, second);
}

/** The first of these seconds of a film of evenly many bytes a second that begins with pieces which are not here. */
async function missingSecond(tab: Tab, infoHash: string, seconds: number, from: number): Promise<number> {
  const finding = await tab.page.waitForFunction(
    ({ hash, all, first }) => {
      const { count, stored: bits } = window.skein.downloads.find((each) => each.infoHash === hash)!.pieces();
      const isHere = (piece: number): boolean => (bits[piece >> 3]! & (0x80 >> (piece & 7))) !== 0;
      for (let second = first; count > 0 && second < all; second++) {
        const piece = Math.floor((second * count) / all);
        if (!isHere(piece) && !isHere(piece + 1)) return second;
      }
      return undefined;
    },
    { hash: infoHash, all: seconds, first: from },
  );
  return (await finding.jsonValue()) ?? Number.NaN;
}

scenario(
  'an unfinished download goes on by itself after a reload, and its film plays there, also from where nothing is stored yet',
  async (world) => {
    const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
    const film = await makeFilm(world, seed, 'film.webm', 20);
    const infoHash = await seed.share([film.path]);
    // Half as fast as it plays.
    await limitShare(seed, infoHash, film.size / 40);
    await leecher.openLink(await seed.shareLink(infoHash));
    await stored(leecher, infoHash, 0.05 * film.size);
    await leecher.page.reload();
    await leecher.started();
    await inState(leecher, infoHash, 'downloading');
    const row = leecher.downloadRow(infoHash);
    await row.getByTestId('row-toggle').click();
    await row.getByTestId('file-play-button').click();
    await showsSecond(leecher, 0, 3);
    const second = await missingSecond(leecher, infoHash, 20, 12);
    const before = await doneBytes(leecher, infoHash);
    await seek(leecher, second);
    await showsSecond(leecher, second, second + 2);
    await playsBeyond(leecher, second + 0.5);
    // In another order, so small a part of what was missing would hardly have held just this.
    expect((await doneBytes(leecher, infoHash)) - before).toBeLessThan(0.25 * film.size);
    expect(await row.getAttribute('data-state')).toBe('downloading');
    await limitShare(seed, infoHash, undefined);
    await leecher.downloaded(infoHash);
    expect(await leecher.hashInPage(infoHash, film.name)).toBe(film.sha256);
    await seek(leecher, 18.5);
    await leecher.until('the film to end', () => document.querySelector('video')?.ended, undefined);
    await showsSecond(leecher, 19, 19);
  },
  { timeoutMs: 120_000 },
);

scenario(
  'playing goes on when the browser ends the service worker, and works after the server is gone',
  async (world) => {
    const { seed, leecher, infoHash, size } = await openSlowPair(world, 6 * MB, 2 * MB);
    await leecher.downloadRow(infoHash).getByTestId('row-toggle').click();
    await leecher.downloadRow(infoHash).getByTestId('file-play-button').waitFor();
    await leecher.until('the service worker to be here', () => navigator.serviceWorker.controller !== null, undefined);
    await world.server.kill();
    await limitShare(seed, infoHash, undefined);
    await leecher.downloaded(infoHash);
    const session = await leecher.context.newCDPSession(leecher.page);
    await session.send('ServiceWorker.enable');
    await session.send('ServiceWorker.stopAllWorkers');
    const reply = await askForMedia(leecher, infoHash, 'known.mp4', 'bytes=100-199');
    expect(reply).toMatchObject({ status: 206, sha256: partHash(size, 7, 100, 200) });
  },
);

scenario(
  'a window without service workers says why nothing can be played, and the file can be saved',
  async (world) => {
    const context = await world.newProfile();
    await context.addInitScript(() => Reflect.deleteProperty(Navigator.prototype, 'serviceWorker'));
    const tab = await world.openTab({ context });
    const file = await world.files.make('film.mp4', 10_000);
    const infoHash = await tab.share([file.path]);
    const row = tab.shareRow(infoHash);
    await row.getByTestId('row-toggle').click();
    expect(await row.getByTestId('play-problem').textContent()).toMatch(/no service workers.*Save the file/);
    expect(await row.getByTestId('file-play-button').count()).toBe(0);
    expect(await row.getByTestId('file-save-button').isEnabled()).toBe(true);
  },
);

scenario('a file that the browser cannot play says so, on a phone without anything sticking out', async (world) => {
  const tab = await world.openTab({ profile: { viewport: PHONE, hasTouch: true } });
  const name = `${'a-very-long-name-'.repeat(8)}.mp4`;
  const file = await world.files.make(name, 10_000);
  const infoHash = await tab.share([file.path]);
  const row = tab.shareRow(infoHash);
  await row.getByTestId('row-toggle').click();
  await row.getByTestId('file-play-button').click();
  await row.getByRole('alert').getByText('cannot play this file').waitFor();
  const overflow = await tab.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(overflow).toBeLessThanOrEqual(0);
  expect(await violations(tab)).toEqual([]);
});
