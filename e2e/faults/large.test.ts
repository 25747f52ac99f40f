import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import { deterministicBytes, hashBytes } from '../harness/files.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import { inState, stored } from '../harness/transfers.ts';

const GB = 1_000_000_000;

/** Length of the sparse file: its end lies past 2^32. [bytes] */
const LARGE_BYTES = 2 ** 32 + 300_000;

/** Length of each part that is not zeros. [bytes] */
const ISLAND_BYTES = 100_000;

/** Where they begin: at the front, across 2^31, across 2^32, and at the end. [bytes] */
const ISLANDS = [0, 2 ** 31 - 50_000, 2 ** 32 - 50_000, LARGE_BYTES - ISLAND_BYTES];

/** How long the machine may take over 4 GB. [ms] */
const PATIENCE_MS = 1_700_000;

/** SHA-256 of a part of the only file of a download, as the library hands it out. */
function hashPart(tab: Tab, infoHash: string, from: number, length: number): Promise<string> {
  return tab.page.evaluate(
    async ({ hash, begin, end }) => {
      const [file] = window.skein.downloads.find((each) => each.infoHash === hash)?.files() ?? [];
      if (!file) throw new Error('no file');
      const part = (await file.blob()).slice(begin, end);
      const digest = await crypto.subtle.digest('SHA-256', await part.arrayBuffer());
      return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    },
    { hash: infoHash, begin: from, end: from + length },
  );
}

scenario(
  'a sparse file of 4 GB and a bit is shared and downloaded, goes on after a reload within 2 s, and is right on both sides of 2^32',
  async (world) => {
    const path = join(world.files.path, 'sparse.bin');
    const file = await open(path, 'w');
    await file.truncate(LARGE_BYTES);
    for (const [i, at] of ISLANDS.entries()) await file.write(deterministicBytes(ISLAND_BYTES, i), 0, ISLAND_BYTES, at);
    await file.close();
    const seed = await world.openTab();
    const leecher = await world.openTab({ context: await world.newDiskProfile() });
    await Promise.all([seed.joined(1), leecher.joined(1)]);
    const sharing = performance.now();
    const infoHash = await seed.share([path], PATIENCE_MS);
    console.log(`hashed and shared in ${((performance.now() - sharing) / 1000).toFixed(1)} s`);
    await leecher.openLink(await seed.shareLink(infoHash));
    await stored(leecher, infoHash, 2 * GB, PATIENCE_MS);
    await leecher.page.reload();
    await leecher.started();
    await inState(leecher, infoHash, 'downloading');
    const { resumeMs, firstByteMs } = await leecher.page.evaluate((hash) => {
      const download = window.skein.downloads.find((each) => each.infoHash === hash);
      return { resumeMs: performance.now(), firstByteMs: download?.firstByteMs };
    }, infoHash);
    console.log(
      `downloading again ${resumeMs.toFixed(0)} ms after the reload; first byte ${firstByteMs} ms after the record`,
    );
    await leecher.downloaded(infoHash, PATIENCE_MS);
    for (const [i, at] of ISLANDS.entries()) {
      const expected = hashBytes(deterministicBytes(ISLAND_BYTES, i));
      expect(await hashPart(leecher, infoHash, at, ISLAND_BYTES)).toBe(expected);
    }
    const zeros = hashBytes(new Uint8Array(ISLAND_BYTES));
    expect(await hashPart(leecher, infoHash, GB, ISLAND_BYTES)).toBe(zeros);
  },
  { timeoutMs: PATIENCE_MS },
);
