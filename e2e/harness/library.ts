import type { Tab } from './tab.ts';

/** Size of each file of a library. [bytes] */
const FILE_BYTES = 20_000;

/**
 * Shares `count` different small files, each by itself, out of the page's own file system, which gives handles as a drop
 * does. Returns their info-hashes, in order.
 */
export function shareLibrary(tab: Tab, count: number): Promise<string[]> {
  return tab.page.evaluate(
    async ({ files, bytes }) => {
      const root = await navigator.storage.getDirectory();
      const folder = await root.getDirectoryHandle('library', { create: true });
      const shared: string[] = [];
      for (let at = 0; at < files; at++) {
        const handle = await folder.getFileHandle(`song ${at}.bin`, { create: true });
        const writable = await handle.createWritable();
        await writable.write(new Uint32Array(bytes / 4).fill(at));
        await writable.close();
        const file = await handle.getFile();
        shared.push((await window.skein.share([file], { handles: new Map([[file, handle]]) })).infoHash);
      }
      return shared;
    },
    { files: count, bytes: FILE_BYTES },
  );
}

/** Waits until the overlay names `owner` as a provider of every one of these to a tab. */
export async function allFound(
  tab: Tab,
  infoHashes: readonly string[],
  owner: string,
  timeoutMs: number,
): Promise<void> {
  await tab.until(
    `all of ${infoHashes.length} shares to be found`,
    async ({ keys, provider }) => {
      for (let key = keys.at(-1); key !== undefined; key = keys.at(-1)) {
        const found = await window.skein.findProviders(key).catch((): string[] => []);
        if (!found.includes(provider)) return false;
        keys.pop();
      }
      return true;
    },
    await tab.page.evaluateHandle((asked) => asked, { keys: [...infoHashes], provider: owner }),
    { timeoutMs },
  );
}

/** Waits until this many shares of a tab are served. */
export async function serves(tab: Tab, count: number, timeoutMs: number): Promise<void> {
  await tab.until(
    `${count} shares to be served`,
    (wanted) => {
      const served = window.skein.shares.filter((share) => !share.waitsFor && share.progress.totalBytes > 0);
      return served.filter((share) => !share.isPaused).length === wanted;
    },
    count,
    { timeoutMs },
  );
}
