import { expect } from 'vitest';
import { scenario } from '../harness/scenario.ts';
import { says } from '../harness/tab.ts';

/** How soon a tab that vanished without a word must be gone from others' tables. [ms] The project's promise. */
const VANISHED_WITHIN_MS = 15_000;

scenario('two tabs of two profiles find each other and link, and the page says so', async (world) => {
  const [a, b] = await world.openJoinedTabs(2, 1);
  await a!.linkedTo(await b!.id());
  await b!.linkedTo(await a!.id());
  const row = a!.page.locator(`[data-testid="link-row"][data-peer-id="${await b!.id()}"][data-path="direct"]`);
  await row.waitFor({ state: 'attached' });
  await says(a!.page, 'status', /Connected to 1 peer/);
  await a!.page.locator('[data-testid="server-state"][data-state="connected"]').waitFor();
});

scenario('two tabs of one profile are two peers that link', async (world) => {
  const a = await world.openTab();
  const b = await world.openBeside(a);
  const [idA, idB] = [await a.id(), await b.id()];
  expect(idA).not.toBe(idB);
  await Promise.all([a.linkedTo(idB), b.linkedTo(idA)]);
});

scenario('the first tab of a profile keeps its identity over a reload', async (world) => {
  const tab = await world.openTab();
  const before = await tab.page.evaluate(() => ({ id: window.skein.id, address: window.skein.address }));
  await tab.page.reload();
  await tab.started();
  expect(await tab.page.evaluate(() => ({ id: window.skein.id, address: window.skein.address }))).toEqual(before);
});

scenario(
  'a tab whose process dies is gone from the tables of the others within 15 s',
  async (world) => {
    const tabs = await world.openJoinedTabs(4, 3);
    const [victim, ...others] = tabs;
    const id = await victim!.id();
    await victim!.crash();
    const diedAt = performance.now();
    await Promise.all(others.map((tab) => tab.forgot(id, VANISHED_WITHIN_MS)));
    expect(performance.now() - diedAt).toBeLessThan(VANISHED_WITHIN_MS);
    expect(await others[0]!.page.evaluate(() => window.skein.status.links)).toBe(2);
  },
  { needsChromium: true },
);

scenario('a tab that is closed says goodbye, so that the others forget it at once', async (world) => {
  const [a, b, c] = await world.openJoinedTabs(3, 2);
  const id = await c!.id();
  await c!.close();
  await Promise.all([a!.forgot(id, 3_000), b!.forgot(id, 3_000)]);
});

scenario('a link to a peer that is nowhere fails with a code and a sentence', async (world) => {
  const [a] = await world.openJoinedTabs(2, 1);
  const failure = await a!.page.evaluate(async () => {
    try {
      await window.skein.connect('00'.repeat(20));
      return undefined;
    } catch (error) {
      return { name: (error as Error).name, code: (error as { code: string }).code, message: (error as Error).message };
    }
  });
  expect(failure).toMatchObject({ name: 'SkeinError' });
  expect(failure?.code).toMatch(/^(unreachable|not-found|timeout)$/);
  expect(failure?.message).toMatch(/\w+ \w+ \w+/);
});
