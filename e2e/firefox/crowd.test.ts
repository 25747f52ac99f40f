import { expect } from 'vitest';
import { Firefox } from '../harness/firefox.ts';
import { scenario } from '../harness/scenario.ts';
import type { Tab } from '../harness/tab.ts';
import { limitUploads, uploadedBytes } from '../harness/transfers.ts';

const MB = 1_000_000;

/** Tabs of as many people in one Firefox. */
const TABS = 10;

scenario(
  'a file that one of ten tabs of Firefox shares goes from tab to tab, and outlives its first seed',
  async (world) => {
    const firefox = await Firefox.start(world);
    const openTab = async (): Promise<Tab> => firefox.openTab({ container: await firefox.newContainer() });
    const seed = await openTab();
    const others: Tab[] = [];
    while (others.length < TABS - 1) others.push(await openTab());
    await Promise.all([seed, ...others].map((tab) => tab.joined(3, 60_000)));
    const file = await world.files.make('handed on.bin', 8 * MB);
    // So slow that everybody is there long before the first has everything: whoever is alone gets all from the seed.
    await limitUploads(seed, MB);
    const infoHash = await seed.share([file.path]);
    const link = await seed.shareLink(infoHash);
    for (const tab of others) await tab.openLink(link);
    await Promise.all(others.map((tab) => tab.downloaded(infoHash, 120_000)));
    for (const tab of others) expect(await tab.hashInPage(infoHash, file.name)).toBe(file.sha256);
    expect(await uploadedBytes(seed, infoHash)).toBeLessThan((others.length / 2) * file.size);
    const gave = await Promise.all(others.map((tab) => uploadedBytes(tab, infoHash)));
    expect(gave.filter((bytes) => bytes > 0.1 * file.size).length).toBeGreaterThanOrEqual(4);
    await seed.close();
    const late = await openTab();
    await late.openLink(link);
    await late.downloaded(infoHash);
    expect((await late.save(infoHash)).sha256).toBe(file.sha256);
    for (const tab of [...others, late]) expect(tab.complaints).toEqual([]);
  },
  { timeoutMs: 300_000 },
);
