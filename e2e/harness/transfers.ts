import type { CDPSession } from 'playwright-core';
import type { Tab } from './tab.ts';
import type { World } from './world.ts';

/** Has `tab` download what `from` shares, by the link of the share's row, until it is done. */
export async function fetchFrom(from: Tab, tab: Tab, infoHash: string): Promise<void> {
  await tab.openLink(await from.shareLink(infoHash));
  await tab.downloaded(infoHash);
}

/** Limits what a tab gives in all, by the public door. [bytes/s] */
export async function limitUploads(tab: Tab, bytesPerSecond: number | undefined): Promise<void> {
  await tab.page.evaluate((up) => window.skein.setLimits(up === undefined ? {} : { up }), bytesPerSecond);
}

/** Limits what a tab gives of one share, by the public door. [bytes/s] */
export function limitShare(tab: Tab, infoHash: string, bytesPerSecond: number | undefined): Promise<void> {
  return tab.page.evaluate(
    ({ hash, up }) => {
      const share = window.skein.shares.find((each) => each.infoHash === hash);
      if (!share) throw new Error('there is no such share to limit');
      share.setLimits({ up });
    },
    { hash: infoHash, up: bytesPerSecond },
  );
}

/** Shares a file of the page's own file system, which gives handles without asking, as a drop gives them. */
export function shareByHandle(tab: Tab, bytes: Buffer): Promise<string> {
  return tab.page.evaluate(async (base64) => {
    const root = await navigator.storage.getDirectory();
    const handle = await root.getFileHandle('mine.bin', { create: true });
    const writable = await handle.createWritable();
    await writable.write(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)));
    await writable.close();
    const file = await handle.getFile();
    return (await window.skein.share([file], { handles: new Map([[file, handle]]) })).infoHash;
  }, bytes.toString('base64'));
}

/** Changes the file that `shareByHandle` shares. */
export async function overwriteShared(tab: Tab): Promise<void> {
  await tab.page.evaluate(async () => {
    const handle = await (await navigator.storage.getDirectory()).getFileHandle('mine.bin');
    const writable = await handle.createWritable();
    await writable.write('something else');
    await writable.close();
  });
}

/** Waits until a download has at least `fraction` of its bytes. */
export async function reached(tab: Tab, infoHash: string, fraction: number): Promise<void> {
  await tab.until(
    `${fraction * 100} % of the download`,
    ({ hash, least }) => {
      const download = window.skein.downloads.find((each) => each.infoHash === hash);
      if (!download || download.progress.totalBytes === 0) return false;
      return download.progress.doneBytes / download.progress.totalBytes >= least;
    },
    { hash: infoHash, least: fraction },
    { timeoutMs: 40_000 },
  );
}

/** Waits until a download has at least this many bytes. */
export async function stored(tab: Tab, infoHash: string, bytes: number, timeoutMs = 40_000): Promise<void> {
  await tab.until(
    `${bytes} bytes of the download`,
    ({ hash, least }) =>
      (window.skein.downloads.find((each) => each.infoHash === hash)?.progress.doneBytes ?? 0) >= least,
    { hash: infoHash, least: bytes },
    { timeoutMs },
  );
}

/** Waits until a download's row stands and is in this state. */
export async function inState(tab: Tab, infoHash: string, state: string): Promise<void> {
  await tab.page
    .locator(`[data-testid="download-row"][data-info-hash="${infoHash}"][data-state="${state}"]`)
    .waitFor({ timeout: 40_000 });
}

/** Verified bytes of a download, as the page knows. */
export function doneBytes(tab: Tab, infoHash: string): Promise<number> {
  return tab.page.evaluate(
    (hash) => window.skein.downloads.find((each) => each.infoHash === hash)?.progress.doneBytes ?? 0,
    infoHash,
  );
}

/** What a tab gave of a torrent, which it must have. */
export function uploadedBytes(tab: Tab, infoHash: string): Promise<number> {
  return tab.page.evaluate((hash) => {
    const transfer = [...window.skein.shares, ...window.skein.downloads].find((each) => each.infoHash === hash);
    if (!transfer) throw new Error('there is no such share or download');
    return transfer.progress.uploadedBytes;
  }, infoHash);
}

/** Bytes of all files in the origin private file system of the tab's profile. */
export function storedBytes(tab: Tab): Promise<number> {
  return tab.page.evaluate(async () => {
    const sizeOf = async (folder: FileSystemDirectoryHandle): Promise<number> => {
      let total = 0;
      for await (const entry of folder.values()) {
        total += entry.kind === 'file' ? (await entry.getFile()).size : await sizeOf(entry);
      }
      return total;
    };
    return sizeOf(await navigator.storage.getDirectory());
  });
}

/** The disk of a profile, as large as a test says. */
export class Disk {
  readonly #session: CDPSession;
  readonly #origin: string;

  private constructor(session: CDPSession, origin: string) {
    this.#session = session;
    this.#origin = origin;
  }

  static async of(tab: Tab, world: World): Promise<Disk> {
    return new Disk(await tab.context.newCDPSession(tab.page), new URL(world.server.url).origin);
  }

  /** The page may use `bytes` in all. */
  async limitTo(bytes: number): Promise<void> {
    await this.#session.send('Storage.overrideQuotaForOrigin', { origin: this.#origin, quotaSize: Math.round(bytes) });
  }

  async lift(): Promise<void> {
    await this.#session.send('Storage.overrideQuotaForOrigin', { origin: this.#origin });
  }

  /** What the page uses. */
  async usage(): Promise<number> {
    return (await this.#session.send('Storage.getUsageAndQuota', { origin: this.#origin })).usage;
  }
}
