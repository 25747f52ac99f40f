import { expect } from 'vitest';
import { Firefox } from '../harness/firefox.ts';
import { scenario } from '../harness/scenario.ts';
import { SmallDisk } from '../harness/small-disk.ts';
import { doneBytes, inState, limitUploads, reached, uploadedBytes } from '../harness/transfers.ts';

const MB = 1_000_000;

/** Longest a scenario may take. [ms] */
const TIMEOUT_MS = 180_000;

scenario(
  'a download that does not fit into what Firefox allows is not begun, says so in figures, and goes on once another is removed',
  async (world) => {
    const seed = await world.openTab();
    const firefox = await Firefox.start(world, { room: 9 * MB });
    const leecher = await firefox.openTab();
    await Promise.all([seed.joined(1), leecher.joined(1)]);
    const [first, second] = [await world.files.make('first.bin', 5 * MB), await world.files.make('second.bin', 6 * MB)];
    const firstHash = await seed.share([first.path]);
    await leecher.openLink(await seed.shareLink(firstHash));
    await leecher.downloaded(firstHash);
    const infoHash = await seed.share([second.path]);
    await leecher.openLink(await seed.shareLink(infoHash));
    await inState(leecher, infoHash, 'paused');
    const row = leecher.downloadRow(infoHash);
    expect(await row.getByTestId('row-error').textContent()).toMatch(
      /needs room for 6\.0 MB more.* has [1-3]\.\d MB left/,
    );
    expect(await uploadedBytes(seed, infoHash)).toBe(0);
    await leecher.downloadRow(firstHash).getByTestId('remove-button').click();
    await leecher.locate('remove-confirm').click();
    await leecher.downloadRow(firstHash).waitFor({ state: 'detached' });
    await row.getByTestId('resume-button').click();
    await leecher.downloaded(infoHash);
    expect((await leecher.save(infoHash)).sha256).toBe(second.sha256);
    expect(leecher.complaints).toEqual([]);
  },
  { timeoutMs: TIMEOUT_MS },
);

scenario(
  'a disk that others fill in the middle of a download pauses it in Firefox, and room lets it go on',
  async (world) => {
    const disk = await SmallDisk.mount(world, 200 * MB);
    const seed = await world.openTab();
    const firefox = await Firefox.start(world, { parent: disk.path, room: 500 * MB });
    const leecher = await firefox.openTab();
    await Promise.all([seed.joined(1), leecher.joined(1)]);
    const file = await world.files.make('halfway.bin', 20 * MB);
    await limitUploads(seed, MB);
    const infoHash = await seed.share([file.path]);
    await leecher.openLink(await seed.shareLink(infoHash));
    await reached(leecher, infoHash, 0.2);
    // Nothing comes until the disk is full, however slow the machine is.
    await limitUploads(seed, 1);
    await disk.fill();
    await limitUploads(seed, undefined);
    await inState(leecher, infoHash, 'paused');
    const row = leecher.downloadRow(infoHash);
    expect(await row.getByTestId('row-error').textContent()).toContain('The browser has no more room for this page.');
    expect(await doneBytes(leecher, infoHash)).toBeGreaterThan(0);
    await disk.free();
    await row.getByTestId('resume-button').click();
    await leecher.downloaded(infoHash);
    expect(await leecher.hashInPage(infoHash, file.name)).toBe(file.sha256);
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan(1.4 * file.size);
    expect(leecher.uncaught).toEqual([]);
  },
  { timeoutMs: TIMEOUT_MS, skip: !SmallDisk.isPossible() },
);
