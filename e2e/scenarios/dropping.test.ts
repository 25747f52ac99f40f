import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { drop, paste } from '../harness/dropping.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';

/** Waits until a tab has so many shares. Gives the info-hash of the newest. */
async function shares(tab: Tab, count: number): Promise<string> {
  await tab.until(`${count} shares`, (wanted) => window.skein.shares.length === wanted, count);
  return tab.page.evaluate(() => window.skein.shares.at(-1)?.infoHash ?? '');
}

/** What a share is called, and its files by path, with their sizes. */
function contentOf(tab: Tab, infoHash: string): Promise<{ name: string; files: [string, number][] } | undefined> {
  return tab.page.evaluate((hash) => {
    const share = window.skein.shares.find((each) => each.infoHash === hash);
    return share && { name: share.name, files: share.files.map(({ path, size }): [string, number] => [path, size]) };
  }, infoHash);
}

scenario('a file that is dropped is shared from where it lies, and still is after a reload', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  const file = await world.files.make('loose.bin', 100_000);
  await drop(seed, { files: [file.path] });
  const infoHash = await shares(seed, 1);
  expect(await contentOf(seed, infoHash)).toEqual({ name: 'loose.bin', files: [['loose.bin', 100_000]] });
  const link = await seed.shareLink(infoHash);
  await seed.page.reload();
  await seed.shareRow(infoHash).getByText('Sharing', { exact: true }).waitFor();
  await leecher.openLink(link);
  await leecher.downloaded(infoHash);
  expect((await leecher.save(infoHash)).sha256).toBe(file.sha256);
});

scenario('folders that are dropped or chosen keep their paths, alone and beside others', async (world) => {
  const tab = await world.openTab();
  const folder = join(world.files.path, 'holidays');
  await mkdir(join(folder, 'day one'), { recursive: true });
  await world.files.make('holidays/a.jpg', 1000);
  await world.files.make('holidays/day one/b.jpg', 2000);
  const loose = await world.files.make('c.jpg', 3000);
  await drop(tab, { files: [folder] });
  const inside: [string, number][] = [
    ['a.jpg', 1000],
    ['day one/b.jpg', 2000],
  ];
  expect(await contentOf(tab, await shares(tab, 1))).toEqual({ name: 'holidays', files: inside });
  const other = await world.openTab();
  await other.locate('folder-input').setInputFiles(folder);
  expect(await contentOf(other, await shares(other, 1))).toEqual({ name: 'holidays', files: inside });
  await drop(tab, { files: [folder, loose.path] });
  expect((await contentOf(tab, await shares(tab, 2)))?.files).toEqual([
    ['c.jpg', 3000],
    ['holidays/a.jpg', 1000],
    ['holidays/day one/b.jpg', 2000],
  ]);
});

scenario(
  'a torrent file and a link that are dropped are opened, and a link of another kind is not followed',
  async (world) => {
    const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
    const [first, second] = [await world.files.make('first.bin', 50_000), await world.files.make('second.bin', 60_000)];
    const [one, two] = [await seed.share([first.path]), await seed.share([second.path])];
    const torrent = await seed.page.evaluate(
      async (hash) => [
        ...new Uint8Array(
          await window.skein.shares
            .find(({ infoHash }) => infoHash === hash)!
            .torrentFile()
            .arrayBuffer(),
        ),
      ],
      one,
    );
    const path = join(world.files.path, 'first.torrent');
    await writeFile(path, new Uint8Array(torrent));
    await drop(leecher, { files: [path] });
    await leecher.downloaded(one);
    await drop(leecher, { link: await seed.shareLink(two) });
    await leecher.downloaded(two);
    // Nor where it falls on a field that takes no text.
    for (const [tab, place] of [
      [leecher, leecher.page.locator('body')],
      [seed, seed.shareRow(two).getByTestId('share-link')],
    ] as const) {
      const address = tab.page.url();
      await drop(tab, { link: 'https://example.org/' }, place);
      await tab.page.getByText('This is not a share link').waitFor();
      expect(tab.page.url()).toBe(address);
    }
    expect((await leecher.save(two)).sha256).toBe(second.sha256);
  },
);

scenario('what is pasted anywhere is taken: a picture is shared, a link opened, a call prepared', async (world) => {
  const [seed, leecher] = (await world.openJoinedTabs(2, 1)) as [Tab, Tab];
  await paste(seed, async () => {
    const picture = new OffscreenCanvas(8, 8);
    picture.getContext('2d')!.fillRect(0, 0, 8, 8);
    await navigator.clipboard.write([new ClipboardItem({ 'image/png': await picture.convertToBlob() })]);
  });
  const infoHash = await shares(seed, 1);
  expect((await contentOf(seed, infoHash))?.name).toMatch(/^Picture \d{4}-\d\d-\d\d \d\d\.\d\d\.\d\d\.png$/);
  await paste(leecher, `${await seed.shareLink(infoHash)}\n`);
  await leecher.downloaded(infoHash);
  // What is no link stays unanswered, and a field keeps what is pasted into it.
  await paste(leecher, 'some words');
  await leecher.locate('link-input').focus();
  await paste(leecher, await seed.shareLink(infoHash));
  expect(await leecher.locate('link-input').inputValue()).toBe(await seed.shareLink(infoHash));
  await leecher.page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await paste(leecher, `${world.server.url}/#call=${await seed.page.evaluate(() => window.skein.address)}`);
  await leecher.until(
    'the address to be in its box',
    (address) => document.querySelector<HTMLInputElement>('[data-testid="address-input"]')?.value === address,
    await seed.page.evaluate(() => window.skein.address),
  );
  expect(await leecher.page.evaluate(() => window.skein.downloads.length)).toBe(1);
});
