import { rm } from 'node:fs/promises';
import { afterAll, beforeAll, expect } from 'vitest';
import { askForMedia, partHash } from '../harness/media.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import { hashBytes, deterministicBytes } from '../harness/files.ts';
import { doneBytes, fetchFrom, limitShare, shareByHandle, stored, uploadedBytes } from '../harness/transfers.ts';
import { NEXT_BUILD, buildNext } from '../harness/upgraded.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

let next: string;

beforeAll(async () => {
  next = await buildNext();
});

afterAll(async () => {
  await rm(next, { recursive: true, force: true });
});

/** The operator stops the server, replaces the build, and starts it again. */
async function upgrade(world: World): Promise<void> {
  await world.server.stop();
  await world.server.restart(next);
}

/** The build that a tab has loaded. */
const buildOf = (tab: Tab): Promise<string | null | undefined> =>
  tab.page.evaluate(() => document.querySelector('meta[name="build"]')?.getAttribute('content'));

/** Waits until the service worker that answers the players of a tab is the one of the next build. */
async function hasNextServiceWorker(tab: Tab): Promise<void> {
  await tab.until(
    'the service worker to be replaced',
    async (build) => {
      const { port1, port2 } = new MessageChannel();
      const said = new Promise((resolve) => {
        port1.onmessage = ({ data }) => resolve(data);
        setTimeout(resolve, 300);
      });
      navigator.serviceWorker.controller?.postMessage('build', [port2]);
      return (await said) === build;
    },
    NEXT_BUILD,
  );
}

scenario(
  'after an upgrade an ordinary reload brings the new page, with the same identity, shares, downloads and players',
  async (world) => {
    const [seed, tab] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
    const film = await world.files.make('film.mp4', 16 * MB, 7);
    const infoHash = await seed.share([film.path]);
    await limitShare(seed, infoHash, 4 * MB);
    const mine = await shareByHandle(tab, deterministicBytes(50_000, 3));
    await tab.openLink(await seed.shareLink(infoHash));
    await stored(tab, infoHash, 8 * MB);
    expect(await askForMedia(tab, infoHash, 'film.mp4', 'bytes=0-99')).toMatchObject({ status: 206 });
    const [id, before] = [await tab.id(), await doneBytes(tab, infoHash)];
    await upgrade(world);
    await tab.page.reload();
    await tab.started();
    expect(await buildOf(tab)).toBe(NEXT_BUILD);
    expect(await tab.id()).toBe(id);
    await tab.shareRow(mine).getByText('Sharing', { exact: true }).waitFor();
    await seed.serverState('connected');
    await tab.downloaded(infoHash);
    // Without what was stored it would have been all of the film once more. A reload may cost the last second before it.
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(2 * film.size - before + 6 * MB);
    expect((await tab.save(infoHash)).sha256).toBe(film.sha256);
    await hasNextServiceWorker(tab);
    const reply = await askForMedia(tab, infoHash, 'film.mp4', `bytes=${9 * MB}-${9 * MB + 999}`);
    expect(reply).toMatchObject({ status: 206, sha256: partHash(film.size, 7, 9 * MB, 9 * MB + 1000) });
    expect(tab.uncaught).toEqual([]);
  },
  { timeoutMs: 120_000 },
);

scenario(
  'tabs that were open through an upgrade go on, link with new ones of the same browser, and share one copy of a download',
  async (world) => {
    const [seed, old] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
    const film = await world.files.make('film.mp4', 24 * MB, 7);
    const infoHash = await seed.share([film.path]);
    await limitShare(seed, infoHash, 2 * MB);
    const link = await seed.shareLink(infoHash);
    await old.openLink(link);
    await stored(old, infoHash, MB);
    await askForMedia(old, infoHash, 'film.mp4', 'bytes=0-99');
    await upgrade(world);
    const newer = await world.openBeside(old);
    expect([await buildOf(old), await buildOf(newer)]).toEqual([undefined, NEXT_BUILD]);
    await newer.linkedTo(await old.id());
    // It shows what the old tab downloads, and downloads nothing itself.
    await newer.openLink(link);
    await stored(newer, infoHash, 2 * MB);
    // The service worker is the new one by now, and the old tab plays by it.
    await hasNextServiceWorker(old);
    const reply = await askForMedia(old, infoHash, 'film.mp4', 'bytes=1000-1999');
    expect(reply).toMatchObject({ status: 206, sha256: partHash(film.size, 7, 1000, 2000) });
    // The old one goes, and the new one takes its download over.
    await old.close();
    await limitShare(seed, infoHash, undefined);
    await newer.downloaded(infoHash);
    expect((await newer.save(infoHash)).sha256).toBe(film.sha256);
    expect(newer.uncaught).toEqual([]);
  },
  { timeoutMs: 120_000 },
);

scenario(
  'files that an old page shares and a new page downloads come out right, and the other way round',
  async (world) => {
    const old = await world.openTab();
    await old.whole();
    await upgrade(world);
    const newer = await world.openTab();
    await newer.linkedTo(await old.id());
    const bytes = [deterministicBytes(300_000, 5), deterministicBytes(300_000, 6)] as const;
    for (const [from, to, content] of [
      [old, newer, bytes[0]],
      [newer, old, bytes[1]],
    ] as const) {
      const infoHash = await shareByHandle(from, content);
      await fetchFrom(from, to, infoHash);
      expect((await to.save(infoHash)).sha256).toBe(hashBytes(content));
    }
  },
);

scenario('a page whose parts were replaced before they came loads itself anew, and works', async (world) => {
  const parts = /\/assets\/later-.*\.(js|css)$/;
  const context = await world.newProfile();
  await context.route(parts, (route) => route.abort());
  const tab = await world.openTab({ context });
  const id = await tab.id();
  await upgrade(world);
  await context.unroute(parts);
  await tab.locate('drop-zone').waitFor();
  expect(await buildOf(tab)).toBe(NEXT_BUILD);
  await tab.started();
  expect(await tab.id()).toBe(id);
  expect(tab.uncaught).toEqual([]);
});

scenario(
  'who goes back to the page after an upgrade gets one that works, though its document lies in the cache',
  async (world) => {
    const tab = await world.openTab();
    await tab.page.goto('about:blank');
    await upgrade(world);
    await tab.page.goBack({ waitUntil: 'commit' });
    await tab.started();
    await tab.serverState('connected');
    expect(tab.uncaught).toEqual([]);
  },
);
