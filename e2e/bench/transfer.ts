import type { Tab } from '../harness/tab.ts';

/** What one transfer showed. */
export interface Transfer {
  /** Verified and stored bytes of all receivers over the time until the last of them was done. */
  readonly bytesPerSecond: number;
  /** From the call of `download` to the first byte, per receiver. [ms] */
  readonly firstByteMs: readonly number[];
  /** The longest main-thread task in any of the pages meanwhile; 0 when none took over 50 ms. [ms] */
  readonly longestTaskMs: number;
}

/** Has `receivers` download what `seed` shares, `bytes` long, all at once, and forget it again. */
export async function measureTransfer(
  seed: Tab,
  receivers: readonly Tab[],
  infoHash: string,
  bytes: number,
): Promise<Transfer> {
  const magnet = await seed.page.evaluate(magnetOf, infoHash);
  const pages = [seed, ...receivers].map((tab) => tab.page);
  const since = await Promise.all(pages.map((page) => page.evaluate(() => performance.now())));
  const startedAt = performance.now();
  const firstByteMs = await Promise.all(receivers.map((tab) => tab.page.evaluate(downloadAll, magnet)));
  const seconds = (performance.now() - startedAt) / 1000;
  const tasks = await Promise.all(pages.map((page, index) => page.evaluate(longestTaskSince, since[index] ?? 0)));
  await Promise.all(receivers.map((tab) => tab.page.evaluate(forgetDownload, infoHash)));
  await seed.page.evaluate(stopShare, infoHash);
  return {
    bytesPerSecond: (bytes * receivers.length) / seconds,
    firstByteMs,
    longestTaskMs: Math.max(...tasks),
  };
}

function magnetOf(infoHash: string): string {
  return window.skein.shares.find((share) => share.infoHash === infoHash)?.magnet ?? '';
}

/** In a receiver: resolves once everything is verified and stored. */
async function downloadAll(magnet: string): Promise<number> {
  const download = window.skein.download(magnet);
  await download.done;
  return download.firstByteMs ?? Number.NaN;
}

async function forgetDownload(infoHash: string): Promise<void> {
  await window.skein.downloads.find((each) => each.infoHash === infoHash)?.remove();
}

async function stopShare(infoHash: string): Promise<void> {
  await window.skein.shares.find((each) => each.infoHash === infoHash)?.stop();
}

/** In a page: the longest main-thread task since then; 0 when none took over 50 ms. [ms] */
export function longestTaskSince(since: number): number {
  return Math.max(0, ...window.longTasks.filter((task) => task.start >= since).map((task) => task.duration));
}
