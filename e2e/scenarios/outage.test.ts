import { afterEach, describe, expect, test } from 'vitest';
import { NatLab, type Person } from '../harness/nat-lab.ts';
import { says } from '../harness/tab.ts';

const MB = 1_000_000;

/** Slow enough for a download to be half done when the network goes. [bytes/s] */
const RATE = 1 * MB;

/**
 * How soon a device whose network is back is linked again with those who gave it up. [ms] It takes 2 to 4 s on two busy
 * cores, most of which the browser needs to see its addresses. Who lets dials rest that failed meanwhile takes 10 and more.
 */
const BACK_MS = 8_000;

/** Links are given up after 10 s, and a dial that nobody answers 15 s later; and there is some work besides. [ms] */
const DIAL_FAILED_MS = 40_000;

describe.skipIf(!NatLab.isPossible())('a device that is without its network for a while', () => {
  let lab: NatLab;

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await lab.dump(task.name);
    await lab.close();
  });

  test('says so, is linked again within seconds, and its download goes on where it was', async () => {
    lab = await NatLab.open();
    const people: Person[] = [];
    for (let i = 0; i < 3; i++) people.push(await lab.join('port-restricted'));
    await Promise.all(people.map(({ tab }) => tab.joined(2)));
    const [person, giver, other] = people as [Person, Person, Person];
    const file = await lab.files.make('half way.bin', 8 * MB);
    const infoHash = await giver.tab.share([file.path]);
    await giver.tab.page.evaluate((rate) => window.skein.setLimits({ up: rate }), RATE);
    await person.tab.openLink(await giver.tab.shareLink(infoHash));
    const isHalfDone = (wanted: number): boolean => (window.skein.downloads[0]?.progress.doneBytes ?? 0) >= wanted;
    await person.tab.until('some of the file', isHalfDone, 2 * MB);
    lab.network.unplug(person.host);
    await says(person.tab.page, 'notice', /This device is in no network/);
    await says(person.tab.page, 'status', /in no network/);
    await Promise.all([giver, other].map(({ tab }) => links(tab, 1)));
    await links(person.tab, 0);
    await says(person.tab.page, 'network-empty', /until this device is in a network again/);
    // What it tried meanwhile must not keep it from trying again.
    const hasFailed = (): boolean => window.skein.status.linkProblem !== undefined;
    await person.tab.until('a dial to fail', hasFailed, undefined, { timeoutMs: DIAL_FAILED_MS });
    await giver.tab.page.evaluate(() => window.skein.setLimits({}));
    lab.network.plugBack(person.host);
    const since = performance.now();
    const passed = async (state: Promise<void>): Promise<string> => {
      await state;
      return ((performance.now() - since) / 1000).toFixed(1);
    };
    const { tab } = person;
    const [server, link, both] = await Promise.all([
      passed(tab.serverState('connected', BACK_MS)),
      passed(tab.until('a link', () => window.skein.status.links > 0, undefined, { timeoutMs: BACK_MS })),
      passed(tab.until('both links', () => window.skein.status.links > 1, undefined, { timeoutMs: BACK_MS })),
    ]);
    console.log(`with its network back the server had it again after ${server} s, the first ${link} s, both ${both} s`);
    const asked = await other.tab.id();
    const closest = await tab.page.evaluate(async (id) => (await window.skein.lookup(id)).closest[0], asked);
    expect(closest).toBe(asked);
    await tab.downloaded(infoHash);
    expect((await tab.save(infoHash)).sha256).toBe(file.sha256);
    // What was here before was not fetched again.
    const given = await giver.tab.page.evaluate(() => window.skein.shares[0]?.progress.uploadedBytes ?? 0);
    expect(given).toBeLessThan(1.2 * file.size);
    expect(await tab.locate('notice').filter({ hasText: 'network' }).count()).toBe(0);
  });
});

/** Waits until there are so many links. */
function links(tab: Person['tab'], count: number): Promise<void> {
  return tab.until(`${count} links`, (wanted) => window.skein.status.links === wanted, count);
}
