import { afterEach, describe, expect, test } from 'vitest';
import { callState, placeCall, seesAndHears } from '../harness/calls.ts';
import { NatLab, type Person } from '../harness/nat-lab.ts';

const MB = 1_000_000;

/** Slow enough for a download to be half done when its laptop is closed. [bytes/s] */
const RATE = 1 * MB;

/**
 * How soon a laptop that woke is linked again with those who gave it up. [ms] It takes 4 s on two busy cores: two for the
 * answer that does not come, the rest for a new link. Who waits for the whole limit of silence takes 10 and more.
 */
const BACK_MS = 8_000;

describe.skipIf(!NatLab.isPossible())('a laptop that is closed and opened again', () => {
  let lab: NatLab;

  async function open(count: number): Promise<Person[]> {
    lab = await NatLab.open();
    const people = [];
    for (let i = 0; i < count; i++) people.push(await lab.join('port-restricted'));
    await Promise.all(people.map(({ tab }) => tab.joined(count - 1)));
    return people;
  }

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await lab.dump(task.name);
    await lab.close();
  });

  test('is linked again within seconds, and its download goes on where it was', async () => {
    const [sleeper, giver, other] = (await open(3)) as [Person, Person, Person];
    const id = await sleeper.tab.id();
    const file = await lab.files.make('half way.bin', 8 * MB);
    const infoHash = await giver.tab.share([file.path]);
    await giver.tab.page.evaluate((rate) => window.skein.setLimits({ up: rate }), RATE);
    await sleeper.tab.openLink(await giver.tab.shareLink(infoHash));
    await doneBytes(sleeper, 2 * MB);
    expect(await sleeper.tab.page.evaluate(() => window.skein.downloads[0]?.state)).toBe('downloading');
    lab.network.setAsleep(sleeper.host, true);
    await Promise.all([giver, other].map(({ tab }) => links(tab, 1)));
    await giver.tab.page.evaluate(() => window.skein.setLimits({}));
    lab.network.setAsleep(sleeper.host, false);
    // It believes in its links for a while yet; whether they live, the others know.
    const woken = performance.now();
    const linkedAgain = async ({ tab }: Person): Promise<string> => {
      await tab.linkedTo(id, BACK_MS);
      return ((performance.now() - woken) / 1000).toFixed(1);
    };
    const [busy, idle] = await Promise.all([giver, other].map(linkedAgain));
    console.log(`linked again after waking: ${busy} s with whom much was sent, ${idle} s with the other`);
    await sleeper.tab.downloaded(infoHash);
    expect((await sleeper.tab.save(infoHash)).sha256).toBe(file.sha256);
    // What was here before was not fetched again.
    const given = await giver.tab.page.evaluate(() => window.skein.shares[0]?.progress.uploadedBytes ?? 0);
    expect(given).toBeLessThan(1.2 * file.size);
  });

  test('goes on with its call', async () => {
    const [sleeper, other] = (await open(2)) as [Person, Person];
    await placeCall(sleeper.tab, await other.tab.id(), 'video');
    await other.tab.locate('answer-video').click();
    await Promise.all([sleeper, other].map(({ tab }) => callState(tab, 'established')));
    await Promise.all([sleeper, other].map(({ tab }) => seesAndHears(tab)));
    lab.network.setAsleep(sleeper.host, true);
    const interrupted = (): unknown => window.skein.calls[0]?.detail?.includes('interrupted');
    await other.tab.until('the call to be interrupted', interrupted, undefined);
    lab.network.setAsleep(sleeper.host, false);
    await Promise.all([sleeper, other].map(({ tab }) => seesAndHears(tab)));
    const states = await other.tab.page.evaluate(() => window.skein.calls.map(({ state }) => state));
    expect(states).toEqual(['established']);
  });
});

/** Waits until so much of the only download is there. */
function doneBytes({ tab }: Person, bytes: number): Promise<void> {
  return tab.until(`${bytes} bytes`, (wanted) => (window.skein.downloads[0]?.progress.doneBytes ?? 0) >= wanted, bytes);
}

/** Waits until there are so many links. */
function links(tab: Person['tab'], count: number): Promise<void> {
  return tab.until(`${count} links`, (wanted) => window.skein.status.links === wanted, count);
}
