import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { callState, mediaFigures, placeCall, seesAndHears } from '../harness/calls.ts';
import { type Tab, says } from '../harness/tab.ts';
import { TurnProcess } from '../harness/turn.ts';
import { scenario } from '../harness/scenario.ts';
import { World } from '../harness/world.ts';

const MB = 1_000_000;

describe.skipIf(!TurnProcess.isInstalled())('with a TURN server and no direct path', () => {
  let turn: TurnProcess;
  let world: World;
  let a: Tab;
  let b: Tab;

  beforeAll(async () => {
    turn = await TurnProcess.start();
    world = await World.open({ server: { env: turn.env } });
    world.onClose(() => turn.stop());
    [a, b] = (await world.openJoinedTabs(2, 1, { query: { relay: '1' } })) as [Tab, Tab];
  });

  afterEach(async ({ task }) => {
    if (task.result?.state === 'fail') await world.dump(task.name);
  });

  afterAll(async () => {
    await world?.close();
  });

  test('the link goes through it, and the page says so', async () => {
    await a.linkedTo(await b.id());
    const row = a.page.locator(`[data-testid="link-row"][data-peer-id="${await b.id()}"][data-path="turn"]`);
    await row.waitFor({ state: 'attached' });
    expect(await a.page.evaluate(() => window.skein.status.relayed)).toBe(1);
    await says(a.page, 'status', /through TURN/);
    expect((await mediaFigures(a)).relayedPairs).toBeGreaterThanOrEqual(1);
  });

  test('a file goes through it unchanged', async () => {
    const file = await world.files.make('relayed.bin', 3 * MB);
    const infoHash = await a.share([file.path]);
    await b.openLink(await a.shareLink(infoHash));
    await b.downloaded(infoHash);
    expect((await b.save(infoHash)).sha256).toBe(file.sha256);
  });

  test('a video call goes through it, and the page says so', async () => {
    await placeCall(a, await b.id(), 'video');
    await b.locate('answer-video').click();
    await Promise.all([callState(a, 'established'), callState(b, 'established')]);
    await Promise.all([seesAndHears(a), seesAndHears(b)]);
    for (const tab of [a, b]) {
      await says(tab.page, 'call-path', /through TURN/);
      expect((await mediaFigures(tab)).relayedPairs).toBeGreaterThanOrEqual(2);
    }
  });
});

scenario('without a TURN server, the page says plainly why no path was found', async (world) => {
  const a = await world.openTab({ query: { relay: '1' } });
  const b = await world.openTab({ query: { relay: '1' } });
  // Whichever of the two tried; the other may only have been asked.
  const shown = await Promise.any(
    [a, b].map(async (tab) => {
      await tab.locate('link-problem').waitFor({ timeout: 40_000 });
      return tab.locate('link-problem').textContent();
    }),
  );
  expect(shown).toMatch(/TURN/);
  expect(await a.page.evaluate(() => window.skein.status.links)).toBe(0);
  expect(await a.page.evaluate(() => window.skein.status.server)).toBe('connected');
});
