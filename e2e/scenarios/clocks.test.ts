import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { callState, placeCall, seesAndHears } from '../harness/calls.ts';
import type { Tab } from '../harness/tab.ts';
import { World } from '../harness/world.ts';

const HOUR_MS = 3_600_000;

/** More than letters and short-lived records forgive, as of a device that is set to another time zone's hour. [ms] */
const OFF_BY_MS = 7 * HOUR_MS;

describe.each([
  { whose: 'ahead', offByMs: OFF_BY_MS },
  { whose: 'behind', offByMs: -OFF_BY_MS },
])('a person whose clock is seven hours $whose, beside one whose clock is right', ({ offByMs }) => {
  let world: World;
  let right: Tab;
  let wrong: Tab;

  beforeAll(async () => {
    world = await World.open();
    right = await world.openTab();
    wrong = await openTabOff(offByMs);
    await Promise.all([right.joined(), wrong.joined()]);
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await world.dump(task.name);
  });

  afterAll(async () => {
    await world.close();
  });

  /** A tab of a device whose clock is off. */
  async function openTabOff(ms: number): Promise<Tab> {
    const context = await world.newProfile();
    await context.addInitScript((aheadMs) => {
      const now = Date.now.bind(Date);
      Date.now = () => now() + aheadMs;
    }, ms);
    return world.openTab({ context });
  }

  test('each reads what the other puts', async () => {
    for (const [from, to] of [
      [right, wrong],
      [wrong, right],
    ] as const) {
      const key = `a note of ${await from.id()}`;
      await from.page.evaluate((name) => window.skein.put(name, new TextEncoder().encode('hello')), key);
      const read = await to.page.evaluate(async (name) => (await window.skein.get(name, { fresh: true }))?.length, key);
      expect(read).toBe('hello'.length);
    }
  });

  test('each hears what the other sends', async () => {
    for (const [from, to] of [
      [right, wrong],
      [wrong, right],
    ] as const) {
      const heard = to.page.evaluate(
        () => new Promise<number>((resolve) => window.skein.on('message', ({ bytes }) => resolve(bytes.length))),
      );
      const reached = await from.page.evaluate((id) => window.skein.sendTo(id, new Uint8Array(7)), await to.id());
      expect([reached, await heard]).toEqual([1, 7]);
    }
  });

  test('a file goes over', async () => {
    const file = await world.files.make('over.bin', 1_000_000);
    const infoHash = await wrong.share([file.path]);
    await right.openLink(await wrong.shareLink(infoHash));
    await right.downloaded(infoHash);
  });

  test('they see and hear each other', async () => {
    await placeCall(wrong, await right.id(), 'video');
    await right.locate('answer-video').click();
    await Promise.all([callState(wrong, 'established'), callState(right, 'established')]);
    await Promise.all([seesAndHears(wrong), seesAndHears(right)]);
  });
});
