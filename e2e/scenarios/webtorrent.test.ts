import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeAll, expect } from 'vitest';
import { parseMagnet } from '../../client/src/swarm/magnet.ts';
import { WebTorrentLab, installWebTorrent } from '../bench/webtorrent.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

/** The first time it is fetched from the registry. */
beforeAll(installWebTorrent, 180_000);

/** WebTorrent as its authors publish it, with a tracker of its own. */
async function openLab(world: World): Promise<WebTorrentLab> {
  const lab = await WebTorrentLab.open(() => world.newProfile());
  world.onClose(() => lab.close());
  return lab;
}

/** Shares random bytes by the public door, and names a tracker. */
function shareBytes(
  tab: Tab,
  size: number,
  trackers: readonly string[],
): Promise<{ readonly magnet: string; readonly infoHash: string; readonly sha256: string }> {
  return tab.page.evaluate(
    async ({ length, urls }) => {
      const bytes = new Uint8Array(length);
      for (let at = 0; at < length; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
      const { magnet, infoHash } = await window.skein.share([new File([bytes], 'ours.bin')], { trackers: urls });
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      return { magnet, infoHash, sha256: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('') };
    },
    { length: size, urls: trackers },
  );
}

/** What the page printed as an error of its own: that a server cannot be reached is said by the browser itself. */
function errorsOf(tab: Tab): string[] {
  const own = tab.console.filter((line) => line.startsWith('error: ') && !line.includes('WebSocket connection to'));
  return [...tab.uncaught, ...own];
}

scenario(
  'what WebTorrent seeds is downloaded from the magnet link of a person who knows only WebTorrent',
  async (world) => {
    const lab = await openLab(world);
    const [tab, page, file] = await Promise.all([
      world.openTab(),
      lab.openPage(),
      world.files.make('theirs.bin', 4 * MB),
    ]);
    const { magnet } = await lab.seed(page, file.path);
    const parsed = parseMagnet(magnet);
    if (!parsed.ok) throw new Error(parsed.error);
    const { infoHash } = parsed.value;
    await tab.openLink(magnet);
    await tab.downloaded(infoHash, 20_000);
    expect(await tab.hashInPage(infoHash, file.name)).toBe(file.sha256);
    const peers = await tab.page.evaluate(() => window.skein.downloads[0]?.peers() ?? []);
    for (const peer of peers) expect(peer).toMatchObject({ source: 'webtorrent', id: expect.stringMatching(/^~/) });
    expect(errorsOf(tab)).toEqual([]);
  },
);

scenario('what is shared with a tracker is downloaded by WebTorrent', async (world) => {
  const lab = await openLab(world);
  const [tab, page] = await Promise.all([world.openTab(), lab.openPage()]);
  const { magnet, infoHash, sha256 } = await shareBytes(tab, 4 * MB, [lab.announce]);
  expect(new URL(magnet).searchParams.getAll('tr')).toEqual([lab.announce]);
  const fetched = lab.fetch(page, magnet);
  await tab.until(
    'a WebTorrent peer',
    (hash) =>
      window.skein.shares
        .find((share) => share.infoHash === hash)
        ?.peers()
        .some(({ name }) => name?.startsWith('WebTorrent')),
    infoHash,
  );
  expect(await fetched).toBe(sha256);
  expect(errorsOf(tab)).toEqual([]);
});

scenario('trackers that are gone or talk nonsense hold no download up', async (world) => {
  const nonsense = createServer((_, response) => response.end('{"action":"announce","offer":7'));
  await new Promise<void>((resolve) => nonsense.listen(0, '127.0.0.1', resolve));
  world.onClose(() => new Promise((resolve) => nonsense.close(resolve)));
  const { port } = nonsense.address() as AddressInfo;
  const trackers = ['ws://127.0.0.1:9', 'ws://127.0.0.1:1', `ws://127.0.0.1:${port}/`, 'udp://127.0.0.1:6969'];
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const { magnet, infoHash, sha256 } = await shareBytes(seed, MB, trackers);
  await leecher.openLink(magnet);
  await leecher.downloaded(infoHash, 20_000);
  expect(await leecher.hashInPage(infoHash, 'ours.bin')).toBe(sha256);
  expect([...errorsOf(seed), ...errorsOf(leecher)]).toEqual([]);
});
