import { readFile } from 'node:fs/promises';
import { expect } from 'vitest';
import { buildMetainfo } from '../../client/src/swarm/build-metainfo.ts';
import { formatMagnet } from '../../client/src/swarm/magnet.ts';
import { leafHashes, pieceLayerOf, treeShape } from '../../client/src/swarm/merkle.ts';
import { encodeTorrentFile } from '../../client/src/swarm/metainfo.ts';
import { scenario } from '../harness/scenario.ts';
import { type Tab, says } from '../harness/tab.ts';
import { doneBytes, fetchFrom, reached, stored, uploadedBytes } from '../harness/transfers.ts';
import { WebServer, type WebServerOptions } from '../harness/web-seed.ts';
import type { World } from '../harness/world.ts';

const MB = 1_000_000;

async function serve(world: World, path: string, options?: WebServerOptions): Promise<WebServer> {
  const server = await WebServer.serve(path, options);
  world.onClose(() => server.close());
  return server;
}

/** The torrent file of a share, with web seeds, as its maker would have published it. */
function torrentWith(tab: Tab, infoHash: string, webSeeds: readonly string[]): Promise<number[]> {
  return tab.page.evaluate(
    async ({ hash, urls }) => {
      const share = window.skein.shares.find((each) => each.infoHash === hash);
      const bytes = new Uint8Array(await share!.torrentFile().arrayBuffer());
      // `url-list` is the last key of the dictionary, whose end is the last byte.
      const list = `8:url-listl${urls.map((url) => `${url.length}:${url}`).join('')}e`;
      return [...bytes.subarray(0, -1), ...new TextEncoder().encode(list), 'e'.charCodeAt(0)];
    },
    { hash: infoHash, urls: webSeeds },
  );
}

/** One file as a torrent of BEP 52 alone, which the page does not make itself: as a file with a web seed, and as a link. */
function torrentOfV2(
  name: string,
  bytes: Uint8Array,
  webSeed: string,
): { readonly torrent: readonly number[]; readonly infoHash: string; readonly magnet: string } {
  const { length } = bytes;
  const pieceLength = 256 * 1024;
  const layer = pieceLayerOf(leafHashes(bytes), treeShape(length, pieceLength));
  const files = [{ path: [name], length }];
  const metainfo = buildMetainfo({ name, files, pieceLength, pieceLayers: [layer], trackers: [] });
  const torrent = [...encodeTorrentFile({ ...metainfo, webSeeds: [webSeed] })];
  return { torrent, infoHash: metainfo.infoHash, magnet: formatMagnet(metainfo) };
}

/** Most that a tab gives of its only download. [bytes/s] Undefined for no limit. */
async function limitUpload(tab: Tab, up: number | undefined): Promise<void> {
  await tab.page.evaluate((limit) => window.skein.downloads[0]?.setLimits({ up: limit }), up);
}

/** Starts a download of a torrent file by the public door. */
async function open(tab: Tab, torrent: readonly number[]): Promise<void> {
  await tab.page.evaluate((bytes) => void window.skein.download(new Uint8Array(bytes)), torrent);
}

function webSeedOf(tab: Tab, infoHash: string): Promise<{ state: string; downloadedBytes: number } | undefined> {
  return tab.page.evaluate(
    (hash) => window.skein.downloads.find((each) => each.infoHash === hash)?.progress.webSeeds[0],
    infoHash,
  );
}

scenario(
  'a web seed gives a whole file when no peer is left, four requests at once at most, also after a reload',
  async (world) => {
    const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
    const file = await world.files.make('served.bin', 12 * MB);
    const server = await serve(world, file.path, { failures: 1 });
    const infoHash = await seed.share([file.path]);
    const torrent = await torrentWith(seed, infoHash, [server.url]);
    await seed.close();
    await open(leecher, torrent);
    await stored(leecher, infoHash, 1);
    await leecher.page.reload();
    await leecher.started();
    await leecher.downloaded(infoHash);
    expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
    expect(server.most).toBeLessThanOrEqual(4);
    expect(server.ranges.every((range) => /^bytes=\d+-\d+$/.test(range))).toBe(true);
    const row = leecher.downloadRow(infoHash);
    await row.getByTestId('row-toggle').click();
    await row.getByTestId('tab-info').click();
    expect(await row.getByTestId('web-seed').textContent()).toContain(server.url);
  },
);

scenario(
  'a download by a link of BEP 52 alone goes on from what is stored after a reload in the middle of it',
  async (world) => {
    const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
    const file = await world.files.make('second.bin', 24 * MB);
    const server = await serve(world, file.path);
    const { torrent, infoHash, magnet } = torrentOfV2(file.name, await readFile(file.path), server.url);
    await open(seed, torrent);
    await seed.downloaded(infoHash);
    await server.close();
    await limitUpload(seed, 3 * MB);
    await leecher.openLink(magnet);
    await reached(leecher, infoHash, 0.5);
    // Nothing comes while nobody looks, however slow the machine is.
    await limitUpload(seed, 1);
    const before = await doneBytes(leecher, infoHash);
    expect(before).toBeLessThan(file.size);
    await leecher.page.reload();
    await leecher.started();
    await stored(leecher, infoHash, 1);
    // A reload may cost the last second before it.
    expect(await doneBytes(leecher, infoHash)).toBeGreaterThanOrEqual(before - 6 * MB);
    await limitUpload(seed, undefined);
    await leecher.downloaded(infoHash);
    expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(1.4 * file.size);
    // Both pages know it by its one hash, in full.
    expect(await leecher.page.evaluate(() => window.skein.downloads[0]?.magnet)).toBe(magnet);
  },
);

scenario(
  'the torrent file of a link that nobody knows has its download go on at once, which says so where its files will be',
  async (world) => {
    const tab = await world.openTab({ profile: { viewport: { width: 390, height: 850 } } });
    const file = await world.files.make('lonely.bin', 3 * MB);
    const server = await serve(world, file.path);
    const { torrent, infoHash, magnet } = torrentOfV2(file.name, await readFile(file.path), server.url);
    await tab.openLink(magnet);
    const row = tab.downloadRow(infoHash);
    await row.getByTestId('row-toggle').click();
    await row.getByText('.torrent file').waitFor();
    const choose = (bytes: Uint8Array): Promise<void> =>
      tab
        .locate('file-input')
        .setInputFiles([{ name: 'lonely.torrent', mimeType: 'application/x-bittorrent', buffer: Buffer.from(bytes) }]);
    // The last layer of its hashes is not that of the file.
    const damaged = Uint8Array.from(torrent);
    const layers = Buffer.from(torrent).indexOf('12:piece layers');
    damaged[layers + 100] = 1 ^ (damaged[layers + 100] as number);
    await choose(damaged);
    const notice = tab.page.getByText('What is here goes on as it was.');
    await notice.waitFor();
    // A person who looks at the row, far below it, sees it.
    await tab.page.waitForFunction((shown) => shown!.getBoundingClientRect().top > 0, await notice.elementHandle());
    expect(await row.getByTestId('row-state').textContent()).toBe('Finding peers');
    await choose(Uint8Array.from(torrent));
    await tab.downloaded(infoHash);
    expect((await tab.save(infoHash)).sha256).toBe(file.sha256);
    expect(await tab.page.evaluate(() => window.skein.downloads.length)).toBe(1);
  },
  { needsChromium: true },
);

scenario('a web seed of a magnet link helps the peers, and is counted apart from them', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const file = await world.files.make('both.bin', 12 * MB);
  const server = await serve(world, file.path);
  const infoHash = await seed.share([file.path]);
  await seed.page.evaluate(() => window.skein.shares[0]?.setLimits({ up: 500_000 }));
  const magnet = await seed.page.evaluate(() => window.skein.shares[0]?.magnet ?? '');
  await leecher.openLink(`${magnet}&ws=${encodeURIComponent(server.url)}`);
  await leecher.downloaded(infoHash);
  expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
  const fromServer = async (): Promise<number> => (await webSeedOf(leecher, infoHash))!.downloadedBytes;
  const inAll = async (): Promise<number> => (await fromServer()) + (await uploadedBytes(seed, infoHash));
  // Both pages hear of their last blocks with the next progress, twice a second.
  await expect.poll(inAll, { timeout: 10_000 }).toBeGreaterThanOrEqual(file.size);
  expect(await fromServer()).toBeGreaterThan(MB);
  expect(await inAll()).toBeLessThan(1.2 * file.size);
});

scenario('a web seed that sends bad data is given up and said so, and peers give the file', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const file = await world.files.make('contested.bin', 4 * MB);
  const server = await serve(world, file.path, { isPoisoned: true });
  const infoHash = await seed.share([file.path]);
  const row = leecher.downloadRow(infoHash);
  await open(leecher, await torrentWith(seed, infoHash, [server.url]));
  await leecher.downloaded(infoHash);
  expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
  await row.getByTestId('row-toggle').click();
  await row.getByTestId('tab-info').click();
  await says(row, 'web-seed', /bad data/);
  expect(await webSeedOf(leecher, infoHash)).toMatchObject({ state: 'banned' });
});

scenario('a private share goes to peers of the tracker alone, and its row says so', async (world) => {
  const [seed, leecher, other] = (await world.openJoinedTabs(3, 2)) as [Tab, Tab, Tab];
  const file = await world.files.make('private.bin', MB);
  const magnet = await seed.page.evaluate(async (text) => {
    const share = await window.skein.share([new File([text], 'private.bin')], { private: true });
    return share.magnet;
  }, 'x'.repeat(file.size));
  const infoHash = /btih:([0-9a-f]{40})/.exec(magnet)![1]!;
  await leecher.openLink(magnet);
  await leecher.downloaded(infoHash);
  await leecher.downloadRow(infoHash).getByTestId('row-private').waitFor();
  await seed.shareRow(infoHash).getByTestId('row-private').waitFor();
  // A public share of the same tab is found in the overlay; this one is not.
  const publicHash = await seed.share([file.path]);
  await other.until(
    'the public share to be found in the overlay',
    async (hash) => (await window.skein.findProviders(hash)).length > 0,
    publicHash,
  );
  expect(await other.page.evaluate((hash) => window.skein.findProviders(hash), infoHash)).toEqual([]);
});

scenario(
  'super-seeding gives each piece about once, and ends by itself when somebody has everything',
  async (world) => {
    const tabs = await world.openJoinedTabs(4, 3);
    const [seed, ...leechers] = tabs as [Tab, Tab, Tab, Tab];
    const file = await world.files.make('first.bin', 8 * MB);
    const infoHash = await seed.share([file.path]);
    // So slow that everybody is there long before the first has everything: whoever is alone gets all from the seed.
    await seed.page.evaluate(() => window.skein.shares[0]?.setLimits({ up: 2_000_000 }));
    const row = seed.shareRow(infoHash);
    await row.getByTestId('row-toggle').click();
    await row.getByTestId('super-seed').check();
    await row.getByText('Super-seeding', { exact: true }).waitFor();
    const link = await seed.shareLink(infoHash);
    for (const tab of leechers) await tab.openLink(link);
    await Promise.all(leechers.map((tab) => tab.downloaded(infoHash)));
    for (const tab of leechers) expect(await tab.hashInPage(infoHash, file.name)).toBe(file.sha256);
    await seed.until('super-seeding to end', () => window.skein.shares[0]?.isSuperSeeding === false, undefined);
    // Three copies were made of less than two. A plain first seed gives up to three.
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(2 * file.size);
  },
  { timeoutMs: 120_000 },
);

scenario('a download goes on within seconds when its only source was reloaded', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const file = await world.files.make('once more.bin', 24 * MB);
  const first = await world.openTab();
  await first.joined(1);
  const infoHash = await seed.share([file.path]);
  const link = await seed.shareLink(infoHash);
  await fetchFrom(seed, first, infoHash);
  await seed.close();
  await first.page.evaluate(() => window.skein.downloads[0]?.setLimits({ up: 2_000_000 }));
  await leecher.openLink(link);
  await stored(leecher, infoHash, MB);
  await first.page.reload();
  await first.downloaded(infoHash);
  const at = performance.now();
  const before = await leecher.page.evaluate(() => window.skein.downloads[0]?.progress.doneBytes ?? 0);
  await stored(leecher, infoHash, before + MB);
  // A source that was asked too early used to be left alone for ten seconds.
  expect(performance.now() - at).toBeLessThan(9000);
});
