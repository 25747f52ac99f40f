import { expect } from 'vitest';
import { makeFilm, playsBeyond, showsSecond } from '../harness/film.ts';
import { Firefox } from '../harness/firefox.ts';
import { askForMedia, partHash } from '../harness/media.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import { doneBytes, limitShare, stored } from '../harness/transfers.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

/** Longest a scenario may take. [ms] */
const TIMEOUT_MS = 180_000;

/** A seed in Chromium, and a Firefox. */
async function openPair(world: World): Promise<[Tab, Tab]> {
  const pair: [Tab, Tab] = [await world.openTab(), await (await Firefox.start(world)).openTab()];
  await Promise.all(pair.map((tab) => tab.joined(1)));
  return pair;
}

scenario(
  'players in Firefox get ranges of unfinished and finished files as from a server, also after a reload',
  async (world) => {
    const [seed, leecher] = await openPair(world);
    const size = 12 * MB;
    const file = await world.files.make('known.mp4', size, 7);
    const infoHash = await seed.share([file.path]);
    await limitShare(seed, infoHash, 1.5 * MB);
    await leecher.openLink(await seed.shareLink(infoHash));
    await stored(leecher, infoHash, 1);
    const early = await askForMedia(leecher, infoHash, file.name, `bytes=${11 * MB}-${11 * MB + 99_999}`);
    expect(await doneBytes(leecher, infoHash)).toBeLessThan(0.7 * size);
    expect(early).toMatchObject({ status: 206, sha256: partHash(size, 7, 11 * MB, 11 * MB + 100_000) });
    await limitShare(seed, infoHash, undefined);
    await leecher.downloaded(infoHash);
    const whole = await askForMedia(leecher, infoHash, file.name, undefined);
    expect(whole).toMatchObject({ status: 200, length: size, sha256: file.sha256 });
    await leecher.page.reload();
    await leecher.downloaded(infoHash);
    const again = await askForMedia(leecher, infoHash, file.name, 'bytes=5-14');
    expect(again).toMatchObject({ status: 206, length: 10, sha256: partHash(size, 7, 5, 15) });
    expect(leecher.complaints).toEqual([]);
  },
  { timeoutMs: TIMEOUT_MS },
);

scenario(
  'a film plays in Firefox while it is still coming, and from where nothing is here yet',
  async (world) => {
    const [seed, leecher] = await openPair(world);
    const film = await makeFilm(world, seed, 'film.webm', 20);
    const infoHash = await seed.share([film.path]);
    // Half as fast as it plays.
    await limitShare(seed, infoHash, film.size / 40);
    await leecher.openLink(await seed.shareLink(infoHash));
    await stored(leecher, infoHash, 1);
    const row = leecher.downloadRow(infoHash);
    await row.getByTestId('row-toggle').click();
    await row.getByTestId('file-play-button').click();
    await playsBeyond(leecher, 0.5);
    expect(await row.getAttribute('data-state')).toBe('downloading');
    await leecher.page.evaluate(() => {
      document.querySelector('video')!.currentTime = 15;
    });
    await showsSecond(leecher, 15, 17);
    expect(await doneBytes(leecher, infoHash)).toBeLessThan(0.9 * film.size);
    await limitShare(seed, infoHash, undefined);
    await leecher.downloaded(infoHash);
    await playsBeyond(leecher, 17);
    expect(leecher.complaints).toEqual([]);
  },
  { timeoutMs: TIMEOUT_MS },
);
