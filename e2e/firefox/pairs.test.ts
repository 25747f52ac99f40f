import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { callState, placeCall, putAway, seesAndHears } from '../harness/calls.ts';
import { Firefox } from '../harness/firefox.ts';
import type { Tab } from '../harness/tab.ts';
import { World } from '../harness/world.ts';

const MB = 1_000_000;

type Name = 'Firefox' | 'Chromium';

async function openIn(name: Name, world: World): Promise<Tab> {
  if (name === 'Chromium') return world.openTab();
  return (await Firefox.start(world)).openTab();
}

/** A record put in one tab, as the other reads it. */
async function readAt(from: Tab, to: Tab, key: string, value: string): Promise<string | undefined> {
  await from.page.evaluate(([name, text]) => window.skein.put(name!, new TextEncoder().encode(text)), [key, value]);
  return to.page.evaluate(async (name) => {
    const bytes = await window.skein.get(name);
    return bytes && new TextDecoder().decode(bytes);
  }, key);
}

describe.each<[Name, Name]>([
  ['Firefox', 'Firefox'],
  ['Firefox', 'Chromium'],
])('%s and %s', (first, second) => {
  let world: World;
  const tabs: Tab[] = [];
  /** Each direction: who begins, and the other. */
  const DIRECTIONS = [
    [0, 1],
    [1, 0],
  ] as const;

  beforeAll(async () => {
    world = await World.open();
    tabs.push(await openIn(first, world), await openIn(second, world));
    await Promise.all(tabs.map((tab) => tab.joined(1)));
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await world.dump(`${first} and ${second}: ${task.name}`);
  });

  afterAll(async () => {
    await world?.close();
  });

  function directed([from, to]: readonly [number, number]): [Tab, Tab] {
    return [tabs[from]!, tabs[to]!];
  }

  test('they link directly, and the page of each says so', async () => {
    for (const direction of DIRECTIONS) {
      const [from, to] = directed(direction);
      await from.linkedTo(await to.id());
      expect(await from.locate('status').textContent()).toMatch(/Connected to 1 peer/);
      const row = from.page.locator(`[data-testid="link-row"][data-peer-id="${await to.id()}"]`);
      await row.waitFor({ state: 'attached' });
      expect(await row.getAttribute('data-path')).toBe('direct');
    }
  });

  test('a lookup of each finds the other', async () => {
    for (const direction of DIRECTIONS) {
      const [from, to] = directed(direction);
      const { closest } = await from.page.evaluate((id) => window.skein.lookup(id), await to.id());
      expect(closest[0]).toBe(await to.id());
    }
  });

  test('a record that one puts is read by the other', async () => {
    for (const direction of DIRECTIONS) {
      const [from, to] = directed(direction);
      expect(await readAt(from, to, `from ${direction[0]}`, 'hello')).toBe('hello');
    }
  });

  test('20 MB that one shares are downloaded and saved by the other as they were', async () => {
    for (const direction of DIRECTIONS) {
      const [from, to] = directed(direction);
      const file = await world.files.make(`film ${direction[0]}.bin`, 20 * MB);
      const infoHash = await from.share([file.path]);
      await to.openLink(await from.shareLink(infoHash));
      await to.downloaded(infoHash);
      expect(await to.save(infoHash)).toMatchObject({ name: file.name, sha256: file.sha256 });
    }
  });

  test('in a video call both see and hear each other, whoever calls, until one hangs up', async () => {
    for (const direction of DIRECTIONS) {
      const [caller, callee] = directed(direction);
      await placeCall(caller, await callee.id(), 'video');
      await callee.locate('answer-video').click();
      await Promise.all([callState(caller, 'established'), callState(callee, 'established')]);
      await Promise.all([seesAndHears(caller), seesAndHears(callee)]);
      for (const tab of [caller, callee]) {
        await tab.until(
          'a picture on the screen',
          () => document.querySelector<HTMLVideoElement>('[data-testid="remote-video"]')?.videoWidth,
          undefined,
        );
        const stats = await tab.page.evaluate(() => window.skein.calls.at(-1)!.stats());
        expect(stats.framesDecoded).toBeGreaterThan(0);
        expect(stats.audioBytesReceived).toBeGreaterThan(0);
        expect(await tab.locate('call-path').textContent()).toMatch(/direct/i);
      }
      await caller.locate('hang-up').click();
      await Promise.all([callState(caller, 'ended'), callState(callee, 'ended')]);
      await Promise.all([putAway(caller), putAway(callee)]);
    }
  });

  test('nothing of all this made either page complain', () => {
    for (const tab of tabs) expect(tab.complaints).toEqual([]);
  });

  test('when the server is killed they stay linked, and what one puts, shares and calls reaches the other', async () => {
    await world.server.kill();
    await Promise.all(
      tabs.map((tab) =>
        tab.until('the server to be lost', () => window.skein.status.server !== 'connected', undefined),
      ),
    );
    for (const direction of DIRECTIONS) {
      const [from, to] = directed(direction);
      expect(await readAt(from, to, `after the death, from ${direction[0]}`, 'still here')).toBe('still here');
      const file = await world.files.make(`after the death ${direction[0]}.bin`, 3 * MB);
      const infoHash = await from.share([file.path]);
      await to.openLink(await from.shareLink(infoHash));
      await to.downloaded(infoHash);
      expect(await to.hashInPage(infoHash, file.name)).toBe(file.sha256);
      await placeCall(from, await to.id(), 'audio');
      await to.locate('answer-audio').click();
      await Promise.all([callState(from, 'established'), callState(to, 'established')]);
      await to.locate('hang-up').click();
      await Promise.all([callState(from, 'ended'), callState(to, 'ended')]);
      await Promise.all([putAway(from), putAway(to)]);
    }
    for (const tab of tabs) expect(tab.uncaught).toEqual([]);
  });
});
