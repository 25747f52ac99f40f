import { expect, test } from 'vitest';
import { callState, mediaFigures, placeCall, seesAndHears } from '../harness/calls.ts';
import { Firefox } from '../harness/firefox.ts';
import { TurnProcess } from '../harness/turn.ts';
import { World } from '../harness/world.ts';

test.skipIf(!TurnProcess.isInstalled())(
  'with a TURN server and no direct path, a file and a video call go through it between Firefox and Chromium',
  { timeout: 180_000 },
  async ({ onTestFinished }) => {
    const turn = await TurnProcess.start();
    const world = await World.open({ server: { env: turn.env } });
    onTestFinished(async ({ task }) => {
      if (task.result?.state === 'fail') await world.dump(task.name);
      await world.close();
    });
    world.onClose(() => turn.stop());
    const query = { relay: '1' };
    const a = await (await Firefox.start(world)).openTab({ query });
    const b = await world.openTab({ query });
    await a.linkedTo(await b.id());
    for (const tab of [a, b]) {
      await tab.page.locator('[data-testid="link-row"][data-path="turn"]').waitFor({ state: 'attached' });
      expect(await tab.locate('status').textContent()).toContain('through TURN');
    }
    const file = await world.files.make('relayed.bin', 3_000_000);
    const infoHash = await a.share([file.path]);
    await b.openLink(await a.shareLink(infoHash));
    await b.downloaded(infoHash);
    expect((await b.save(infoHash)).sha256).toBe(file.sha256);
    await placeCall(a, await b.id(), 'video');
    await b.locate('answer-video').click();
    await Promise.all([callState(a, 'established'), callState(b, 'established')]);
    await Promise.all([seesAndHears(a), seesAndHears(b)]);
    for (const tab of [a, b]) {
      await tab.until(
        'the call to say how it goes',
        () => document.querySelector('[data-testid="call-path"]')?.textContent?.includes('through TURN'),
        undefined,
      );
      expect((await mediaFigures(tab)).relayedPairs).toBeGreaterThanOrEqual(2);
      expect(tab.complaints).toEqual([]);
    }
  },
);
